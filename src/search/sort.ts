import type { SortCriterion } from '../wire/sort-grammar.ts'
import type { SearchScope } from './context.ts'
import { keyColumns, type KeyColumns } from './key-columns.ts'
import { sortInSlices } from './slices.ts'

/**
 * These rows (ascending) in the order that the criteria ask for, RFC 5256 §3 and RFC 5957 §4. Rows that are equal by
 * all of them stay in their order.
 */
export async function sortRows(
  rows: Uint32Array,
  criteria: readonly SortCriterion[],
  scope: SearchScope,
): Promise<Uint32Array> {
  const needsKeys = criteria.some(({ key }) => key !== 'ARRIVAL' && key !== 'SIZE')
  const columns = needsKeys ? await keyColumns(rows, scope) : undefined
  const values: Float64Array[] = []
  for (const criterion of criteria) values.push(await valuesOf(criterion, rows, scope, columns))

  const order = Uint32Array.from(rows, (_, place) => place)
  const compare = (a: number, b: number): number => {
    for (const column of values) {
      const difference = column[a]! - column[b]! // places of rows
      if (difference !== 0) return difference
    }
    return a - b
  }
  await sortInSlices(order, compare, scope.breathe)
  return order.map((place) => rows[place]!) // inside bounds
}

/** A number for each row that compares as the criterion wants. */
async function valuesOf(
  { key, reverse }: SortCriterion,
  rows: Uint32Array,
  scope: SearchScope,
  columns: KeyColumns | undefined,
): Promise<Float64Array> {
  const values = await ascendingValues(key, rows, scope, columns)
  return reverse ? values.map((value) => -value) : values
}

async function ascendingValues(
  key: SortCriterion['key'],
  rows: Uint32Array,
  scope: SearchScope,
  columns: KeyColumns | undefined,
): Promise<Float64Array> {
  const { sizes, internalDates } = scope.snapshot
  if (key === 'ARRIVAL') return Float64Array.from(rows, (row) => internalDates[row]!) // rows of the snapshot, here and below
  if (key === 'SIZE') return Float64Array.from(rows, (row) => sizes[row]!)
  if (!columns) throw new Error('the keys were not read')
  if (key === 'DATE') return Float64Array.from(rows, (row) => sentDate(row, scope, columns))
  return columns.textRanks(textColumnOf[key], rows, scope.breathe)
}

/** Seconds since 1970: of the Date field, or of the internal date where that cannot be read (RFC 5256 §2.2). */
export function sentDate(row: number, { snapshot }: SearchScope, columns: KeyColumns): number {
  const sent = columns.sentDates[row]! // inside bounds, as the internal date
  return Number.isNaN(sent) ? snapshot.internalDates[row]! : sent
}

const textColumnOf = {
  CC: 'cc',
  DISPLAYFROM: 'displayFrom',
  DISPLAYTO: 'displayTo',
  FROM: 'from',
  SUBJECT: 'baseSubject',
  TO: 'to',
} as const
