import { crc32 } from 'node:zlib'
import { StoreFailure } from '../store.ts'
import type { DiskFile } from './disk.ts'
import { asStoreFailure } from './disk.ts'
import type { Location } from './locations.ts'
import type { ReadAhead } from './read-ahead.ts'
import { decodeRecordHeader, recordHeaderBytes } from './record.ts'

/** Where the octets of an account's messages are, and their files. */
export interface BlobPlaces {
  locate(message: number): Location | undefined
  /** Whether nobody refers to the message any more, so that its octets may be gone. */
  isReleased(message: number): boolean
  file(segment: number): DiskFile
  path(segment: number): string
  /** Whether the file is written no more, at `location` and behind. */
  isComplete(location: Location): boolean
}

/** Messages whose checksums are remembered to be right. */
const maxVerified = 200_000

/** Reads the octets of one account's messages. */
export class BlobReader {
  readonly #id: string
  readonly #mark: Buffer
  readonly #places: BlobPlaces
  readonly #ahead: ReadAhead
  readonly #verified = new Set<number>()

  /** `id` is the account's, `mark` that of its records. */
  constructor(id: string, mark: Buffer, places: BlobPlaces, ahead: ReadAhead) {
    this.#id = id
    this.#mark = mark
    this.#places = places
    this.#ahead = ahead
  }

  /** See `AccountStore.readBlob`. Throws `StoreFailure`. */
  read(message: number, offset: number, into: Uint8Array): number {
    const places = this.#places
    const location = places.locate(message)
    if (!location) throw this.#lost(message)
    const count = Math.min(into.length, location.size - offset)
    if (count <= 0) return 0
    const target = count < into.length ? into.subarray(0, count) : into
    try {
      const file = places.file(location.segment)
      const at = location.offset + recordHeaderBytes + offset
      // What lies behind a record in the newest segment may not be written yet.
      const got = places.isComplete(location) ? this.#ahead.read(file, target, at) : file.read(target, at)
      if (got < count) throw this.#damaged(message, location)
    } catch (error) {
      if (places.isReleased(message)) throw this.#lost(message)
      throw asStoreFailure(error, `cannot read message ${message} of ${this.#id}`)
    }
    if (count === location.size && !this.#verified.has(message)) this.#verify(message, location, target)
    return count
  }

  /** Compares what was read with its checksum, the first time that a message is read whole. */
  #verify(message: number, location: Location, octets: Uint8Array): void {
    const header = Buffer.alloc(recordHeaderBytes)
    const file = this.#places.file(location.segment)
    if (!this.#ahead.copy(file, header, location.offset)) file.read(header, location.offset)
    const expected = decodeRecordHeader(this.#mark, header, 0)
    if (expected?.payloadCrc !== crc32(octets)) throw this.#damaged(message, location)
    if (this.#verified.size >= maxVerified) this.#verified.clear()
    this.#verified.add(message)
  }

  #lost(message: number): StoreFailure {
    const why = this.#places.isReleased(message) ? 'cleared away since it was expunged' : 'lost'
    return new StoreFailure('damaged', `the octets of message ${message} of ${this.#id} are ${why}`)
  }

  #damaged(message: number, { segment, offset }: Location): StoreFailure {
    const path = this.#places.path(segment)
    return new StoreFailure('damaged', `message ${message} of ${this.#id} is damaged: ${path}, octet ${offset}`)
  }
}
