import type { DateKey, SearchKey } from '../wire/search-grammar.ts'
import { decodeParts } from '../mime/parts.ts'
import { StoreFailure } from '../store/store.ts'
import { matchColumns } from './columns.ts'
import type { SearchContext } from './context.ts'
import {
  and,
  type Bounds,
  boundsOf,
  decide,
  type Expression,
  needleWithin,
  not,
  or,
  replace,
  type Verdict,
} from './expression.ts'
import { fieldBounds } from './field-column.ts'
import { keyColumns } from './key-columns.ts'
import { MessageReader, scanMessage, sortNeedles } from './message-text.ts'
import { type Needle, needleOf } from './needle.ts'
import { hintedBounds } from './text-hints.ts'
import {
  addRow,
  allRows,
  intersect,
  isEmpty,
  noRows,
  type RowSet,
  rowsBetween,
  rowsOf,
  subtract,
  unite,
} from './row-set.ts'

/** Messages whose part tables are read at once. */
const batchMessages = 64
/** Messages that are read sooner than the store is asked what it knows of all. */
const fewRows = 8

/**
 * The rows of the snapshot that match, ascending (RFC 9051 §6.4.4). Texts in the key are in Unicode.
 *
 * First the columns decide what they can, for all rows at once; then the dates of sending are read of those messages
 * of which it matters; and only messages that are open still are read, each once for all that is looked for in it.
 * Throws `Refusal` (`LIMIT`) for a text that is too long, and whatever `breathe` rejects with.
 */
export async function search(key: SearchKey, context: SearchContext): Promise<Uint32Array> {
  const { length } = context.snapshot.uids
  const needles = new NeedleTable()
  let expression = await compile(key, context, needles)
  const openRows = (): Uint32Array => {
    const { surely, maybe } = boundsOf(expression, length)
    return rowsOf(subtract(maybe, surely))
  }
  const inFields = needlesIn(expression, needles.all).filter((needle) => needle.where === 'field')
  if (inFields.length > 0) {
    const known = await fieldBounds(inFields, openRows(), context)
    expression = withBounds(expression, needles.all, known)
  }
  const openNeedles = needlesIn(expression, needles.all).filter(({ text }) => text !== '')
  if (openNeedles.length > 0 && openRows().length > fewRows) {
    expression = withBounds(expression, needles.all, await hintedBounds(openNeedles, context))
  }
  if (hasSent(expression)) {
    const { sentDays } = await keyColumns(['dates'], openRows(), context)
    // NaN, for a message without a date, matches none; in rows whose keys were not read it does not matter.
    const rowsSent = (firstDay: number, endDay: number): Expression => {
      return { kind: 'rows', rows: rowsBetween(sentDays, firstDay, endDay) }
    }
    expression = replace(expression, { sent: rowsSent })
  }
  const { surely, maybe } = boundsOf(expression, length)
  const open = subtract(maybe, surely)
  if (isEmpty(open)) return rowsOf(surely)
  return rowsOf(unite(surely, await readMessages(rowsOf(open), expression, needles.all, context)))
}

/** Whether a key of this kind is anywhere in the search. */
export function mentions(key: SearchKey, kinds: readonly SearchKey['key'][]): boolean {
  if (kinds.includes(key.key)) return true
  if ('operand' in key) return mentions(key.operand, kinds)
  if (key.key === 'AND') return key.operands.some((operand) => mentions(operand, kinds))
  return key.key === 'OR' && (mentions(key.left, kinds) || mentions(key.right, kinds))
}

/** Whether there are sequence numbers anywhere in the search; `$` is none. */
export function countsMessages(key: SearchKey): boolean {
  if (key.key === 'SEQUENCE') return !key.set.saved
  if ('operand' in key) return countsMessages(key.operand)
  if (key.key === 'AND') return key.operands.some(countsMessages)
  return key.key === 'OR' && (countsMessages(key.left) || countsMessages(key.right))
}

