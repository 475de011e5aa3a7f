import { defineCommand, type Command } from '../command.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'

/** STARTTLS, RFC 9051 §6.2.1. */
export const startTls: Command<'not-authenticated', void> = defineCommand({
  name: 'STARTTLS',
  state: 'not-authenticated',

  parse(cursor) {
    cursor.end()
  },

  run(session) {
    if (!session.io.canStartTls) throw new BadSyntax('TLS is already active, or not possible here', 0)
    session.io.startTlsAfterAnswer()
    return { text: 'Begin TLS negotiation now' }
  },
})
