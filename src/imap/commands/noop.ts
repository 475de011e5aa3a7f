import { defineCommand, type Command } from '../command.ts'

/** NOOP, RFC 9051 §6.1.2. What has changed is told with its answer, as with any command's. */
export const noop: Command<'any', void> = defineCommand({
  name: 'NOOP',
  state: 'any',
  parse(cursor) {
    cursor.end()
  },
  run: () => ({ text: 'NOOP completed' }),
})