/** Numbers needles; equal ones get one number. */
class NeedleTable {
  readonly all: Needle[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(needle: Needle): number {
    const name = JSON.stringify(needle)
    let number = this.#numbers.get(name)
    if (number === undefined) {
      number = this.all.push(needle) - 1
      this.#numbers.set(name, number)
    }
    return number
  }
}

async function compile(key: SearchKey, context: SearchContext, needles: NeedleTable): Promise<Expression> {
  if (key.key === 'AND') {
    const operands: Expression[] = []
    for (const operand of key.operands) operands.push(await compile(operand, context, needles))
    return and(operands)
  }
  if (key.key === 'OR') {
    return or([await compile(key.left, context, needles), await compile(key.right, context, needles)])
  }
  if (key.key === 'NOT') return not(await compile(key.operand, context, needles))
  const turn = context.breathe()
  if (turn) await turn
  const rows = matchColumns(key, context)
  if (rows) return { kind: 'rows', rows }
  if ('days' in key) return sentWithin(key.key, key.days)
  const needle = needleOf(key)
  if (!needle) throw new Error(`no rule for the search key ${key.key}`)
  // The empty text is in every text (RFC 9051 §6.4.4), though not in a field that is not there.
  if (needle.text === '' && needle.where !== 'field')
    return { kind: 'rows', rows: allRows(context.snapshot.uids.length) }
  return { kind: 'needle', needle: needles.numberOf(needle), bounds: undefined }
}

function sentWithin(key: DateKey, days: number): Expression {
  const firstDay = key === 'SENTBEFORE' ? -Infinity : days
  return { kind: 'sent', firstDay, endDay: key === 'SENTSINCE' ? Infinity : key === 'SENTBEFORE' ? days : days + 1 }
}

function hasSent(expression: Expression): boolean {
  switch (expression.kind) {
    case 'sent':
      return true
    case 'not':
      return hasSent(expression.operand)
    case 'and':
    case 'or':
      return expression.operands.some(hasSent)
    case 'rows':
    case 'needle':
      return false
  }
}

/** The needles that a search still asks for. */
function needlesIn(expression: Expression, all: readonly Needle[]): Needle[] {
  const numbers = new Set<number>()
  const collect = (needle: number): Expression => {
    numbers.add(needle)
    return { kind: 'needle', needle, bounds: undefined }
  }
  replace(expression, { needle: collect })
  return all.filter((_, number) => numbers.has(number))
}

/** The search with what is known of some needles. */
function withBounds(expression: Expression, all: readonly Needle[], known: ReadonlyMap<Needle, Bounds>): Expression {
  const needle = (number: number, before: Bounds | undefined): Expression => {
    const bounds = known.get(all[number]!) // needles are numbered by their places
    return bounds ? needleWithin(number, narrowed(bounds, before)) : { kind: 'needle', needle: number, bounds: before }
  }
  return replace(expression, { needle })
}

function narrowed(a: Bounds, b: Bounds | undefined): Bounds {
  return b ? { surely: unite(a.surely, b.surely), maybe: intersect(a.maybe, b.maybe) } : a
}

/** Reads messages, as far as each must be, and returns those that match. */
async function readMessages(
  rows: Uint32Array,
  expression: Expression,
  all: readonly Needle[],
  { account, snapshot, breathe, work }: SearchContext,
): Promise<RowSet> {
  const matching = noRows(snapshot.uids.length)
  const needles = sortNeedles(all)
  const reader = new MessageReader(account)
  const found: Verdict[] = all.map(() => undefined)
  if (work) work.goal = rows.length
  for (let start = 0; start < rows.length; start += batchMessages) {
    const batch = rows.subarray(start, start + batchMessages)
    const messages = batch.map((row) => snapshot.messages[row]!) // rows of the snapshot, here and below
    const parts = await account.readComputed('parts', messages)
    for (const [n, row] of batch.entries()) {
      if (work) work.done = start + n
      found.fill(undefined)
      reader.open(snapshot.messages[row]!, snapshot.sizes[row]!)
      const root = decodeParts(parts.bytes.subarray(parts.offsets[n], parts.offsets[n + 1]))
      const isDecided = (): boolean => decide(expression, row, found) !== undefined
      try {
        await scanMessage({ root, reader, needles, found, isDecided, breathe })
      } catch (error) {
        // What cannot be read holds no text; one damaged message must not make all others impossible to find.
        if (!(error instanceof StoreFailure) || error.reason !== 'damaged') throw error
        for (let needle = 0; needle < found.length; needle++) found[needle] ??= false
      }
      if (decide(expression, row, found)) addRow(matching, row)
      const turn = breathe()
      if (turn) await turn
    }
  }
  return matching
}
