import { type MailboxTree, parentNames, separator } from '../../model/mailbox.ts'
import type { Operation } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import { defineCommand, type Command } from '../command.ts'
import { writeRenamed } from '../responses/list.ts'

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
    const { account } = session.login
    const name = session.mailboxName(from)
    const to = session.mailboxName(wire).replace(/\/$/, '')
    await account.commit(renames(await account.tree(), name, to))
    writeRenamed(session, await account.tree(), { name, supplied: from }, { name: to, supplied: wire })
    return { text: 'RENAME completed' }
  },
})

/**
 * What gives `name` and everything below it the name `to`. A level that exists only by its inferiors can be renamed, too
 * (the second example of RFC 9051 §6.3.6). Throws `Refusal`.
 */
function renames({ byName }: MailboxTree, name: string, to: string): Operation[] {
  const mailbox = byName.get(name)
  if (mailbox) return [{ op: 'renameMailbox', mailbox: mailbox.id, to }]
  const below = name + separator
  const inferiors = [...byName.values()].filter((inferior) => inferior.name.startsWith(below))
  if (inferiors.length === 0) throw new Refusal('NONEXISTENT', 'No such mailbox')
  if (byName.has(to)) throw new Refusal('ALREADYEXISTS', 'Mailbox exists')
  if (to.startsWith(below)) throw new Refusal('CANNOT', 'A mailbox cannot be moved below itself')
  // The others come along with the highest ones.
  const highest = inferiors.filter(
    (inferior) => !parentNames(inferior.name).some((parent) => parent.startsWith(below) && byName.has(parent)),
  )
  return highest.map(({ id, name: old }) => ({ op: 'renameMailbox', mailbox: id, to: to + old.slice(name.length) }))
}
