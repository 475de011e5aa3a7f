import { capabilityTokens } from '../capabilities.ts'
import { defineCommand, type Command } from '../command.ts'

/** CAPABILITY, RFC 9051 §6.1.1. */
export const capability: Command<'any', void> = defineCommand({
  name: 'CAPABILITY',
  state: 'any',

  parse(cursor) {
    cursor.end()
  },

  run(session) {
    session.out.line('* CAPABILITY ' + capabilityTokens(session))
    return { text: 'CAPABILITY completed' }
  },
})
