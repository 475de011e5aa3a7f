import { separator } from '../../model/mailbox.ts'
import { defineCommand, type Command } from '../command.ts'
import { quoted } from '../../wire/strings.ts'
import { encodeUtf7 } from '../../wire/utf7.ts'
import { translated } from '../languages.ts'
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
    writeNamespaces(session)
    return { text: 'NAMESPACE completed' }
  },
})

/** The NAMESPACE response, with names for people in their language (RFC 5255 §3.4). */
export function writeNamespaces(session: ImapSession): void {
  const { sharing } = session.services
  const others = sharing ? [sharing.otherUsers, sharing.shared].map((level) => namespaceOf(session, level)) : []
  session.out.line(`* NAMESPACE (("" "/")) ${others[0] ?? 'NIL'} ${others[1] ?? 'NIL'}`)
}

function namespaceOf(session: ImapSession, firstLevel: string): string {
  const translation = translated(firstLevel, session.language)
  const shown = encodeUtf7(translation + separator) // whatever the names are in (RFC 5255 §3.5)
  const extension = translation === firstLevel ? '' : ` "TRANSLATION" (${quoted(shown)})`
  return `((${session.mailboxText(firstLevel + separator)} "/"${extension}))`
}
