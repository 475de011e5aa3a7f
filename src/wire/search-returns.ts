import type { Cursor } from './cursor.ts'

/** Options of RETURN: RFC 9051 §6.4.4, RFC 9394 §3.1 (RFC 5267 §4.4), RFC 6203 §4. */
export type SearchReturnOption = 'MIN' | 'MAX' | 'ALL' | 'COUNT' | 'SAVE' | 'PARTIAL' | 'RELEVANCY'

/** What a search is to return. */
export interface SearchReturns {
  /** Empty for `RETURN ()`, which means ALL. */
  readonly options: ReadonlySet<SearchReturnOption>
  /** With `PARTIAL`: which of the results. */
  readonly partial?: ResultRange
}

/**
 * Some of the messages found, both ends included and in either order: 1 is the first of them, or with `fromEnd` the last
 * (RFC 9394 §3.1).
 */
export interface ResultRange {
  readonly first: number
  readonly last: number
  readonly fromEnd: boolean
}

/** `RETURN (...)` and the space behind it, if it stands here (RFC 9051 §9 search-return-opts; RFC 5267 §3.1). */
export function parseSearchReturn(cursor: Cursor): SearchReturns | undefined {
  if (!cursor.tryWord('RETURN')) return undefined
  cursor.space()
  const options = new Set<SearchReturnOption>()
  let partial: ResultRange | undefined
  cursor.list(() => {
    const option = cursor.keyword('a return option')
    switch (option) {
      case 'MIN':
      case 'MAX':
      case 'ALL':
      case 'COUNT':
      case 'SAVE':
      case 'RELEVANCY':
        options.add(option)
        return
      case 'PARTIAL':
        if (partial) throw cursor.bad('PARTIAL may be given once') // RFC 9394 §3.1
        cursor.space()
        partial = parseResultRange(cursor)
        options.add(option)
        return
      default:
        throw cursor.bad('unknown return option')
    }
  })
  if (partial && options.has('ALL')) throw cursor.bad('PARTIAL and ALL exclude one another') // RFC 9394 §3.1
  cursor.space()
  return { options, ...(partial && { partial }) }
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
