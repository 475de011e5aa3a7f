import type { Cursor } from './cursor.ts'

/** What messages are sorted by: RFC 5256 §5 sort-key; the two of RFC 5957 §4; RFC 6203 §6. */
export type SortKey =
  'ARRIVAL' | 'CC' | 'DATE' | 'DISPLAYFROM' | 'DISPLAYTO' | 'FROM' | 'RELEVANCY' | 'SIZE' | 'SUBJECT' | 'TO'

/** One criterion of SORT. */
export interface SortCriterion {
  readonly key: SortKey
  readonly reverse: boolean
}

/** Criteria of one SORT. */
export const maxSortCriteria = 32

/** The criteria of SORT in their parentheses, at least one: RFC 5256 §5 sort-criteria. */
export function parseSortCriteria(cursor: Cursor): readonly SortCriterion[] {
  const criteria = cursor.list(() => {
    const reverse = cursor.tryWord('REVERSE')
    if (reverse) cursor.space()
    return { key: parseSortKey(cursor), reverse }
  })
  if (criteria.length === 0) throw cursor.expected('a sort key')
  if (criteria.length > maxSortCriteria) throw cursor.bad('too many sort keys')
  return criteria
}

function parseSortKey(cursor: Cursor): SortKey {
  const key = cursor.keyword('a sort key')
  switch (key) {
    case 'ARRIVAL':
    case 'CC':
    case 'DATE':
    case 'DISPLAYFROM':
    case 'DISPLAYTO':
    case 'FROM':
    case 'RELEVANCY':
    case 'SIZE':
    case 'SUBJECT':
    case 'TO':
      return key
    default:
      throw cursor.bad('unknown sort key')
  }
}

/** How THREAD makes threads: RFC 5256 §3; REFS is of draft-ietf-morg-inthread, which never became an RFC. */
export type ThreadAlgorithm = 'ORDEREDSUBJECT' | 'REFERENCES' | 'REFS'

/** The algorithm that THREAD asks for: RFC 5256 §5 thread-alg. */
export function parseThreadAlgorithm(cursor: Cursor): ThreadAlgorithm {
  const algorithm = cursor.keyword('a threading algorithm')
  if (algorithm === 'ORDEREDSUBJECT' || algorithm === 'REFERENCES' || algorithm === 'REFS') return algorithm
  throw cursor.bad('unknown threading algorithm')
}
