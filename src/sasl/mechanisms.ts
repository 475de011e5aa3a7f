import { external } from './external.ts'
import { login } from './login.ts'
import { plain } from './plain.ts'
import type { SaslChannel, SaslExchange } from './sasl.ts'
import type { ScramHash } from './scram-keys.ts'
import { scram } from './scram.ts'
import type { Verifier } from './verifier.ts'

/** What a mechanism is told when it begins. */
export interface MechanismStart {
  readonly verifier: Verifier
  readonly channel: SaslChannel
  /** Whether a mechanism with channel binding was offered on this channel. */
  readonly plusOffered: boolean
  readonly makeNonce?: (() => string) | undefined
}

/** A mechanism of the table. */
export interface Mechanism {
  readonly name: string
  /** Whether a secure channel is good enough for it, or lacks something. */
  readonly possible: (channel: SaslChannel) => boolean
  readonly begin: (start: MechanismStart) => SaslExchange
}

const always = (): boolean => true
const hasExporter = (channel: SaslChannel): boolean => channel.tlsExporter !== undefined

function scramMechanism(hash: ScramHash, plus: boolean): Mechanism {
  return {
    name: `SCRAM-${hash}${plus ? '-PLUS' : ''}`,
    possible: plus ? hasExporter : always,
    begin: ({ verifier, channel, plusOffered, makeNonce }) =>
      scram(verifier, channel, { hash, plus, plusOffered, makeNonce }),
  }
}

/** All mechanisms, strongest first. */
const mechanisms: readonly Mechanism[] = [
  {
    name: 'EXTERNAL',
    possible: (channel) => channel.certificateNames.length > 0,
    begin: ({ verifier, channel }) => external(verifier, channel),
  },
  scramMechanism('SHA-256', true),
  // RFC 5802 §6: whoever binds channels should offer both variants; so a `y` is always a downgrade.
  scramMechanism('SHA-1', true),
  scramMechanism('SHA-256', false),
  scramMechanism('SHA-1', false),
  { name: 'PLAIN', possible: always, begin: ({ verifier }) => plain(verifier) },
  { name: 'LOGIN', possible: always, begin: ({ verifier }) => login(verifier) },
]

/** The mechanisms for this channel without those `disabled`, strongest first; none as long as it is not secure. */
export function offeredMechanisms(channel: SaslChannel, disabled: ReadonlySet<string> = new Set()): Mechanism[] {
  if (!channel.secure) return []
  return mechanisms.filter(({ name, possible }) => !disabled.has(name) && possible(channel))
}
