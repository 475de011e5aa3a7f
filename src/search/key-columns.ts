/** What SORT, THREAD and the SENT keys compare, as columns: read once, kept as long as the mailbox's messages stay. */
import { decodeKeys } from '../mime/keys.ts'
import type { MessageKeys } from '../mime/message.ts'
import type { Breathe, SearchScope } from './context.ts'
import { sortInSlices } from './slices.ts'

/** Messages whose keys are read at once. */
const batchMessages = 256

/** Columns that hold texts. */
export type TextColumn = 'baseSubject' | 'from' | 'to' | 'cc' | 'displayFrom' | 'displayTo'
const textColumns: readonly TextColumn[] = ['baseSubject', 'from', 'to', 'cc', 'displayFrom', 'displayTo']

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

/** The keys of a mailbox's messages by row, as far as anybody has asked for them. */
export class KeyColumns {
  /** Seconds since 1970; NaN for a message without a date that can be read. */
  readonly sentDates: Float64Array
  /** Days since 1970-01-01; NaN likewise. */
  readonly sentDays: Float64Array
  /** 1 for a message whose subject is one of a reply or a forward. */
  readonly isReplyOrForward: Uint8Array
  readonly #texts: Record<TextColumn, Uint32Array>
  readonly #dictionaries: Record<TextColumn, Dictionary>
  readonly #loaded: Uint8Array

  constructor(rows: number) {
    this.sentDates = new Float64Array(rows)
    this.sentDays = new Float64Array(rows)
    this.isReplyOrForward = new Uint8Array(rows)
    this.#texts = forEachTextColumn(() => new Uint32Array(rows))
    this.#dictionaries = forEachTextColumn(() => new Dictionary())
    this.#loaded = new Uint8Array(rows)
  }

  /** Characters of all texts. */
  get characters(): number {
    return textColumns.reduce((sum, column) => sum + this.#dictionaries[column].characters, 0)
  }

  /** Reads what is missing of these rows. */
  async load(rows: Uint32Array, { account, snapshot, breathe }: SearchScope): Promise<void> {
    const missing = rows.filter((row) => !this.#loaded[row])
    await readKeys(missing, { account, snapshot, breathe }, (row, keys) => this.#set(row, keys))
  }

  #set(row: number, keys: MessageKeys): void {
    this.sentDates[row] = keys.sentDate ?? Number.NaN
    this.sentDays[row] = keys.sentDay ?? Number.NaN
    this.isReplyOrForward[row] = keys.isReplyOrForward ? 1 : 0
    for (const column of textColumns) this.#texts[column][row] = this.#dictionaries[column].numberOf(keys[column])
    this.#loaded[row] = 1
  }

  /** For each of these rows a number that compares as its text does by i;unicode-casemap; 0 for the empty text. */
  async textRanks(column: TextColumn, rows: Uint32Array, breathe: Breathe): Promise<Float64Array> {
    const ranks = await this.#dictionaries[column].ranks(breathe)
    const texts = this.#texts[column]
    return Float64Array.from(rows, (row) => ranks[texts[row]!]!) // rows that were loaded
  }

  /** For a row a number that is the same in all rows with this text; 0 for the empty text. */
  textNumber(column: TextColumn, row: number): number {
    return this.#texts[column][row]! // inside bounds by contract
  }
}

function forEachTextColumn<T>(make: () => T): Record<TextColumn, T> {
  return { baseSubject: make(), from: make(), to: make(), cc: make(), displayFrom: make(), displayTo: make() }
}

/** Hands the keys of these rows to `take`, in their order. */
export async function readKeys(
  rows: Uint32Array,
  { account, snapshot, breathe }: SearchScope,
  take: (row: number, keys: MessageKeys) => void,
): Promise<void> {
  for (let start = 0; start < rows.length; start += batchMessages) {
    const batch = rows.subarray(start, start + batchMessages)
    const messages = batch.map((row) => snapshot.messages[row]!) // rows of the snapshot
    const { bytes, offsets } = await account.readComputed('keys', messages)
    batch.forEach((row, n) => take(row, decodeKeys(bytes.subarray(offsets[n], offsets[n + 1]))))
    const turn = breathe()
    if (turn) await turn
  }
}

/** By the snapshot's column of messages, which stays the same object until a message comes or goes. */
const kept = new WeakMap<Uint32Array, KeyColumns>()

/** The key columns of a mailbox, with what was read of them before, and with these rows. */
export async function keyColumns(rows: Uint32Array, scope: SearchScope): Promise<KeyColumns> {
  const { messages } = scope.snapshot
  let columns = kept.get(messages)
  if (!columns) kept.set(messages, (columns = new KeyColumns(messages.length)))
  await columns.load(rows, scope)
  if (columns.characters > maxKeptCharacters) kept.delete(messages)
  return columns
}
