import type { DateKey, SearchKey } from '../wire/search-grammar.ts'
import { decodeParts } from '../mime/parts.ts'
import { StoreFailure } from '../store/store.ts'
import { matchColumns } from './columns.ts'
import type { SearchContext } from './context.ts'
import { and, boundsOf, decide, type Expression, not, or, type Verdict } from './expression.ts'
import { keyColumns, type KeyColumns } from './key-columns.ts'
import { MessageReader, scanMessage, sortNeedles } from './message-text.ts'
import { type Needle, needleOf } from './needle.ts'
import { addRow, allRows, isEmpty, noRows, type RowSet, rowsOf, rowsWhere, subtract, unite } from './row-set.ts'

/** Messages whose part tables are read at once. */
const batchMessages = 64

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
  if (hasSent(expression)) {
    const { surely, maybe } = boundsOf(expression, length)
    const columns = await keyColumns(rowsOf(subtract(maybe, surely)), context)
    expression = withSentDays(expression, columns)
  }
  const { surely, maybe } = boundsOf(expression, length)
  const open = subtract(maybe, surely)
  if (isEmpty(open)) return rowsOf(surely)
  return rowsOf(unite(surely, await readMessages(rowsOf(open), expression, needles.all, context)))
}

/** Whether a key of this kind is anywhere in the search. */
export function mentions(key: SearchKey, kinds: readonly SearchKey['key'][]): boolean {
  if (kinds.includes(key.key)) return true
  if (key.key === 'NOT') return mentions(key.operand, kinds)
  if (key.key === 'AND') return key.operands.some((operand) => mentions(operand, kinds))
  return key.key === 'OR' && (mentions(key.left, kinds) || mentions(key.right, kinds))
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
  if ('days' in key) return { kind: 'sent', matches: sentTest(key.key, key.days) }
  const needle = needleOf(key)
  if (!needle) throw new Error(`no rule for the search key ${key.key}`)
  // The empty text is in every text (RFC 9051 §6.4.4), though not in a field that is not there.
  if (needle.text === '' && needle.where !== 'field')
    return { kind: 'rows', rows: allRows(context.snapshot.uids.length) }
  const mayMatch = await context.index?.mayMatch(needle, context.snapshot)
  return { kind: 'needle', needle: needles.numberOf(needle), mayMatch }
}

function sentTest(key: DateKey, days: number): (day: number) => boolean {
  if (key === 'SENTBEFORE') return (day) => day < days
  return key === 'SENTSINCE' ? (day) => day >= days : (day) => day === days
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

/** Decides conditions on dates of sending. In rows whose keys were not read they do not matter. */
function withSentDays(expression: Expression, columns: KeyColumns): Expression {
  const { sentDays } = columns
  switch (expression.kind) {
    case 'sent':
      // NaN, for a message without a date, matches none.
      return { kind: 'rows', rows: rowsWhere(sentDays.length, (row) => expression.matches(sentDays[row]!)) }
    case 'not':
      return not(withSentDays(expression.operand, columns))
    case 'and':
      return and(expression.operands.map((operand) => withSentDays(operand, columns)))
    case 'or':
      return or(expression.operands.map((operand) => withSentDays(operand, columns)))
    case 'rows':
    case 'needle':
      return expression
  }
}

/** Reads messages, as far as each must be, and returns those that match. */
async function readMessages(
  rows: Uint32Array,
  expression: Expression,
  all: readonly Needle[],
  { account, snapshot, breathe }: SearchContext,
): Promise<RowSet> {
  const matching = noRows(snapshot.uids.length)
  const needles = sortNeedles(all)
  const reader = new MessageReader(account)
  const found: Verdict[] = all.map(() => undefined)
  for (let start = 0; start < rows.length; start += batchMessages) {
    const batch = rows.subarray(start, start + batchMessages)
    const messages = batch.map((row) => snapshot.messages[row]!) // rows of the snapshot, here and below
    const parts = await account.readComputed('parts', messages)
    for (const [n, row] of batch.entries()) {
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
