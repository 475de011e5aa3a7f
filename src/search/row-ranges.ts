import type { NumberRange } from '../wire/number-set.ts'

/** Rows (ascending) of a column of UIDs as ranges of these. */
export function uidRanges(rows: Uint32Array, uids: Uint32Array): NumberRange[] {
  const ranges: NumberRange[] = []
  for (let at = 0; at < rows.length; at++) {
    const first = rows[at]! // inside bounds, as the UIDs of rows are
    while (rows[at + 1] === rows[at]! + 1) at++
    ranges.push([uids[first]!, uids[rows[at]!]!])
  }
  return ranges
}
