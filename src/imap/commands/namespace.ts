import { defineCommand, type Command } from '../command.ts'

/** NAMESPACE, RFC 9051 §6.3.10. */
export const namespace: Command<'authenticated', void> = defineCommand({
  name: 'NAMESPACE',
  state: 'authenticated',

  parse(cursor) {
    cursor.end()
  },

  run(session) {
    session.out.line('* NAMESPACE (("" "/")) NIL NIL')
    return { text: 'NAMESPACE completed' }
  },
})
