import { defineCommand, type Command } from '../command.ts'
import { writeNormalisedName } from '../responses/list.ts'

/**
 * DELETE, RFC 9051 §6.3.5 (RFC 3501 §6.3.4). Inferior names stay; the name is then `\NonExistent` in LIST. Another session
 * that has it selected is told BYE; this one has no mailbox selected any more.
 */
export const deleteMailbox: Command<'authenticated', string> = defineCommand({
  name: 'DELETE',
  state: 'authenticated',

  parse(cursor) {
    cursor.space()
    const mailbox = cursor.mailbox()
    cursor.end()
    return mailbox
  },

  async run(session, wire) {
    const { account, place, mailbox } = await session.mailboxNamed(session.login, wire, 'x')
    await session.commit(account, [{ op: 'deleteMailbox', mailbox: mailbox.id }])
    const { selected } = session
    if (selected?.account === account && selected.mailbox.id === mailbox.id) session.deselect()
    writeNormalisedName(session, { place, tree: await account.tree(), name: mailbox.name }, wire)
    return { text: 'DELETE completed' }
  },
})
