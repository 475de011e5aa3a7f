/** Looks for needles in the octets of one message. */
import { fold } from '../mime/casemap.ts'
import { FoldedText } from '../mime/folded-text.ts'
import { headerFields } from '../mime/header-fields.ts'
import { maxHeaderOctets } from '../mime/limits.ts'
import type { Part } from '../mime/message.ts'
import { bodyText, fieldText, headerText, partsOf } from '../mime/searchable.ts'
import type { AccountStore } from '../store/store.ts'
import type { Breathe } from './context.ts'
import type { Verdict } from './expression.ts'
import { maxEasyCharacters, type Needle } from './needle.ts'

/** Octets of a message that are held at once: a smaller one is read in one go. */
const windowOctets = 256 * 1024

/** Reads the octets of one message after the other through one buffer. */
export class MessageReader {
  readonly #account: AccountStore
  readonly #window: Buffer = Buffer.allocUnsafe(windowOctets)
  #message = 0
  #size = 0
  #start = 0
  #end = 0

  constructor(account: AccountStore) {
    this.#account = account
  }

  /** Goes on to another message, of so many octets. */
  open(message: number, size: number): void {
    this.#message = message
    this.#size = size
    this.#start = 0
    this.#end = 0
  }

  /**
   * Octets from `start` to below `end`, {@link windowOctets} at most; valid until the next call. `ahead` says that
   * those behind them will be wanted, too.
   */
  async read(start: number, end: number, ahead: boolean): Promise<Buffer> {
    const stop = Math.min(end, start + windowOctets)
    if (start < this.#start || stop > this.#end) {
      const wanted = ahead ? Math.min(windowOctets, this.#size - start) : stop - start
      this.#start = start
      this.#end = start
      while (this.#end < start + wanted) {
        const into = this.#window.subarray(this.#end - start, wanted)
        const count = await this.#account.readBlob(this.#message, this.#end, into)
        if (count === 0) break
        this.#end += count
      }
    }
    return this.#window.subarray(start - this.#start, Math.min(stop, this.#end) - this.#start)
  }
}

/** The needles of a search, sorted by where they are looked for; each has its number. */
export interface Needles {
  readonly all: readonly Needle[]
  /** By the field's name. */
  readonly inField: ReadonlyMap<string, readonly number[]>
  readonly inText: readonly number[]
  /** Those of BODY and those of TEXT. */
  readonly inBody: readonly number[]
}

/** Sorts needles by where they are looked for. */
export function sortNeedles(all: readonly Needle[]): Needles {
  const inField = new Map<string, number[]>()
  const inText: number[] = []
  const inBody: number[] = []
  all.forEach((needle, number) => {
    if (needle.where === 'field') {
      const numbers = inField.get(needle.field)
      if (numbers) numbers.push(number)
      else inField.set(needle.field, [number])
    } else inBody.push(number)
    if (needle.where === 'text') inText.push(number)
  })
  return { all, inField, inText, inBody }
}

/** One message as a search looks at it. */
export interface MessageScan {
  readonly root: Part
  readonly reader: MessageReader
  readonly needles: Needles
  /** By the needle's number; all open at first. Filled in on the way. */
  readonly found: Verdict[]
  /** Whether the search is decided by what was found so far. Asked now and then. */
  readonly isDecided: () => boolean
  readonly breathe: Breathe
  /** By the collation that the needles are prepared by, i;unicode-casemap where it is absent. */
  readonly prepare?: (text: string) => string
}

/** Looks for needles, the cheap places first, until the search is decided or there is nothing more to read. */
export async function scanMessage(scan: MessageScan): Promise<void> {
  const { root, reader, needles, found, isDecided, prepare = fold } = scan
  const readsBody = needles.inBody.length > 0
  if (needles.inField.size > 0) {
    const end = Math.min(root.bodyStart, root.headerStart + maxHeaderOctets)
    await findInFields(await reader.read(root.headerStart, end, readsBody), scan)
    if (isDecided()) return
  }
  if (!readsBody) return
  if (needles.inText.length > 0) {
    for (const part of partsOf(root)) {
      const end = Math.min(part.bodyStart, part.headerStart + maxHeaderOctets)
      if (end === part.headerStart) continue
      const header = headerText(await reader.read(part.headerStart, end, true))
      await findIn(prepare(header), needles.inText, scan)
      if (isDecided()) return
    }
  }
  const text = new FoldedText(
    needles.inBody.map((number) => needles.all[number]?.text.length ?? 0),
    prepare,
  )
  for await (const piece of bodyText(root, (start, end) => reader.read(start, end, true))) {
    for (const window of text.add(piece)) await findIn(window, needles.inBody, scan)
    if (isDecided()) return
  }
  for (const window of text.end()) await findIn(window, needles.inBody, scan)
  for (const number of needles.inBody) found[number] ??= false
}

async function findInFields(header: Buffer, scan: MessageScan): Promise<void> {
  const { inField } = scan.needles
  const { prepare = fold } = scan
  for (const field of headerFields(header)) {
    const numbers = inField.get(field.name)
    if (numbers) await findIn(prepare(fieldText(header, field)), numbers, scan)
  }
  for (const numbers of inField.values()) for (const number of numbers) scan.found[number] ??= false
}

async function findIn(window: string, numbers: readonly number[], scan: MessageScan): Promise<void> {
  const { needles, found, breathe } = scan
  for (const number of numbers) {
    const text = needles.all[number]?.text
    if (text === undefined || found[number]) continue
    const isLong = text.length > maxEasyCharacters
    if (isLong ? await isIn(window, text, breathe) : window.includes(text)) found[number] = true
    const turn = breathe()
    if (turn) await turn
  }
}

/** Places at which a longer one is tried at once: texts made for it nearly match it at every place. */
const slicePlaces = 4_096

async function isIn(window: string, text: string, breathe: Breathe): Promise<boolean> {
  for (let start = 0; start + text.length <= window.length; start += slicePlaces) {
    if (window.slice(start, start + slicePlaces + text.length - 1).includes(text)) return true
    const turn = breathe()
    if (turn) await turn
  }
  return false
}
