import type { SortCriterion } from '../wire/sort-grammar.ts'
import type { SearchScope } from './context.ts'
import { type KeyColumn, type KeyColumns, keyColumns } from './key-columns.ts'
import { orderedBy } from './slices.ts'

/**
 * These rows (ascending) in the order that the criteria ask for, RFC 5256 §3 and RFC 5957 §4. Rows that are equal by
 * all of them stay in their order.
 */
export async function sortRows(
  rows: Uint32Array,
  criteria: readonly SortCriterion[],
  scope: SearchScope,
): Promise<Uint32Array> {
  const wanted = new Set(criteria.flatMap(({ key }) => columnOf[key] ?? []))
  const columns = await keyColumns([...wanted], rows, scope)
  // The last criterion first: what is sorted next keeps this order among equals.
  let sorted = rows
  for (const { key, reverse } of criteria.toReversed()) {
    const values = await valuesOf(key, sorted, scope, columns)
    sorted = await orderedBy(sorted, values, reverse, scope.breathe)
  }
  return sorted
}

/** A whole number for each of these rows that compares as the criterion wants. */
async function valuesOf(
  key: SortCriterion['key'],
  rows: Uint32Array,
  scope: SearchScope,
  columns: KeyColumns,
): Promise<Float64Array> {
  const { sizes, internalDates } = scope.snapshot
  const { scores = new Uint8Array(sizes.length) } = scope
  const values = new Float64Array(rows.length)
  const column = columnOf[key]
  if (column !== undefined && column !== 'dates') {
    const ranks = await columns.textRanks(column, scope.breathe)
    const numbers = columns.textNumbers(column)
    for (let n = 0; n < rows.length; n++) values[n] = ranks[numbers[rows[n]!]!]! // rows that were loaded
  } else if (column === 'dates') {
    for (let n = 0; n < rows.length; n++) values[n] = sentDate(rows[n]!, scope, columns) // inside bounds, as below
  } else if (key === 'RELEVANCY') {
    for (let n = 0; n < rows.length; n++) values[n] = -scores[rows[n]!]! // the most relevant first (RFC 6203 §6)
  } else {
    const source = key === 'SIZE' ? sizes : internalDates
    for (let n = 0; n < rows.length; n++) values[n] = source[rows[n]!]!
  }
  return values
}

/** Seconds since 1970: of the Date field, or of the internal date where that cannot be read (RFC 5256 §2.2). */
export function sentDate(row: number, { snapshot }: SearchScope, columns: KeyColumns): number {
  const sent = columns.sentDates[row]! // inside bounds, as the internal date
  return Number.isNaN(sent) ? snapshot.internalDates[row]! : sent
}

/** What a criterion needs of the keys. */
const columnOf: Readonly<Record<SortCriterion['key'], KeyColumn | undefined>> = {
  ARRIVAL: undefined,
  CC: 'cc',
  DATE: 'dates',
  DISPLAYFROM: 'displayFrom',
  DISPLAYTO: 'displayTo',
  FROM: 'from',
  RELEVANCY: undefined,
  SIZE: undefined,
  SUBJECT: 'baseSubject',
  TO: 'to',
}
