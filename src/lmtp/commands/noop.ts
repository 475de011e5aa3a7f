import type { AnyLmtpCommand } from '../command.ts'
import { lmtpCommand } from '../command.ts'
import { reply } from '../reply.ts'

/** NOOP, RFC 5321 §4.1.1.9: arguments are allowed and disregarded. */
export const noop: AnyLmtpCommand = lmtpCommand<void>({
  name: 'NOOP',
  usage: 'NOOP',
  groups: false,
  parse() {},
  run: () => [reply(250, '2.0.0', 'still here')],
})
