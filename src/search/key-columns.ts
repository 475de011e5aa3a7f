/** What SORT, THREAD and the SENT keys compare, as columns: read once, kept as long as the mailbox's messages stay. */
import { KeysReader, type KeyText } from '../mime/keys.ts'
import type { Breathe, SearchScope } from './context.ts'
import type { PackedBytes } from '../store/store.ts'
import { collatedKeys } from './collated.ts'
import { sortInSlices } from './slices.ts'

/** Messages whose keys are read at once. */
const batchMessages = 256

/** What is read together: a text, or dates and whether the message is a reply. */
export type KeyColumn = KeyText | 'dates'

/** Characters of texts that are kept for one mailbox beyond the command that read them. */
export const maxKeptCharacters: number = 16 * 1024 * 1024

/** Texts as numbers: few of them are different from one another. */
class Dictionary {
  readonly texts: string[] = ['']
  /** Of all texts. */
  characters = 0
  readonly #numbers = new Map<string, number>([['', 0]])
  #ranks: Uint32Array = new Uint32Array(1)

  /** The number of a text; that of the empty text is 0. */
  numberOf(text: string): number {
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = this.texts.length
      this.texts.push(text)
      this.characters += text.length
      this.#numbers.set(text, number)
    }
    return number
  }

  /** By number, the place of each text among all of them in order. */
  async ranks(breathe: Breathe): Promise<Uint32Array> {
    const { texts } = this
    const { length } = texts
    if (this.#ranks.length === length) return this.#ranks
    // Octets of UTF-8 sort as code points do, which is how chars do unless there are surrogates (RFC 4790 §9.3.1).
    const compare = texts.some((text) => /[\ud800-\udfff]/.test(text)) ? compareCodePoints : compareChars
    const order = Uint32Array.from({ length }, (_, number) => number)
    await sortInSlices(order, (a, b) => compare(texts[a]!, texts[b]!), breathe) // numbers of texts, all inside bounds
    const ranks = new Uint32Array(length)
    for (let rank = 0; rank < length; rank++) ranks[order[rank]!] = rank
    this.#ranks = ranks
    return ranks
  }
}

function compareChars(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function compareCodePoints(a: string, b: string): number {
  const end = Math.min(a.length, b.length)
  let at = 0
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at)) at++
  if (at === end) return a.length - b.length
  const x = a.charCodeAt(at)
  const y = b.charCodeAt(at)
  const isHigh = (code: number): boolean => code >= 0xd800 && code <= 0xdfff
  return isHigh(x) === isHigh(y) ? x - y : isHigh(x) ? 1 : -1
}

/** Texts of a mailbox's messages, by row. */
interface TextColumn {
  readonly numbers: Uint32Array
  readonly dictionary: Dictionary
}

/** The keys of a mailbox's messages by row, as far as anybody has asked for them. */
export class KeyColumns {
  /** Seconds since 1970; NaN for a message without a date that can be read. */
  readonly sentDates: Float64Array
  /** Days since 1970-01-01; NaN likewise. */
  readonly sentDays: Float64Array
  /** 1 for a message whose subject is one of a reply or a forward. */
  readonly isReplyOrForward: Uint8Array
  readonly #rows: number
  readonly #texts = new Map<KeyText, TextColumn>()
  readonly #loaded = new Map<KeyColumn, Uint8Array>()

  constructor(rows: number) {
    this.#rows = rows
    this.sentDates = new Float64Array(rows)
    this.sentDays = new Float64Array(rows)
    this.isReplyOrForward = new Uint8Array(rows)
  }

  /** Characters of all texts. */
  get characters(): number {
    let sum = 0
    for (const { dictionary } of this.#texts.values()) sum += dictionary.characters
    return sum
  }

  /** Reads what is missing of a column in these rows. */
  async load(column: KeyColumn, rows: Uint32Array, scope: SearchScope): Promise<void> {
    let loaded = this.#loaded.get(column)
    if (!loaded) this.#loaded.set(column, (loaded = new Uint8Array(this.#rows)))
    const known = loaded
    const missing = rows.filter((row) => !known[row])
    if (missing.length === 0) return
    const take = column === 'dates' ? this.#takeDates() : this.#takeText(column)
    await readKeys(missing, scope, (row, keys) => {
      take(row, keys)
      known[row] = 1
    })
  }

  #takeDates(): (row: number, keys: KeysReader) => void {
    const { sentDates, sentDays, isReplyOrForward } = this
    return (row, keys) => {
      sentDates[row] = keys.sentDate
      sentDays[row] = keys.sentDay
      isReplyOrForward[row] = keys.isReplyOrForward ? 1 : 0
    }
  }

  #takeText(column: KeyText): (row: number, keys: KeysReader) => void {
    const { numbers, dictionary } = this.#text(column)
    return (row, keys) => {
      numbers[row] = dictionary.numberOf(keys.text(column))
    }
  }

  /** By row, a number that is the same in all rows with the same text; 0 for the empty text. */
  textNumbers(column: KeyText): Uint32Array {
    return this.#text(column).numbers
  }

  /** By number of a text, a number that compares as the text does by i;unicode-casemap; 0 for the empty text. */
  async textRanks(column: KeyText, breathe: Breathe): Promise<Uint32Array> {
    return await this.#text(column).dictionary.ranks(breathe)
  }

  #text(column: KeyText): TextColumn {
    let text = this.#texts.get(column)
    if (!text) {
      text = { numbers: new Uint32Array(this.#rows), dictionary: new Dictionary() }
      this.#texts.set(column, text)
    }
    return text
  }
}

/** Hands the keys of these rows to `take`, in their order. What it is handed shows the next row's after that. */
export async function readKeys(
  rows: Uint32Array,
  scope: SearchScope,
  take: (row: number, keys: KeysReader) => void,
): Promise<void> {
  const { breathe, work } = scope
  if (work) work.goal = rows.length
  for (let start = 0; start < rows.length; start += batchMessages) {
    if (work) work.done = start
    const batch = rows.subarray(start, start + batchMessages)
    const { bytes, offsets } = await packedKeys(batch, scope)
    const keys = new KeysReader(bytes)
    for (let n = 0; n < batch.length; n++) {
      keys.open(offsets[n]!, offsets[n + 1]!) // one more than there are rows
      take(batch[n]!, keys)
    }
    const turn = breathe()
    if (turn) await turn
  }
}

function packedKeys(rows: Uint32Array, scope: SearchScope): PackedBytes | Promise<PackedBytes> {
  const { account, snapshot, collation } = scope
  if (collation) return collatedKeys(rows, collation, scope)
  return account.readComputed(
    'keys',
    rows.map((row) => snapshot.messages[row]!),
  ) // rows of the snapshot
}

/** By the snapshot's column of messages, which stays the same object until a message comes or goes. */
const kept = new WeakMap<Uint32Array, KeyColumns>()

/** The key columns of a mailbox, with what was read of them before, and with `columns` of these rows. */
export async function keyColumns(
  columns: readonly KeyColumn[],
  rows: Uint32Array,
  scope: SearchScope,
): Promise<KeyColumns> {
  const { messages } = scope.snapshot
  let found = scope.collation ? new KeyColumns(messages.length) : kept.get(messages)
  if (!found) kept.set(messages, (found = new KeyColumns(messages.length)))
  for (const column of columns) await found.load(column, rows, scope)
  if (found.characters > maxKeptCharacters) kept.delete(messages)
  return found
}
