import type { Cursor } from './cursor.ts'

/**
 * Some of the messages found, both ends included and in either order: 1 is the first of them, or with `fromEnd` the last
 * (RFC 9394 §3.1).
 */
export interface ResultRange {
  readonly first: number
  readonly last: number
  readonly fromEnd: boolean
}

/** RFC 9394 §4 partial-range: `1:500` or `-1:-100`. */
export function parseResultRange(cursor: Cursor): ResultRange {
  const fromEnd = cursor.tryChar('-')
  const first = cursor.nzNumber('a place among the results')
  cursor.char(':')
  if (fromEnd) cursor.char('-')
  const last = cursor.nzNumber('a place among the results')
  return { first, last, fromEnd }
}

/** The range as the client sent it. */
export function formatResultRange({ first, last, fromEnd }: ResultRange): string {
  return fromEnd ? `-${first}:-${last}` : `${first}:${last}`
}

/** Where a range lies among `count` results: from `start`, 0-based, to below `end`; nowhere when they are equal. */
export function placesOf(range: ResultRange, count: number): { readonly start: number; readonly end: number } {
  const near = Math.min(range.first, range.last)
  const far = Math.max(range.first, range.last)
  const [start, end] = range.fromEnd ? [count - far, count - near + 1] : [near - 1, far]
  return { start: Math.min(Math.max(start, 0), count), end: Math.min(Math.max(end, 0), count) }
}
