import { defineCommand, type Command } from '../command.ts'

/** UNSELECT, RFC 9051 §6.4.2: leaves the mailbox and expunges nothing. */
export const unselect: Command<'selected', void> = defineCommand({
  name: 'UNSELECT',
  capability: 'UNSELECT',
  state: 'selected',
  effects: { tellsNothing: true },

  parse(cursor) {
    cursor.end()
  },

  run(session) {
    session.deselect()
    return { text: 'UNSELECT completed' }
  },
})
