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
