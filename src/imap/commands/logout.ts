import { defineCommand, type Command } from '../command.ts'

/** LOGOUT, RFC 9051 §6.1.3. */
export const logout: Command<'any', void> = defineCommand({
  name: 'LOGOUT',
  state: 'any',
  effects: { tellsNothing: true },

  parse(cursor) {
    cursor.end()
  },

  async run(session) {
    session.out.line('* BYE ' + session.inLanguage('Goodbye'))
    await session.signOut('logout')
    return { text: 'LOGOUT completed' }
  },
})
