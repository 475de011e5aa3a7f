import { mentions } from '../../search/search.ts'
import { sortRows } from '../../search/sort.ts'
import { parseSearchCriteria, type SearchKey } from '../../wire/search-grammar.ts'
import { parseSearchReturn, type SearchReturns } from '../../wire/search-returns.ts'
import { parseSortCriteria, type SortCriterion } from '../../wire/sort-grammar.ts'
import { defineCommand, type Command } from '../command.ts'
import { keepUpdated, requireUpdatable } from '../contexts/keep-updated.ts'
import { searchContext } from '../search-scope.ts'
import {
  answered,
  badCharset,
  preparedKey,
  matching,
  requireFuzzy,
  requireUtf8Charset,
  tell,
  usesNumbers,
} from './search.ts'

interface SortArgs {
  readonly returns: SearchReturns | undefined
  readonly criteria: readonly SortCriterion[]
  readonly charset: string
  readonly key: SearchKey
}

/** SORT and UID SORT, RFC 5256 §3; by what is displayed, RFC 5957 §4; with RETURN, RFC 5267 §3.1. */
export const sort: Command<'selected', SortArgs> = defineCommand({
  name: 'SORT',
  capability: 'SORT',
  state: 'selected',
  uid: 'also',
  effects: { usesSequenceNumbers: true },

  parse(cursor) {
    cursor.space()
    const returns = parseSearchReturn(cursor)
    const criteria = parseSortCriteria(cursor)
    cursor.space()
    const { charset, key } = parseSearchCriteria(cursor)
    cursor.end()
    return { returns, criteria, charset, key }
  },

  async run(session, { returns, criteria, charset, key }, form) {
    requireUtf8Charset(session, charset)
    requireUpdatable(session, 'SORT', returns, form)
    return answered(session, returns, async () => {
      const decoded = await preparedKey(session, charset, key)
      if (!decoded) return badCharset
      const byRelevancy = criteria.some((criterion) => criterion.key === 'RELEVANCY')
      requireFuzzy(decoded, byRelevancy || returns?.options.has('RELEVANCY'))
      const { rows: found, scores } = await matching(session, decoded)
      const rows = await sortRows(found, criteria, { ...searchContext(session), ...(scores && { scores }) })
      const byModSeq = mentions(decoded, ['MODSEQ'])
      keepUpdated(session, { returns, form, key, decoded, criteria, isCut: false }, rows)
      await tell(session, { name: 'SORT', returns, byModSeq, form, scores }, rows)
      return { usedSequenceNumbers: usesNumbers(form, decoded), text: 'SORT completed' }
    })
  },
})
