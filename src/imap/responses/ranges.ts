import { firstRowFrom } from '../../model/snapshot.ts'

/** Both ends included; ascending and apart wherever there are several. */
type Range = readonly [first: number, last: number]

/** What is in both `a` and `b`. */
export function intersection(a: readonly Range[], b: readonly Range[]): Range[] {
  const both: Range[] = []
  let j = 0
  for (const [first, last] of a) {
    while (j < b.length && b[j]![1] < first) j++ // inside bounds, here and below
    for (let k = j; k < b.length && b[k]![0] <= last; k++) {
      both.push([Math.max(first, b[k]![0]), Math.min(last, b[k]![1])])
    }
  }
  return both
}

/** Ranges less the numbers in `uids` (ascending). */
export function without(ranges: readonly Range[], uids: Uint32Array): Range[] {
  const left: Range[] = []
  for (const [first, last] of ranges) {
    let from = first
    for (let row = firstRowFrom(uids, first); row < uids.length; row++) {
      const uid = uids[row]! // inside bounds
      if (uid > last) break
      if (uid > from) left.push([from, uid - 1])
      from = uid + 1
    }
    if (from <= last) left.push([from, last])
  }
  return left
}
