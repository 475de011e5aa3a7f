import { capabilityTokens } from '../capabilities.ts'
import { defineCommand, type Command } from '../command.ts'
import { code } from '../responses/codes.ts'
import { Refusal } from '../../model/refusal.ts'
import { wireToUtf8 } from '../../wire/strings.ts'

interface LoginArgs {
  /** Octets as sent. */
  readonly user: string
  readonly password: string
}

/** LOGIN, RFC 9051 §6.2.3; refused without TLS (`LOGINDISABLED`). */
export const login: Command<'not-authenticated', LoginArgs> = defineCommand({
  name: 'LOGIN',
  state: 'not-authenticated',

  parse(cursor) {
    cursor.space()
    const user = cursor.astring('a user name')
    cursor.space()
    const password = cursor.astring('a password')
    cursor.end()
    return { user, password }
  },

  async run(session, { user, password }) {
    if (!session.channel.secure) throw new Refusal('PRIVACYREQUIRED', 'Start TLS before you sign in')
    const [name, secret] = [wireToUtf8(user), wireToUtf8(password)]
    try {
      if (name === undefined || secret === undefined) throw new Refusal('AUTHENTICATIONFAILED', 'Not UTF-8')
      await session.signIn(await session.authenticator.login(name, secret, session.channel))
    } catch (error) {
      if (error instanceof Refusal && error.code === 'AUTHENTICATIONFAILED') session.failedLogins++
      throw error
    }
    return { code: code.capability(capabilityTokens(session)), text: 'LOGIN completed' }
  },
})
