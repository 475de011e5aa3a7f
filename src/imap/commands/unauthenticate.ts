import { defineCommand, type Command } from '../command.ts'
import { Refusal } from '../../model/refusal.ts'

/** UNAUTHENTICATE, RFC 8437 §2. TLS stays; with compression on it is refused, as its §2 allows. */
export const unauthenticate: Command<'authenticated', void> = defineCommand({
  name: 'UNAUTHENTICATE',
  state: 'authenticated',
  effects: { tellsNothing: true },

  parse(cursor) {
    cursor.end()
  },

  async run(session) {
    if (session.io.compressed) throw new Refusal('CANNOT', 'Not while the connection is compressed')
    await session.signOut('not-authenticated')
    return { text: 'UNAUTHENTICATE completed' }
  },
})
