import { authorizationFailed, malformed } from './refusals.ts'
import type { SaslExchange, SaslStep } from './sasl.ts'
import { decodeUtf8, maxCredentialBytes } from './text.ts'
import { mayActAs } from './verifier.ts'
import type { Verifier } from './verifier.ts'

/** PLAIN: authorization identity, user name and password in one message (RFC 4616 §2). */
export function plain(verifier: Verifier): SaslExchange {
  return {
    async respond(data): Promise<SaslStep> {
      if (!data) return { kind: 'challenge', data: Buffer.alloc(0) }
      const { authorization, user, password } = parsePlain(data)
      const identity = await verifier.password(user, password)
      if (authorization && !(await mayActAs(verifier, identity, authorization))) throw authorizationFailed()
      return { kind: 'success', identity }
    },
  }
}

/** The three parts of PLAIN's message (RFC 4616 §2). Throws `Refusal` without a code. */
export function parsePlain(data: Buffer): { authorization: string; user: string; password: string } {
  if (data.length > 3 * maxCredentialBytes + 2) throw malformed('too long')
  const text = decodeUtf8(data)
  if (text === undefined) throw malformed('not UTF-8')
  const [authorization, user, password, ...more] = text.split('\0')
  if (authorization === undefined || !user || !password || more.length > 0) {
    throw malformed('expected [authorization identity] NUL user name NUL password')
  }
  return { authorization, user, password }
}
