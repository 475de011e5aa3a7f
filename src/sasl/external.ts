import { authenticationFailed, authorizationFailed, malformed } from './refusals.ts'
import type { Identity, SaslChannel, SaslExchange, SaslStep } from './sasl.ts'
import { decodeUtf8, maxCredentialBytes } from './text.ts'
import type { Verifier } from './verifier.ts'

/**
 * EXTERNAL: the client certificate has said already who it is (RFC 4422 Appendix A). Without an authorization
 * identity it is the user of the first name in the certificate that is a user's; with one, any of them.
 */
export function external(verifier: Verifier, channel: SaslChannel): SaslExchange {
  return {
    async respond(data): Promise<SaslStep> {
      if (!data) return { kind: 'challenge', data: Buffer.alloc(0) }
      const authorization = data.length > maxCredentialBytes ? undefined : decodeUtf8(data)
      if (authorization === undefined || authorization.includes('\0')) {
        throw malformed('expected an authorization identity in UTF-8')
      }
      return { kind: 'success', identity: await certified(verifier, channel.certificateNames, authorization) }
    },
  }
}

async function certified(verifier: Verifier, names: readonly string[], authorization: string): Promise<Identity> {
  const wanted = authorization ? await verifier.identity(authorization) : undefined
  let known = false
  for (const name of names) {
    const identity = await verifier.identity(name)
    if (!identity) continue
    if (!authorization || identity.user === wanted?.user) return identity
    known = true
  }
  throw known ? authorizationFailed() : authenticationFailed()
}
