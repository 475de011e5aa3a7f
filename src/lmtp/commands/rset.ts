import type { AnyLmtpCommand } from '../command.ts'
import { lmtpCommand } from '../command.ts'
import { reply } from '../reply.ts'

/** RSET, RFC 5321 §4.1.1.5. */
export const rset: AnyLmtpCommand = lmtpCommand<void>({
  name: 'RSET',
  usage: 'RSET',
  groups: true,

  parse(cursor) {
    cursor.end()
  },

  async run(session) {
    await session.reset()
    return [reply(250, '2.0.0', 'forgotten')]
  },
})
