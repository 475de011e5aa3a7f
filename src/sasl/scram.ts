import { randomBytes, timingSafeEqual } from 'node:crypto'
import { Refusal } from '../model/refusal.ts'
import { authorizationFailed, malformed } from './refusals.ts'
import type { SaslChannel, SaslExchange, SaslStep } from './sasl.ts'
import { scramDigest, scramHashes, scramHmac } from './scram-keys.ts'
import type { ScramHash, ScramKeys } from './scram-keys.ts'
import { parseClientFinal, parseClientFirst } from './scram-messages.ts'
import type { ClientFinal, ClientFirst } from './scram-messages.ts'
import { prepare } from './text.ts'
import { mayActAs } from './verifier.ts'
import type { ScramAttempt, Verifier } from './verifier.ts'

/** The one channel binding we know: of TLS 1.3 (RFC 9266 §2). */
const bindingType = 'tls-exporter'
/** Random octets in our half of a nonce. */
const nonceBytes = 18

/** Which SCRAM it is, and on what connection. */
export interface ScramOptions {
  readonly hash: ScramHash
  /** Whether this is the `-PLUS` mechanism, the one with channel binding. */
  readonly plus: boolean
  /** Whether any `-PLUS` mechanism was offered on this channel. */
  readonly plusOffered: boolean
  /** Makes our half of the nonce: printable ASCII without comma. For tests; random by default. */
  readonly makeNonce?: (() => string) | undefined
}

/**
 * SCRAM (RFC 5802 §5, RFC 7677 §3), the server's side.
 *
 * A failure ends the exchange at once, without a `server-final-message` that would cost another round trip and that
 * some clients do not expect (RFC 5802 §5.1 leaves the choice); its `e=` value stands in the refusal's text.
 */
export function scram(verifier: Verifier, channel: SaslChannel, options: ScramOptions): SaslExchange {
  const { hash, makeNonce = () => randomBytes(nonceBytes).toString('base64') } = options
  let begun: { first: ClientFirst; attempt: ScramAttempt; nonce: string; serverFirst: string } | undefined

  async function begin(data: Buffer): Promise<SaslStep> {
    const first = parseClientFirst(data)
    checkFirst(first, options)
    const attempt = await verifier.scram(first.user, hash)
    const nonce = first.nonce + makeNonce()
    const { salt, iterations } = attempt.keys
    const serverFirst = `r=${nonce},s=${salt.toString('base64')},i=${iterations}`
    begun = { first, attempt, nonce, serverFirst }
    return { kind: 'challenge', data: Buffer.from(serverFirst) }
  }

  async function finish({ first, attempt, nonce, serverFirst }: NonNullable<typeof begun>, data: Buffer) {
    const final = parseClientFinal(data)
    if (final.mandatoryExtension) throw failed('extensions-not-supported')
    if (final.nonce !== nonce) throw failed('other-error')
    if (final.binding !== expectedBinding(first, channel)) throw failed('channel-bindings-dont-match')
    const message = `${first.bare},${serverFirst},${final.withoutProof}`
    const proved = isProof(hash, attempt.keys, message, final)
    const identity = await attempt.finish(proved)
    if (first.authorization && !(await mayActAs(verifier, identity, first.authorization))) throw authorizationFailed()
    const signature = scramHmac(hash, attempt.keys.serverKey, message)
    const success: SaslStep = { kind: 'success', identity, data: Buffer.from(`v=${signature.toString('base64')}`) }
    return success
  }

  return {
    async respond(data): Promise<SaslStep> {
      if (!begun) return data ? begin(data) : { kind: 'challenge', data: Buffer.alloc(0) }
      // A nonce is good for one proof, right or wrong.
      const last = begun
      begun = undefined
      if (!data) throw malformed('expected a proof')
      return finish(last, data)
    },
  }
}

/** What can be refused before anybody is looked up (RFC 5802 §6). */
function checkFirst(first: ClientFirst, { plus, plusOffered }: ScramOptions): void {
  if (first.mandatoryExtension) throw failed('extensions-not-supported')
  switch (first.binding.flag) {
    case 'p':
      if (!plus) throw failed('channel-binding-not-supported')
      if (first.binding.type !== bindingType) throw failed('unsupported-channel-binding-type')
      break
    case 'y':
      // The client believes that we have no channel binding: somebody has tampered with the list of mechanisms.
      if (plusOffered) throw failed('server-does-support-channel-binding')
      break
    case 'n':
      if (plus) throw malformed('this mechanism needs channel binding')
      break
  }
  if (prepare(first.user) === undefined) throw failed('invalid-username-encoding')
}

/** What `c=` must be: the GS2 header again, and the channel's binding if the client asked for it (RFC 5802 §5.1). */
function expectedBinding(first: ClientFirst, channel: SaslChannel): string {
  const header = Buffer.from(first.header)
  if (first.binding.flag !== 'p') return header.toString('base64')
  return Buffer.concat([header, channel.tlsExporter ?? Buffer.alloc(0)]).toString('base64')
}

/** Whether the proof shows knowledge of the password (RFC 5802 §3). */
function isProof(hash: ScramHash, keys: ScramKeys, message: string, { proof }: ClientFinal): boolean {
  if (proof.length !== scramHashes[hash].bytes) return false
  const clientKey = scramHmac(hash, keys.storedKey, message)
  for (const [at, octet] of proof.entries()) clientKey[at]! ^= octet // as long as the proof
  return timingSafeEqual(scramDigest(hash, clientKey), keys.storedKey)
}

/** Values of `e=` that we give (RFC 5802 §7). */
type ScramError =
  | 'channel-binding-not-supported'
  | 'channel-bindings-dont-match'
  | 'extensions-not-supported'
  | 'invalid-username-encoding'
  | 'other-error'
  | 'server-does-support-channel-binding'
  | 'unsupported-channel-binding-type'

function failed(error: ScramError): Refusal {
  return new Refusal('AUTHENTICATIONFAILED', `Authentication failed (e=${error})`)
}
