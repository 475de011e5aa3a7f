import type { Transport } from '../net/transport.ts'
import { ArgumentCursor } from './arguments.ts'
import { lmtpCommands } from './commands/index.ts'
import type { AnyLmtpCommand } from './command.ts'
import { ConnectionEnd, LmtpConnection } from './connection.ts'
import type { CommandLine } from './connection.ts'
import { LmtpRefusal, reply, writeReply } from './reply.ts'
import type { Reply } from './reply.ts'
import type { LmtpServices } from './services.ts'
import { LmtpSession } from './session.ts'

/** A connection being served. */
export interface LmtpServed {
  /** Settled when the connection is closed and all it held is given back; never rejects. */
  readonly closed: Promise<void>
  /** Ends the session with 421 at the next command; a message on its way is delivered first. */
  bye(reason: string): void
}

/** Serves LMTP (RFC 2033) on a connection until it ends. Whether TLS or who may connect is the listener's matter. */
export function serveLmtp(transport: Transport, services: LmtpServices): LmtpServed {
  const connection = new LmtpConnection(transport.stream, services.clock)
  let byeReason = 'shutting down'
  const closed = converse(connection, services, () => byeReason).catch((failure: unknown) => {
    // The last stop: a fault of ours ends this connection and no other.
    services.log.error({ err: failure, remoteAddress: transport.remoteAddress }, 'LMTP session failed')
    transport.stream.destroy()
  })
  return {
    closed,
    bye(reason) {
      byeReason = reason
      connection.stop()
    },
  }
}

async function converse(connection: LmtpConnection, services: LmtpServices, byeReason: () => string): Promise<void> {
  const { limits, hostname } = services
  const session = new LmtpSession(services, connection)
  connection.reply(writeReply({ code: 220, text: [`${hostname} LMTP Crispin ready`] }))
  try {
    await runCommands(session)
  } catch (failure) {
    if (!(failure instanceof ConnectionEnd)) {
      connection.reply(writeReply(reply(421, '4.3.0', `${hostname}: internal error, closing`)))
      throw failure
    }
    // A connection that ends is no fault; the client hears of it where it still can (RFC 5321 §3.8).
    if (failure.reason === 'timeout') connection.reply(writeReply(reply(421, '4.4.2', `${hostname}: timeout, closing`)))
    if (failure.reason === 'stopping') connection.reply(writeReply(reply(421, '4.3.2', `${hostname}: ${byeReason()}`)))
  } finally {
    await session.reset()
    await connection.close(limits.closeTimeoutMs, limits.closeTimeoutMs)
  }
}

async function runCommands(session: LmtpSession): Promise<void> {
  const { connection, services } = session
  const { limits, hostname } = services
  let badCommands = 0
  while (!session.closing) {
    const line = await connection.readLine(limits.commandLineBytes, limits.commandTimeoutMs)
    const { replies, isBad, groups } = await runLine(session, line)
    for (const each of replies) connection.reply(writeReply(each))
    if (isBad) badCommands++
    if (badCommands >= limits.badCommands) {
      connection.reply(writeReply(reply(421, '4.7.0', `${hostname}: too many errors, closing`)))
      return
    }
    if (!groups) await connection.flush(limits.dataTimeoutMs)
  }
}

interface Outcome {
  readonly replies: readonly Reply[]
  /** Whether it counts towards the limit of bad commands. */
  readonly isBad: boolean
  readonly groups: boolean
}

/** Runs one command line. The only place that turns a refusal into a reply. */
async function runLine(session: LmtpSession, line: CommandLine): Promise<Outcome> {
  // Status X.5.6 is of RFC 4954 §6.
  if (line.tooLong) return bad(reply(500, '5.5.6', 'the line is too long'))
  if (/[\0\r\n]/.test(line.text)) return bad(reply(500, '5.5.2', 'lines end in CR LF and have no NUL'))
  const [verb = ''] = line.text.split(' ', 1)
  const command = commandsByName.get(verb.toUpperCase())
  if (!command) return bad(unknownCommand(verb.toUpperCase()))
  try {
    const replies = await command.execute(session, new ArgumentCursor(line.text, verb.length))
    return { replies, isBad: false, groups: command.groups }
  } catch (failure) {
    if (!(failure instanceof LmtpRefusal)) throw failure
    return { replies: [failure.reply], isBad: failure.isBadCommand, groups: command.groups }
  }
}

function bad(refused: Reply): Outcome {
  return { replies: [refused], isBad: true, groups: false }
}

function unknownCommand(verb: string): Reply {
  switch (verb) {
    case 'HELO':
    case 'EHLO':
      return reply(500, '5.5.1', 'this is LMTP: say LHLO') // RFC 2033 §4.1
    case 'EXPN':
    case 'TURN':
    case 'ETRN':
    case 'AUTH':
    case 'STARTTLS':
      return reply(502, '5.5.1', `${verb} is not offered here`) // RFC 5321 §4.2.4
    default:
      return reply(500, '5.5.1', 'no such command')
  }
}

const commandsByName: ReadonlyMap<string, AnyLmtpCommand> = new Map(
  lmtpCommands.map((command) => [command.name, command]),
)
