import { malformed } from './refusals.ts'
import type { SaslExchange, SaslStep } from './sasl.ts'
import { decodeUtf8, maxCredentialBytes } from './text.ts'
import type { Verifier } from './verifier.ts'

/**
 * LOGIN: asks for the user name, then for the password. No RFC describes this mechanism and PLAIN replaced it long
 * ago, but some clients know nothing else.
 */
export function login(verifier: Verifier): SaslExchange {
  let user: string | undefined
  return {
    async respond(data): Promise<SaslStep> {
      // Quirk(Outlook): compares the prompts octet for octet with these.
      if (!data) return { kind: 'challenge', data: Buffer.from('Username:') }
      const text = textOf(data)
      if (user === undefined) {
        user = text
        return { kind: 'challenge', data: Buffer.from('Password:') }
      }
      return { kind: 'success', identity: await verifier.password(user, text) }
    },
  }
}

function textOf(data: Buffer): string {
  const text = data.length > maxCredentialBytes ? undefined : decodeUtf8(data)
  if (!text || text.includes('\0')) throw malformed('expected some UTF-8 text without NUL')
  return text
}
