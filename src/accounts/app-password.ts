import { createHmac, randomBytes } from 'node:crypto'
import { Refusal } from '../model/refusal.ts'

/** Characters of a password that the server made, without what people put between them: 120 random bits. */
const passwordLength = 24
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
/** Of one user; more are a mistake or an attack. */
export const maxAppPasswords = 100
/** Characters in the name of an app password. */
const maxLabelLength = 64

/** A password for one program, beside the user's own: it can be narrower, and taken back alone. */
export interface AppPassword {
  /** What the user calls it; one of its kind among theirs. */
  readonly label: string
  /** Whole seconds since 1970. */
  readonly created: number
  /** Whole seconds since 1970, from which on it signs nobody in. */
  readonly expires?: number | undefined
  /** Capabilities that sessions begun with it do not have, in capitals. */
  readonly disabledCapabilities: readonly string[]
}

/** An app password to be. */
export type NewAppPassword = Omit<AppPassword, 'created'>

/**
 * A new app password, in groups of four that are easy to type. It is ours to make, and long, so that a plain MAC of it
 * can be kept and looked up: nobody can guess through 120 bits, however quick each guess is.
 */
export function makeAppPassword(): string {
  const text = Array.from(randomBytes(passwordLength), (octet) => alphabet.charAt(octet & 31)).join('')
  return text.replace(/.{4}(?=.)/g, '$&-')
}

/** What is kept of an app password of `user`; `undefined` for a text that is none, whoever it belongs to. */
export function appPasswordMac(secret: Buffer, user: string, text: string): Buffer | undefined {
  const plain = text.replaceAll(/[\s-]/g, '').toLowerCase()
  if (plain.length !== passwordLength || !/^[a-z2-7]*$/.test(plain)) return undefined
  return createHmac('sha256', secret).update(`app password\0${user}\0${plain}`).digest()
}

/** The app password as it will be kept. Throws `Refusal` with `CANNOT`. */
export function checkedAppPassword(wanted: NewAppPassword): NewAppPassword {
  const label = wanted.label.trim().normalize('NFC')
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (label === '' || label.length > maxLabelLength || /[\0-\x1f\x7f]/.test(label)) {
    throw new Refusal(
      'CANNOT',
      `The name of an app password has 1 to ${maxLabelLength} characters, none of them control`,
    )
  }
  return { ...wanted, label, disabledCapabilities: capabilityNames(wanted.disabledCapabilities) }
}

/** Names of capabilities in capitals, each once. Throws `Refusal` with `CANNOT` for what cannot be one. */
export function capabilityNames(names: readonly string[]): readonly string[] {
  const wrong = names.find((name) => !/^[!#-'+-[\]^-z|}~]+$/.test(name)) // atom-char, as RFC 9051 §9 has it
  if (wrong !== undefined) throw new Refusal('CANNOT', `${JSON.stringify(wrong.slice(0, 80))} cannot be a capability`)
  return [...new Set(names.map((name) => name.toUpperCase()))]
}
