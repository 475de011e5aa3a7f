import { resultOf } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import { formatSet } from '../../wire/number-set.ts'
import { defineCommand, type Command } from '../command.ts'
import { code } from '../responses/codes.ts'
import { requireWritable } from '../responses/updates.ts'
import { parseCopy, type CopyArgs } from './copy.ts'

/**
 * MOVE and UID MOVE, RFC 9051 §6.4.8 (RFC 6851 §3). COPYUID comes untagged, ahead of the EXPUNGE responses, as RFC 6851
 * §4.3 asks for.
 */
export const move: Command<'selected', CopyArgs> = defineCommand({
  name: 'MOVE',
  state: 'selected',
  uid: 'also',
  parse: parseCopy,

  async run(session, { set, to }, { byUid }) {
    const { selected, login } = session
    requireWritable(selected)
    const { rows, someGone } = session.resolve(selected, set, byUid)
    if (someGone && !byUid) throw new Refusal('EXPUNGEISSUED', 'Some messages are gone; nothing was moved')
    const target = await session.mailboxNamed(login, to, 'TRYCREATE')
    const uids = selected.view.uidsOfRows(rows)
    if (uids.length === 0) return { text: 'MOVE completed, nothing to move' }
    const committed = await login.account.commit([{ op: 'move', from: selected.view.mailbox, uids, to: target.id }])
    const { uidValidity, from, to: moved } = resultOf(committed, 0, 'move')
    if (from.length > 0) {
      session.out.line(`* OK [${code.copyUid(uidValidity, formatSet(from), formatSet(moved))}] Moved`)
    }
    return { ...(session.condstore && { code: code.highestModSeq(committed.modSeq) }), text: 'MOVE completed' }
  },
})
