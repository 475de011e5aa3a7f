/** Sets of sequence numbers or UIDs, RFC 9051 §9 sequence-set. */

/** Stands for `*` in a {@link NumberSet}: above every number that the grammar allows. */
export const star = 0x1_0000_0000

/** Ranges in one set. */
export const maxSetRanges = 65_536

/** First and last number, both inside. In what a client sent, the first may be the greater one. */
export type NumberRange = readonly [first: number, last: number]

/** A sequence set as the client sent it. */
export interface NumberSet {
  /** `$`: the saved result of a search (RFC 9051 §6.4.4.1). There are no ranges then. */
  readonly saved: boolean
  readonly ranges: readonly NumberRange[]
}

/** Numbers in ascending order as `1:3,5`; the empty text for none, which the grammar does not allow to be sent. */
export function formatSet(sorted: readonly number[] | Uint32Array): string {
  let text = ''
  for (let at = 0; at < sorted.length;) {
    // Inside bounds.
    const first = sorted[at]!
    let last = first
    for (at++; at < sorted.length && sorted[at]! - last <= 1; at++) last = sorted[at]!
    text += (text === '' ? '' : ',') + formatRange(first, last)
  }
  return text
}

/** Ranges as they are, in the given order. */
export function formatRanges(ranges: readonly NumberRange[]): string {
  let text = ''
  for (const [first, last] of ranges) text += (text === '' ? '' : ',') + formatRange(first, last)
  return text
}

/** The text of a set, `$` included. */
export function formatNumberSet(set: NumberSet): string {
  return set.saved ? '$' : formatRanges(set.ranges)
}

function formatRange(first: number, last: number): string {
  return first === last ? formatNumber(first) : formatNumber(first) + ':' + formatNumber(last)
}

function formatNumber(number: number): string {
  return number === star ? '*' : String(number)
}

/**
 * What a set means when `*` is `max`: ranges in ascending order, each with its smaller number first, apart from one
 * another, and cut at `max`. `4:2` is `2:4`, and `*:5` with a `max` of 3 is `3` (RFC 9051 §9 seq-range). Nothing is
 * left when `max` is 0. Numbers above `max` vanish; {@link highest} tells whether there were any.
 */
export function normalise(set: NumberSet, max: number): readonly NumberRange[] {
  const resolved: [number, number][] = []
  let ascending = true
  for (const [first, last] of set.ranges) {
    const from = first === star ? max : first
    const to = last === star ? max : last
    const low = Math.min(from, to)
    const high = Math.min(Math.max(from, to), max)
    if (low > high || high < 1) continue
    const previous = resolved.at(-1)
    if (previous && low < previous[0]) ascending = false
    resolved.push([low, high])
  }
  if (!ascending) resolved.sort((a, b) => a[0] - b[0])
  const merged: [number, number][] = []
  for (const range of resolved) {
    const previous = merged.at(-1)
    if (previous && range[0] <= previous[1] + 1) previous[1] = Math.max(previous[1], range[1])
    else merged.push(range)
  }
  return merged
}

/** The greatest number that a set names; `*` does not count. 0 if it names none. */
export function highest(set: NumberSet): number {
  let found = 0
  for (const [first, last] of set.ranges) {
    if (first !== star && first > found) found = first
    if (last !== star && last > found) found = last
  }
  return found
}

/** Whether one of the ranges, as {@link normalise} gives them, holds the number. */
export function contains(ranges: readonly NumberRange[], number: number): boolean {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const range = ranges[middle]
    if (range && range[1] < number) low = middle + 1
    else high = middle
  }
  const range = ranges[low]
  return range !== undefined && range[0] <= number
}

/** How many numbers there are in ranges as {@link normalise} gives them. */
export function countOf(ranges: readonly NumberRange[]): number {
  let count = 0
  for (const [first, last] of ranges) count += last - first + 1
  return count
}
