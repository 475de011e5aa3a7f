import { normalise, type NumberSet } from '../../wire/number-set.ts'
import { resultOf } from '../../model/operation.ts'
import { defineCommand, type Command } from '../command.ts'
import { answerWithin, newestDeleted } from '../message-limit.ts'
import { requireRight } from '../reference.ts'
import { code } from '../responses/codes.ts'
import { requireWritable } from '../responses/updates.ts'
import { firstRowFrom } from '../../model/snapshot.ts'

/**
 * EXPUNGE, RFC 9051 §6.4.3, and UID EXPUNGE, §6.4.9 (RFC 4315 §2.1). The EXPUNGE or VANISHED responses are those of
 * the update that ends each command; HIGHESTMODSEQ by RFC 7162 §3.2.7.
 */
export const expunge: Command<'selected', NumberSet | undefined> = defineCommand({
  name: 'EXPUNGE',
  state: 'selected',
  uid: 'also',
  effects: { countsNothing: true },

  parse(cursor, { byUid }) {
    let set: NumberSet | undefined
    if (byUid) {
      cursor.space()
      set = cursor.sequenceSet()
    }
    cursor.end()
    return set
  },

  async run(session, set) {
    const { selected } = session
    requireWritable(selected)
    requireRight(selected, 'e')
    const { uids } = selected.view.snapshot
    const { messages: wanted, code: limitCode } = set
      ? newestDeleted(session, selected.view.snapshot, uidsIn(uids, session.uidRanges(selected, set)))
      : { messages: uids, code: undefined } // EXPUNGE has no limit (RFC 9738 §3.1)
    const committed = await session.commit(selected.account, [
      { op: 'expunge', mailbox: selected.view.mailbox, uids: wanted, onlyDeleted: true },
    ])
    const any = resultOf(committed, 0, 'expunge').uids.length > 0
    return answerWithin(session, limitCode, {
      ...(any && session.condstore && { code: code.highestModSeq(committed.modSeq) }),
      text: 'EXPUNGE completed',
    })
  },
})

/** Those of `uids` that lie in `ranges`. */
function uidsIn(uids: Uint32Array, ranges: ReturnType<typeof normalise>): number[] {
  const within: number[] = []
  for (const [first, last] of ranges) {
    const end = firstRowFrom(uids, last + 1)
    for (let row = firstRowFrom(uids, first); row < end; row++) within.push(uids[row]!) // inside bounds
  }
  return within
}
