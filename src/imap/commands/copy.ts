import { resultOf } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import { formatSet, type NumberSet } from '../../wire/number-set.ts'
import type { Cursor } from '../../wire/cursor.ts'
import { defineCommand, type Command } from '../command.ts'
import { code } from '../responses/codes.ts'

/** What COPY and MOVE are given. */
export interface CopyArgs {
  readonly set: NumberSet
  /** Octets as sent. */
  readonly to: string
}

/** Reads ` set mailbox`, for COPY and MOVE. */
export function parseCopy(cursor: Cursor): CopyArgs {
  cursor.space()
  const set = cursor.sequenceSet()
  cursor.space()
  const to = cursor.mailbox()
  cursor.end()
  return { set, to }
}

/**
 * COPY and UID COPY, RFC 9051 §6.4.7 (RFC 3501 §6.4.7); COPYUID, RFC 4315 §3. All or nothing: a failed copy leaves
 * the target as it was, and so does one of a message that another session expunged meanwhile.
 */
export const copy: Command<'selected', CopyArgs> = defineCommand({
  name: 'COPY',
  state: 'selected',
  uid: 'also',
  parse: parseCopy,

  async run(session, { set, to }, { byUid }) {
    const { selected, login } = session
    const { rows, someGone } = session.resolve(selected, set, byUid)
    if (someGone && !byUid) throw new Refusal('EXPUNGEISSUED', 'Some messages are gone; nothing was copied')
    const target = await session.mailboxNamed(login, to, 'TRYCREATE')
    const uids = selected.view.uidsOfRows(rows)
    if (uids.length === 0) return { text: 'COPY completed, nothing to copy' }
    const committed = await login.account.commit([{ op: 'copy', from: selected.view.mailbox, uids, to: target.id }])
    const { uidValidity, from, to: copied } = resultOf(committed, 0, 'copy')
    if (from.length === 0) return { text: 'COPY completed, nothing to copy' }
    return { code: code.copyUid(uidValidity, formatSet(from), formatSet(copied)), text: 'COPY completed' }
  },
})
