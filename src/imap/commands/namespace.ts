import { separator } from '../../model/mailbox.ts'
import { defineCommand, type Command } from '../command.ts'
import type { ImapSession } from '../session.ts'

/** NAMESPACE, RFC 9051 §6.3.10 (RFC 2342): one's own mailboxes, other users', and those that are nobody's own. */
export const namespace: Command<'authenticated', void> = defineCommand({
  name: 'NAMESPACE',
  capability: 'NAMESPACE',
  state: 'authenticated',

  parse(cursor) {
    cursor.end()
  },

  run(session) {
    const { sharing } = session.services
    const others = sharing ? [sharing.otherUsers, sharing.shared].map((level) => namespaceOf(session, level)) : []
    session.out.line(`* NAMESPACE (("" "/")) ${others[0] ?? 'NIL'} ${others[1] ?? 'NIL'}`)
    return { text: 'NAMESPACE completed' }
  },
})

function namespaceOf(session: ImapSession, firstLevel: string): string {
  return `((${session.mailboxText(firstLevel + separator)} "/"))`
}
