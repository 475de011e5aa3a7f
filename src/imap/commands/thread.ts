import { threadRows } from '../../search/thread.ts'
import { parseSearchCriteria, type SearchKey } from '../../wire/search-grammar.ts'
import { parseThreadAlgorithm, type ThreadAlgorithm } from '../../wire/sort-grammar.ts'
import { defineCommand, type Command } from '../command.ts'
import { requireAllWithin } from '../message-limit.ts'
import { writeThreads } from '../responses/search.ts'
import { searchContext } from '../search-scope.ts'
import { badCharset, preparedKey, matching, requireUtf8Charset, usesNumbers } from './search.ts'

interface ThreadArgs {
  readonly algorithm: ThreadAlgorithm
  readonly charset: string
  readonly key: SearchKey
}

/** THREAD and UID THREAD, RFC 5256 §3; the algorithm REFS as draft-ietf-morg-inthread and other servers have it. */
export const thread: Command<'selected', ThreadArgs> = defineCommand({
  name: 'THREAD',
  capability: ['THREAD=ORDEREDSUBJECT', 'THREAD=REFERENCES'],
  state: 'selected',
  uid: 'also',
  effects: { usesSequenceNumbers: true },

  parse(cursor) {
    cursor.space()
    const algorithm = parseThreadAlgorithm(cursor)
    cursor.space()
    const { charset, key } = parseSearchCriteria(cursor)
    cursor.end()
    return { algorithm, charset, key }
  },

  async run(session, { algorithm, charset, key }, form) {
    requireUtf8Charset(session, charset)
    const decoded = await preparedKey(session, charset, key)
    if (!decoded) return badCharset
    requireAllWithin(session, decoded, searchContext(session))
    const forest = await threadRows((await matching(session, decoded)).rows, algorithm, searchContext(session))
    const { view } = session.selected
    const { uids } = view.snapshot
    await writeThreads(session, forest, (row) => (form.byUid ? uids[row]! : view.seqNumOfRow(row))) // rows of the snapshot
    return { usedSequenceNumbers: usesNumbers(form, decoded), text: 'THREAD completed' }
  },
})
