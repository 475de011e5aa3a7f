import type { AnyLmtpCommand } from '../command.ts'
import { lmtpCommand } from '../command.ts'
import { badArguments, reply } from '../reply.ts'

/** VRFY, RFC 5321 §4.1.1.6. It tells nothing, as RFC 5321 §7.3 advises: RCPT is what answers the question. */
export const vrfy: AnyLmtpCommand = lmtpCommand<void>({
  name: 'VRFY',
  usage: 'VRFY address',
  groups: false,

  parse(cursor) {
    if (cursor.rest() === '') throw badArguments('VRFY needs an address')
  },

  run: () => [reply(252, '2.0.0', 'RCPT will tell')],
})
