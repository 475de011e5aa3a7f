import { defineCommand, type Command } from '../command.ts'
import { checkStatusItems, fullStatus, parseStatusItems, statusResponse, type StatusItem } from '../responses/status.ts'

interface StatusArgs {
  /** Octets as sent. */
  readonly mailbox: string
  readonly items: readonly StatusItem[]
}

/** STATUS, RFC 9051 §6.3.11 (RFC 3501 §6.3.10). Asking for HIGHESTMODSEQ enables CONDSTORE (RFC 7162 §3.1). */
export const status: Command<'authenticated', StatusArgs> = defineCommand({
  name: 'STATUS',
  state: 'authenticated',

  parse(cursor) {
    cursor.space()
    const mailbox = cursor.mailbox()
    cursor.space()
    const items = parseStatusItems(cursor)
    cursor.end()
    return { mailbox, items }
  },

  async run(session, { mailbox: wire, items }) {
    checkStatusItems(session, items)
    const reference = await session.mailboxNamed(session.login, wire, 'r')
    const [found] = await reference.account.status([reference.mailbox.id], reference.user)
    if (items.includes('HIGHESTMODSEQ')) session.enableCondstore()
    if (found) session.out.line(statusResponse(session, reference, await fullStatus(reference, found, items), items))
    return { text: 'STATUS completed' }
  },
})
