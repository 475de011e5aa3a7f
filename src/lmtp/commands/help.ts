import type { AnyLmtpCommand } from '../command.ts'
import { lmtpCommand } from '../command.ts'
import { reply } from '../reply.ts'

/** HELP, RFC 5321 §4.1.1.8: all commands, whatever was asked. */
export function help(commands: readonly AnyLmtpCommand[]): AnyLmtpCommand {
  return lmtpCommand<void>({
    name: 'HELP',
    usage: 'HELP',
    groups: false,
    parse() {},
    run: () => [{ ...reply(214, '2.0.0', ''), text: ['commands:', ...commands.map(({ usage }) => usage)] }],
  })
}
