/** What SORT, THREAD and the SENT keys compare, as columns: read once, kept as long as the mailbox's messages stay. */
import { KeysReader, type KeyText } from '../mime/keys.ts'
import { SortKeysReader } from '../mime/sort-keys.ts'
import { type Batch, computedBatches } from './batches.ts'
import { collatedKeys } from './collated.ts'
import type { Breathe, SearchScope } from './context.ts'
import { TextTable } from './text-table.ts'

/** What is read together: a text, or dates and whether the message is a reply. */
export type KeyColumn = KeyText | 'dates'

/** Octets of texts that are kept for one mailbox beyond the command that read them. */
export const maxKeptOctets: number = 16 * 1024 * 1024

/** Texts of a mailbox's messages, by row. */
interface TextColumn {
  readonly numbers: Uint32Array
  readonly table: TextTable
}

/** What takes the keys of a row, from wherever they are. */
interface Taker {
  readonly sortKeys: (row: number, keys: SortKeysReader, end: number) => void
  readonly keys: (row: number, keys: KeysReader) => void
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
  /** By column, 1 for rows that were read; `all` once every row was. */
  readonly #loaded = new Map<KeyColumn, Uint8Array | 'all'>()

  constructor(rows: number) {
    this.#rows = rows
    this.sentDates = new Float64Array(rows)
    this.sentDays = new Float64Array(rows)
    this.isReplyOrForward = new Uint8Array(rows)
  }

  /** Octets of all texts. */
  get octets(): number {
    let sum = 0
    for (const { table } of this.#texts.values()) sum += table.octets
    return sum
  }

  /** Reads what is missing of a column in these rows. */
  async load(column: KeyColumn, rows: Uint32Array, scope: SearchScope): Promise<void> {
    const loaded = this.#loaded.get(column) ?? new Uint8Array(this.#rows)
    if (loaded === 'all') return
    this.#loaded.set(column, loaded)
    const missing = rows.filter((row) => loaded[row] === 0)
    if (missing.length === 0) return
    if (column === 'dates') await readSortKeys(missing, scope, this.#takeDates())
    else if (column === 'baseSubject') await readSortKeys(missing, scope, this.#takeSubject())
    else await readKeys(missing, scope, this.#takeText(column))
    if (missing.length === this.#rows) this.#loaded.set(column, 'all')
    else for (const row of missing) loaded[row] = 1
  }

  #takeDates(): Taker {
    const take = (row: number, { sentDate, sentDay, isReplyOrForward }: KeysReader | SortKeysReader): void => {
      this.sentDates[row] = sentDate
      this.sentDays[row] = sentDay
      this.isReplyOrForward[row] = isReplyOrForward ? 1 : 0
    }
    return { sortKeys: take, keys: take }
  }

  #takeSubject(): Taker {
    const { numbers, table } = this.#text('baseSubject')
    return {
      sortKeys(row, { bytes, view, subjectStart }, end) {
        numbers[row] = table.numberOf(bytes, view, subjectStart, end)
      },
      keys: this.#takeText('baseSubject'),
    }
  }

  #takeText(column: KeyText): (row: number, keys: KeysReader) => void {
    const { numbers, table } = this.#text(column)
    return (row, keys) => {
      numbers[row] = keys.octets(column, (octets, view, start, end) => table.numberOf(octets, view, start, end))
    }
  }

  /** By row, a number that is the same in all rows with the same text; 0 for the empty text. */
  textNumbers(column: KeyText): Uint32Array {
    return this.#text(column).numbers
  }

  /** By number of a text, a number that compares as the text does by i;unicode-casemap; 0 for the empty text. */
  async textRanks(column: KeyText, breathe: Breathe): Promise<Uint32Array> {
    return await this.#text(column).table.ranks(breathe)
  }

  #text(column: KeyText): TextColumn {
    let text = this.#texts.get(column)
    if (!text) {
      text = { numbers: new Uint32Array(this.#rows), table: new TextTable() }
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
  const { work } = scope
  if (work) work.goal = rows.length
  let done = 0
  for (const batch of computedBatches(rows, scope.snapshot)) {
    if (work) work.done = done
    await readKeysOf(batch, scope, take)
    done += batch.batch.length
    const turn = scope.breathe()
    if (turn) await turn
  }
}

async function readKeysOf(
  { batch, messages }: Batch,
  scope: SearchScope,
  take: (row: number, keys: KeysReader) => void,
): Promise<void> {
  const { account, collation } = scope
  const packed = collation ? collatedKeys(batch, collation, scope) : account.readComputed('keys', messages)
  const { bytes, offsets } = await packed
  const keys = new KeysReader(bytes)
  for (let n = 0; n < batch.length; n++) {
    keys.open(offsets[n]!, offsets[n + 1]!) // one more than there are rows
    take(batch[n]!, keys)
  }
}

/** As {@link readKeys}, by the shorter keys; of messages that an older version took in there are only the others. */
async function readSortKeys(rows: Uint32Array, scope: SearchScope, take: Taker): Promise<void> {
  if (scope.collation) return readKeys(rows, scope, take.keys)
  const { work } = scope
  if (work) work.goal = rows.length
  let done = 0
  for (const { batch, messages } of computedBatches(rows, scope.snapshot)) {
    if (work) work.done = done
    done += batch.length
    const { bytes, offsets } = await scope.account.readComputed('sortKeys', messages)
    const keys = new SortKeysReader(bytes)
    let older = 0
    for (let n = 0; n < batch.length; n++) {
      const end = offsets[n + 1]! // one more than there are rows
      if (keys.open(offsets[n]!, end)) take.sortKeys(batch[n]!, keys, end)
      else older++
    }
    if (older > 0) {
      const isOlder = (_: number, n: number): boolean => offsets[n] === offsets[n + 1]
      const left = { batch: batch.filter(isOlder), messages: messages.filter(isOlder) }
      await readKeysOf(left, scope, take.keys)
    }
    const turn = scope.breathe()
    if (turn) await turn
  }
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
  if (found.octets > maxKeptOctets) kept.delete(messages)
  return found
}
