import { Refusal } from '../model/refusal.ts'
import type { LiteralFrame } from '../wire/framer.ts'
import { BadSyntax } from '../wire/syntax-error.ts'
import { offers, offersCommand } from './capabilities.ts'
import { type AnyCommand, type CommandForm, countsMessages } from './command.ts'
import { uidRequired } from './responses/codes.ts'
import type { ImapSession } from './session.ts'

/** Refuses a command that is unknown here, or that the session is in no state for (RFC 9051 §3). */
export function requireState(session: ImapSession, command: AnyCommand, form: CommandForm): void {
  const { name, state } = command
  if (!offersCommand(session, command)) throw new BadSyntax('There is no such command', 0)
  const { at } = session.state
  const fits =
    state === 'any' ||
    (state === 'not-authenticated' && at === 'not-authenticated') ||
    (state === 'authenticated' && (at === 'authenticated' || at === 'selected')) ||
    (state === 'selected' && at === 'selected')
  if (!fits) {
    if (state === 'not-authenticated') throw new BadSyntax(`${name} is for those who have not signed in yet`, 0)
    throw new BadSyntax(state === 'selected' && at === 'authenticated' ? 'Select a mailbox first' : 'Sign in first', 0)
  }
  if (session.uidOnly && countsMessages(command, form)) throw uidRequired()
  const needsUtf8 = (state === 'authenticated' || state === 'selected') && name !== 'ENABLE'
  if (needsUtf8 && session.services.site?.utf8Only && !session.utf8) {
    throw new Refusal('CANNOT', 'ENABLE UTF8=ACCEPT first') // RFC 9755 §7
  }
}

/** Octets of a literal that may come without being asked for where LITERAL- is offered (RFC 7888 §5). */
const maxShortLiteral = 4096

/** Refuses a literal that should have waited to be asked for (RFC 7888 §5). */
export function requireShort(session: ImapSession, { size, synchronising }: LiteralFrame): void {
  if (synchronising || size <= maxShortLiteral || offers(session, 'LITERAL+')) return
  throw new BadSyntax(`A literal of more than ${maxShortLiteral} octets must wait to be asked for`, 0, 'TOOBIG')
}
