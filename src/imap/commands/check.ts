import { defineCommand, type Command } from '../command.ts'

/** CHECK, RFC 3501 §6.4.1: here the same as NOOP, since nothing ever waits for it. */
export const check: Command<'selected', void> = defineCommand({
  name: 'CHECK',
  state: 'selected',
  parse(cursor) {
    cursor.end()
  },
  run: () => ({ text: 'CHECK completed' }),
})
