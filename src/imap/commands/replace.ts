import { type Operation, resultOf } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import type { Cursor } from '../../wire/cursor.ts'
import type { NumberSet } from '../../wire/number-set.ts'
import { appendedMessages, type MessageArgs, openMessages, parseMessage } from '../append-messages.ts'
import { defineCommand, type Command, type SessionIn } from '../command.ts'
import { warnOfQuota } from '../quota-roots.ts'
import { actorOf, requireRight, stillPermitted } from '../reference.ts'
import { code } from '../responses/codes.ts'
import { requireWritable } from '../responses/updates.ts'
import { catchUp } from '../url/catenate.ts'

interface ReplaceArgs {
  readonly set: NumberSet
  /** Octets as sent. */
  readonly mailbox: string
  readonly message: MessageArgs
}

/**
 * REPLACE and UID REPLACE, RFC 8508 §3: append and expunge in one commit, so there is never neither nor both;
 * also with CATENATE (RFC 8508 §4.2). It takes the rights of STORE, EXPUNGE and APPEND together (§4.1).
 */
export const replace: Command<'selected', ReplaceArgs> = defineCommand({
  name: 'REPLACE',
  capability: 'REPLACE',
  state: 'selected',
  uid: 'also',

  parse(cursor) {
    cursor.space()
    const set = { saved: false, ranges: [oneNumber(cursor.sequenceSet(), cursor)] }
    cursor.space()
    const mailbox = cursor.mailbox()
    const message = parseMessage(cursor, true)
    cursor.end()
    return { set, mailbox, message }
  },

  isMessage(cursor) {
    return openMessages(cursor, () => readMailbox(cursor)) !== undefined
  },

  async admit(session, cursor) {
    requireReplacing(session)
    const { account } = await session.mailboxNamed(session.login, readMailbox(cursor), 'i', 'TRYCREATE')
    await catchUp(session, account, openMessages(cursor) ?? [])
    return account
  },

  async run(session, { set, mailbox: wire, message }, { byUid }) {
    const { selected, login } = session
    requireReplacing(session)
    const { rows } = session.resolve(selected, set, byUid)
    const uids = selected.view.uidsOfRows(rows)
    if (uids.length === 0) throw new Refusal('NONEXISTENT', 'There is no such message to replace')
    const target = await session.mailboxNamed(login, wire, 'i', 'TRYCREATE')
    await catchUp(session, target.account, [message])
    for (const right of ['t', 'e'] as const) await stillPermitted(selected, right) // copying URLs may have taken long
    const into = await stillPermitted(target, 'i', 'TRYCREATE')
    const append: Operation = {
      op: 'append',
      mailbox: target.mailbox.id,
      messages: appendedMessages(session, target.account, [message]),
      ...actorOf(into),
    }
    const expunge: Operation = { op: 'expunge', mailbox: selected.view.mailbox, uids, onlyDeleted: false }
    // Two accounts have no commit in common: then the new message is there, durably, before the old one goes.
    const isOneAccount = target.account === selected.account
    const committed = await session.commit(target.account, isOneAccount ? [append, expunge] : [append])
    const { modSeq } = isOneAccount ? committed : await session.commit(selected.account, [expunge])
    const {
      uidValidity,
      uids: [uid],
    } = resultOf(committed, 0, 'append')
    await warnOfQuota(session, target)
    session.say('OK', code.appendUid(uidValidity, String(uid)), 'Replacement stored')
    return { ...(session.condstore && { code: code.highestModSeq(modSeq) }), text: 'REPLACE completed' }
  },
})

/** Refuses (`NOPERM`) where no message can be taken out of the selected mailbox (RFC 8508 §4.1). */
function requireReplacing({ selected }: SessionIn<'selected'>): void {
  requireWritable(selected)
  requireRight(selected, 't')
  requireRight(selected, 'e')
}

function readMailbox(cursor: Cursor): string {
  cursor.space()
  cursor.sequenceSet()
  cursor.space()
  return cursor.mailbox()
}

function oneNumber({ ranges }: NumberSet, cursor: { expected(what: string): Error }): readonly [number, number] {
  const [range, ...others] = ranges
  if (!range || others.length > 0 || range[0] !== range[1]) throw cursor.expected('one message')
  return range
}
