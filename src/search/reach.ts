import type { SearchKey } from '../wire/search-grammar.ts'
import { matchColumns } from './columns.ts'
import type { SearchContext } from './context.ts'
import { allRows, intersect, type RowSet, rowsOf } from './row-set.ts'

/** The rows (ascending) that a search is about: those in all sets that it names outside of OR and NOT. */
export function reachOf(key: SearchKey, context: SearchContext): Uint32Array {
  return rowsOf(setsOf(key, context) ?? allRows(context.snapshot.uids.length))
}

function setsOf(key: SearchKey, context: SearchContext): RowSet | undefined {
  if ('set' in key || 'uid' in key) return matchColumns(key, context)
  if (key.key !== 'AND') return undefined
  let sets: RowSet | undefined
  for (const operand of key.operands) {
    const set = setsOf(operand, context)
    sets = sets && set ? intersect(sets, set) : (sets ?? set)
  }
  return sets
}
