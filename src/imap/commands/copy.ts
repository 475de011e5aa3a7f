import { type Operation, resultOf } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import type { AccountStore } from '../../store/store.ts'
import { formatSet, type NumberSet } from '../../wire/number-set.ts'
import type { Cursor } from '../../wire/cursor.ts'
import { defineCommand, type Command, type SessionIn } from '../command.ts'
import { newestUids, requireSaveWithin } from '../message-limit.ts'
import { copyAcross, type Copied } from '../copy-across.ts'
import { warnOfQuota } from '../quota-roots.ts'
import { actorOf } from '../reference.ts'
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
 * the target as it was, and so does one of a message that another session expunged meanwhile. Flags that the user has no
 * right to set in the target are left out (RFC 4314 §4).
 */
export const copy: Command<'selected', CopyArgs> = defineCommand({
  name: 'COPY',
  state: 'selected',
  uid: 'also',
  parse: parseCopy,

  async run(session, args, { byUid }) {
    const { copyUid } = await copyMessages(session, 'copy', args, byUid)
    return copyUid === undefined
      ? { text: 'COPY completed, nothing to copy' }
      : { code: copyUid, text: 'COPY completed' }
  },
})

/**
 * What COPY and MOVE have in common: all the messages or none (RFC 9051 §6.4.7, §6.4.8). `copyUid`: the response code,
 * absent when there was nothing to copy. `limitCode`: where MOVE left out the oldest; COPY does all or nothing (RFC 9738
 * §3.1). Throws `Refusal`: `EXPUNGEISSUED`, `TRYCREATE`, `MESSAGELIMIT`.
 */
export async function copyMessages(
  session: SessionIn<'selected'>,
  op: 'copy' | 'move',
  { set, to }: CopyArgs,
  byUid: boolean,
): Promise<{ readonly copyUid?: string; readonly modSeq?: number; readonly limitCode?: string }> {
  const { selected, login } = session
  const { account, view } = selected
  const { rows, someGone } = session.resolve(selected, set, byUid)
  if (someGone && !byUid) throw new Refusal('EXPUNGEISSUED', 'Some messages are gone; nothing was done')
  const target = await session.mailboxNamed(login, to, 'i', 'TRYCREATE')
  const named = view.uidsOfRows(rows)
  const { messages: uids, code: limitCode } =
    op === 'move' ? newestUids(session, named) : { messages: named, code: undefined }
  if (uids.length === 0) return {}
  if (op === 'copy') requireSaveWithin(session, uids.length, uids)
  const {
    uidValidity,
    from,
    to: copied,
    modSeq,
  } = await (target.account === account
    ? copyWithin(session, account, { op, from: view.mailbox, uids, to: target.mailbox.id, ...actorOf(target) })
    : copyAcross(session, op, uids, target))
  const limited = limitCode === undefined ? {} : { limitCode }
  await warnOfQuota(session, target)
  if (from.length === 0) return { modSeq, ...limited }
  return { copyUid: code.copyUid(uidValidity, formatSet(from), formatSet(copied)), modSeq, ...limited }
}

async function copyWithin(
  session: SessionIn<'selected'>,
  account: AccountStore,
  operation: Extract<Operation, { op: 'copy' | 'move' }>,
): Promise<Copied> {
  const committed = await session.commit(account, [operation])
  return { ...resultOf(committed, 0, operation.op), modSeq: committed.modSeq }
}
