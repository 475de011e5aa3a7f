import { defineCommand, type Command } from '../command.ts'
import { listResponse, oldName } from '../responses/list.ts'

interface RenameArgs {
  /** Octets as sent. */
  readonly from: string
  readonly to: string
}

/**
 * RENAME, RFC 9051 §6.3.6 (RFC 3501 §6.3.5): inferior names move along, UIDs stay. Renaming INBOX moves its messages
 * to a new mailbox.
 */
export const rename: Command<'authenticated', RenameArgs> = defineCommand({
  name: 'RENAME',
  state: 'authenticated',

  parse(cursor) {
    cursor.space()
    const from = cursor.mailbox()
    cursor.space()
    const to = cursor.mailbox()
    cursor.end()
    return { from, to }
  },

  async run(session, { from, to: wire }) {
    const mailbox = await session.mailboxNamed(session.login, from)
    const to = session.mailboxName(wire).replace(/\/$/, '')
    await session.login.account.commit([{ op: 'renameMailbox', mailbox: mailbox.id, to }])
    const supplied = session.rev2 ? oldName(session, to, wire) || oldName(session, mailbox.name, from) : ''
    if (supplied !== '') session.out.line(listResponse(session, [], to, supplied))
    return { text: 'RENAME completed' }
  },
})
