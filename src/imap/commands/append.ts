import { resultOf } from '../../model/operation.ts'
import type { Cursor } from '../../wire/cursor.ts'
import { formatSet } from '../../wire/number-set.ts'
import { appendedMessages, type MessageArgs, openMessages, parseMessages } from '../append-messages.ts'
import { defineCommand, type Command } from '../command.ts'
import { requireSaveWithin } from '../message-limit.ts'
import { requireRoom, warnOfQuota } from '../quota-roots.ts'
import { actorOf, stillPermitted } from '../reference.ts'
import { code } from '../responses/codes.ts'
import { writeNormalisedName } from '../responses/list.ts'
import { catchUp } from '../url/catenate.ts'

interface AppendArgs {
  /** Octets as sent. */
  readonly mailbox: string
  readonly messages: readonly MessageArgs[]
}

/**
 * APPEND, RFC 9051 §6.3.12 (RFC 3501 §6.3.11), of several messages (RFC 3502), with octets of any value
 * (RFC 3516 §4.4), put together of parts (RFC 4469), limited (RFC 7889) and answered with APPENDUID (RFC 4315 §3). All
 * or nothing. Flags that the user has no right to set are left out (RFC 4314 §4).
 *
 * Deviates: RFC 9755 §4 has octets above 127 in header fields refused where UTF8=ACCEPT is not enabled. There is much
 * mail with such octets, and whoever moves or synchronises it must be able to.
 */
export const append: Command<'authenticated', AppendArgs> = defineCommand({
  name: 'APPEND',
  state: 'authenticated',

  parse(cursor) {
    cursor.space()
    const mailbox = cursor.mailbox()
    return { mailbox, messages: parseMessages(cursor) }
  },

  isMessage(cursor) {
    return openMessages(cursor, () => readMailbox(cursor)) !== undefined
  },

  async admit(session, cursor) {
    const target = await session.mailboxNamed(session.login, readMailbox(cursor), 'i', 'TRYCREATE')
    const { account } = target
    const messages = openMessages(cursor) ?? []
    requireSaveWithin(session, messages.length)
    await requireRoom(target, messages.length, textBytes(messages))
    await catchUp(session, account, messages)
    return account
  },

  async run(session, { mailbox: wire, messages }) {
    const target = await session.mailboxNamed(session.login, wire, 'i', 'TRYCREATE')
    const { account, place, mailbox } = target
    requireSaveWithin(session, messages.length)
    await catchUp(session, account, messages)
    const into = await stillPermitted(target, 'i', 'TRYCREATE') // what URLs name may have taken long to copy
    const committed = await session.commit(account, [
      { op: 'append', mailbox: mailbox.id, messages: appendedMessages(session, account, messages), ...actorOf(into) },
    ])
    const { uidValidity, uids } = resultOf(committed, 0, 'append')
    await warnOfQuota(session, target)
    writeNormalisedName(session, { place, tree: await account.tree(), name: mailbox.name }, wire)
    return { code: code.appendUid(uidValidity, formatSet(uids)), text: 'APPEND completed' }
  },
})

/** Octets of the messages that come as literals, as they are announced. */
function textBytes(messages: readonly MessageArgs[]): number {
  const texts = messages.flatMap(({ parts }) => parts.filter((part) => part.kind === 'text'))
  return texts.reduce((sum, { size }) => sum + size, 0)
}

function readMailbox(cursor: Cursor): string {
  cursor.space()
  return cursor.mailbox()
}
