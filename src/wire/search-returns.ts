import type { Cursor } from './cursor.ts'
import { type FetchItem, parseFetchItems } from './fetch-grammar.ts'
import { parseResultRange, type ResultRange } from './result-range.ts'

/** Options of RETURN: RFC 9051 §6.4.4, RFC 9394 §3.1 (RFC 5267 §4.4), RFC 6203 §4. */
export type SearchReturnOption = 'MIN' | 'MAX' | 'ALL' | 'COUNT' | 'SAVE' | 'PARTIAL' | 'RELEVANCY'

/** What a search is to return. */
export interface SearchReturns {
  /** Empty for `RETURN ()`, which means ALL. */
  readonly options: ReadonlySet<SearchReturnOption>
  /** With `PARTIAL`: which of the results. */
  readonly partial?: ResultRange
  /** Whether CONTEXT says that more searches of the kind will follow (RFC 5267 §4.2), which changes nothing. */
  readonly context?: true
  /** With UPDATE: what to send of new messages that match (RFC 5267 §4.3, RFC 5465 §7), perhaps nothing. */
  readonly update?: readonly FetchItem[]
}

/** `RETURN (...)` and the space behind it, if it stands here (RFC 9051 §9 search-return-opts; RFC 5267 §3.1). */
export function parseSearchReturn(cursor: Cursor): SearchReturns | undefined {
  if (!cursor.tryWord('RETURN')) return undefined
  cursor.space()
  const options = new Set<SearchReturnOption>()
  let partial: ResultRange | undefined
  let context: true | undefined
  let update: readonly FetchItem[] | undefined
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
      case 'CONTEXT':
        context = true
        return
      case 'UPDATE':
        update = []
        if (!cursor.startsWith(' (')) return
        cursor.space()
        update = parseFetchItems(cursor)
        return
      default:
        throw cursor.bad('unknown return option')
    }
  })
  if (partial && options.has('ALL')) throw cursor.bad('PARTIAL and ALL exclude one another') // RFC 9394 §3.1
  cursor.space()
  return { options, ...(context && { context }), ...(partial && { partial }), ...(update && { update }) }
}
