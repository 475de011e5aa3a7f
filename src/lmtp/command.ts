import type { ArgumentCursor } from './arguments.ts'
import type { Reply } from './reply.ts'
import type { LmtpSession } from './session.ts'

/**
 * One command of LMTP. `parse` sees no session and has no effects; `run` does it and gives the replies, which are more than
 * one only where a message ended (RFC 2033 §4.2). Both throw `LmtpRefusal` for an answer of 4xx or 5xx.
 */
export interface LmtpCommand<Arguments> {
  /** In capitals. */
  readonly name: string
  /** What HELP says. */
  readonly usage: string
  /**
   * Whether its reply may wait for those of the commands behind it: RFC 2920 §3.2 allows that for RSET, MAIL and RCPT,
   * and RFC 3030 §4.2 shows it for BDAT.
   */
  readonly groups: boolean
  parse(cursor: ArgumentCursor): Arguments
  run(session: LmtpSession, args: Arguments): Promise<readonly Reply[]> | readonly Reply[]
}

/** A command with its types hidden, as the table of all commands holds it. */
export interface AnyLmtpCommand {
  readonly name: string
  readonly usage: string
  readonly groups: boolean
  execute(session: LmtpSession, cursor: ArgumentCursor): Promise<readonly Reply[]> | readonly Reply[]
}

/** Puts parsing and running together. */
export function lmtpCommand<Arguments>(command: LmtpCommand<Arguments>): AnyLmtpCommand {
  const { name, usage, groups } = command
  return {
    name,
    usage,
    groups,
    execute: (session, cursor) => command.run(session, command.parse(cursor)),
  }
}
