import type { SortCriterion } from '../wire/sort-grammar.ts'
import type { SearchScope } from './context.ts'
import { sortRows } from './sort.ts'

/** Rows that are compared at once with one that is looked for. */
const sampleRows = 32

/** Rows that are in the order of the criteria with some more among them. */
export async function placedAmong(
  sorted: Uint32Array,
  added: Iterable<number>,
  criteria: readonly SortCriterion[],
  scope: SearchScope,
): Promise<Uint32Array> {
  let placed = sorted
  for (const row of added) {
    const place = await placeAmong(placed, row, criteria, scope)
    const next = new Uint32Array(placed.length + 1)
    next.set(placed.subarray(0, place))
    next[place] = row
    next.set(placed.subarray(place), place + 1)
    placed = next
  }
  return placed
}

/**
 * Where a row belongs among others that are in the order of the criteria: how many stand before it. Looks at some of
 * them only, a few dozen for many thousands.
 */
async function placeAmong(
  sorted: Uint32Array,
  row: number,
  criteria: readonly SortCriterion[],
  scope: SearchScope,
): Promise<number> {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const step = Math.ceil((high - low) / sampleRows)
    const places: number[] = []
    for (let place = low + step - 1; place < high; place += step) places.push(place)
    const sample = places.map((place) => sorted[place]!) // inside bounds
    const ordered = await sortRows(Uint32Array.from([...sample, row]).sort(), criteria, scope)
    const before = ordered.indexOf(row)
    // What stands before the row in the sample stands before it anywhere, and so on behind it.
    const end = places[before] ?? high
    low = before === 0 ? low : places[before - 1]! + 1 // inside bounds
    high = end
  }
  return low
}
