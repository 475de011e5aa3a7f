import { defineCommand, type Command } from '../command.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'

/**
 * UNAUTHENTICATE, RFC 8437 §3. TLS stays. While the connection is compressed there is no such command, nor the
 * capability: a NO is not permitted, and where a compression layer ends is not told to whoever reads it.
 */
export const unauthenticate: Command<'authenticated', void> = defineCommand({
  name: 'UNAUTHENTICATE',
  capability: 'UNAUTHENTICATE',
  state: 'authenticated',
  effects: { tellsNothing: true },

  parse(cursor) {
    cursor.end()
  },

  async run(session) {
    if (session.io.compressed) throw new BadSyntax('Not while the connection is compressed', 0)
    await session.signOut('not-authenticated')
    return { text: 'UNAUTHENTICATE completed' }
  },
})
