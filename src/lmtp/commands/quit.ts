import type { AnyLmtpCommand } from '../command.ts'
import { lmtpCommand } from '../command.ts'
import { reply } from '../reply.ts'

/** QUIT, RFC 5321 §4.1.1.10. */
export const quit: AnyLmtpCommand = lmtpCommand<void>({
  name: 'QUIT',
  usage: 'QUIT',
  groups: false,

  parse(cursor) {
    cursor.end()
  },

  run(session) {
    session.closing = true
    return [reply(221, '2.0.0', 'goodbye')]
  },
})
