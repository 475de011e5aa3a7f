import { capabilityTokens } from '../capabilities.ts'
import { defineCommand, type Command } from '../command.ts'
import type { ImapSession } from '../session.ts'
import { code } from '../responses/codes.ts'
import { Refusal } from '../../model/refusal.ts'
import { decodeBase64 } from '../../wire/strings.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'

interface AuthenticateArgs {
  readonly mechanism: string
  /** Initial response (RFC 4959 §3), decoded. */
  readonly initial: Buffer | undefined
}

/** AUTHENTICATE, RFC 9051 §6.2.2, with an initial response (RFC 4959). */
export const authenticate: Command<'not-authenticated', AuthenticateArgs> = defineCommand({
  name: 'AUTHENTICATE',
  state: 'not-authenticated',

  parse(cursor) {
    cursor.space()
    const mechanism = cursor.keyword('a mechanism')
    let initial: Buffer | undefined
    if (cursor.peek() === ' ') {
      cursor.space()
      if (!cursor.atEnd) initial = cursor.tryChar('=') ? Buffer.alloc(0) : cursor.base64('an initial response')
    }
    cursor.end()
    return { mechanism, initial }
  },

  async run(session, { mechanism, initial }) {
    const exchange = session.authenticator.begin(mechanism, session.channel)
    if (!exchange) {
      if (!session.channel.secure) throw new Refusal('PRIVACYREQUIRED', 'Start TLS before you sign in')
      throw new Refusal('CANNOT', `The mechanism is not offered: see the AUTH= capabilities`)
    }
    try {
      let step = await exchange.respond(initial)
      while (step.kind === 'challenge') step = await exchange.respond(await answerTo(session, step.data))
      // IMAP has no room for data with success: it goes as a last challenge, to be answered by an empty line.
      if (step.data) await answerTo(session, step.data)
      await session.signIn(step.identity)
    } catch (error) {
      if (error instanceof Refusal && error.code === 'AUTHENTICATIONFAILED') session.failedLogins++
      throw error
    }
    return { code: code.capability(capabilityTokens(session)), text: 'AUTHENTICATE completed' }
  },
})

/** Sends a challenge and reads the answer. Throws `BadSyntax` when the client cancels or sends no base64. */
async function answerTo(session: ImapSession, challenge: Buffer): Promise<Buffer> {
  session.io.prompt(challenge.toString('base64'))
  const line = await session.io.readLine()
  if (line === undefined) throw new Refusal(undefined, 'The connection is closing')
  if (line === '*') throw new BadSyntax('AUTHENTICATE cancelled', 0)
  const response = decodeBase64(line)
  if (!response) throw new BadSyntax('That is not base64', 0)
  return response
}
