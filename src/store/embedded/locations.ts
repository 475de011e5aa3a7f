import type { Database } from './database.ts'

/** Where the octets of a message are. */
export interface Location {
  readonly segment: number
  /** Of the record, in its file. */
  readonly offset: number
  /** Octets of the message. */
  readonly size: number
}

const rowBits = 10
const pageRows = 1 << rowBits
/** Numbers per message: segment, offset, size. */
const fields = 3
/** Set in the number of the segment when nobody refers to the message any more. */
const releasedBit = 0x8000_0000
/** Pages of 1,024 messages that stay in memory, unless they are not yet written. */
const maxPages = 256

/** Where the octets of each message are, by its number, in pages that come and go. */
export class Locations {
  readonly #database: Database
  readonly #pages = new Map<number, Uint32Array>()
  readonly #dirty = new Set<number>()

  constructor(database: Database) {
    this.#database = database
  }

  get(message: number): Location | undefined {
    const page = this.#page(message >>> rowBits)
    const at = (message & (pageRows - 1)) * fields
    const segment = page[at]! & ~releasedBit
    return segment === 0 ? undefined : { segment, offset: page[at + 1]!, size: page[at + 2]! }
  }

  set(message: number, { segment, offset, size }: Location): void {
    const number = message >>> rowBits
    const page = this.#page(number)
    const at = (message & (pageRows - 1)) * fields
    page[at] = segment
    page[at + 1] = offset
    page[at + 2] = size
    this.#dirty.add(number)
  }

  /** Notes that nobody refers to a message any more; its octets stay where they are. */
  release(message: number): void {
    this.#change(message, (page, at) => {
      page[at]! |= releasedBit
    })
  }

  isReleased(message: number): boolean {
    return (this.#page(message >>> rowBits)[(message & (pageRows - 1)) * fields]! & releasedBit) !== 0
  }

  /** The record of a message is at another place of its segment. */
  move(message: number, offset: number): void {
    this.#change(message, (page, at) => {
      page[at + 1] = offset
    })
  }

  /** The octets of a message that nobody refers to are gone. */
  forget(message: number): void {
    this.#change(message, (page, at) => {
      page.fill(0, at, at + fields)
      page[at] = releasedBit
    })
  }

  #change(message: number, change: (page: Uint32Array, at: number) => void): void {
    const number = message >>> rowBits
    change(this.#page(number), (message & (pageRows - 1)) * fields)
    this.#dirty.add(number)
  }

  /** Puts what changed into the database, inside the caller's transaction; returns what to call when that is done. */
  write(): () => void {
    for (const number of this.#dirty) this.#database.putBlob('location', number, Buffer.from(this.#page(number).buffer))
    return () => this.#dirty.clear()
  }

  #page(number: number): Uint32Array {
    const known = this.#pages.get(number)
    if (known) return known
    const page = new Uint32Array(pageRows * fields)
    const stored = this.#database.blob('location', number)
    if (stored) Buffer.from(page.buffer).set(stored)
    this.#pages.set(number, page)
    if (this.#pages.size > maxPages) this.#dropOne()
    return page
  }

  #dropOne(): void {
    for (const number of this.#pages.keys()) {
      if (this.#dirty.has(number)) continue
      this.#pages.delete(number)
      return
    }
  }
}
