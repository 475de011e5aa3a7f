import { malformed } from './refusals.ts'
import { decodeBase64 } from './scram-keys.ts'
import { decodeUtf8 } from './text.ts'

/** Octets of a SCRAM message from a client, at most: two names and a nonce fit in with room to spare. */
export const maxScramMessageBytes = 8192

/** `client-first-message` of RFC 5802 §7. */
export interface ClientFirst {
  /** The GS2 header as sent, with both commas. */
  readonly header: string
  readonly binding: { readonly flag: 'n' | 'y' } | { readonly flag: 'p'; readonly type: string }
  /** The authorization identity; empty when there is none. */
  readonly authorization: string
  /** `m=` was there: an extension that we must understand, and do not. */
  readonly mandatoryExtension: boolean
  readonly user: string
  readonly nonce: string
  /** `client-first-message-bare`, as it goes into the proof. */
  readonly bare: string
}

/** `client-final-message` of RFC 5802 §7. */
export interface ClientFinal {
  /** The value of `c=`, still in base64. */
  readonly binding: string
  readonly nonce: string
  readonly mandatoryExtension: boolean
  readonly proof: Buffer
  /** `client-final-message-without-proof`, as it goes into the proof. */
  readonly withoutProof: string
}

/** Reads a client's first message. Throws `Refusal` without a code. */
export function parseClientFirst(data: Buffer): ClientFirst {
  const text = textOf(data)
  const [, header = '', flag, type, authorization = '', bare = ''] =
    /^((n|y|p=([A-Za-z0-9.-]+)),(?:a=([^,]+))?,)(.*)$/s.exec(text) ?? []
  if (flag === undefined) throw malformed('expected a GS2 header')

  const attributes = bare.split(',')
  const mandatoryExtension = isMandatoryExtension(attributes[0])
  if (mandatoryExtension) attributes.shift()
  const [user, nonce, ...extensions] = attributes
  checkExtensions(extensions)
  return {
    header,
    binding: flag === 'n' || flag === 'y' ? { flag } : { flag: 'p', type: type ?? '' },
    authorization: authorization && unescapeName(authorization),
    mandatoryExtension: mandatoryExtension || extensions.some(isMandatoryExtension),
    user: unescapeName(valueOf('n', user)),
    nonce: nonceOf(nonce),
    bare,
  }
}

/** Reads a client's second message. Throws `Refusal` without a code. */
export function parseClientFinal(data: Buffer): ClientFinal {
  const text = textOf(data)
  const end = text.lastIndexOf(',')
  const withoutProof = text.slice(0, Math.max(end, 0))
  const [binding, nonce, ...extensions] = withoutProof.split(',')
  checkExtensions(extensions)
  const proof = decodeBase64(valueOf('p', text.slice(end + 1)))
  if (!proof) throw malformed('the proof is not base64')
  return {
    binding: valueOf('c', binding),
    nonce: nonceOf(nonce),
    mandatoryExtension: extensions.some(isMandatoryExtension),
    proof,
    withoutProof,
  }
}

/** A name as SCRAM writes it: `,` as `=2C` and `=` as `=3D` (RFC 5802 §5.1). Throws `Refusal` for another `=`. */
export function unescapeName(text: string): string {
  if (/=(?!2C|3D)/.test(text)) throw malformed('"=" in a name must be followed by 2C or 3D')
  return text.replace(/=2C/g, ',').replace(/=3D/g, '=')
}

function textOf(data: Buffer): string {
  const text = data.length > maxScramMessageBytes ? undefined : decodeUtf8(data)
  if (text === undefined || text.includes('\0')) throw malformed('expected UTF-8 without NUL, and not that long')
  return text
}

function valueOf(name: string, attribute: string | undefined): string {
  if (!attribute?.startsWith(`${name}=`) || attribute.length === 2) throw malformed(`expected "${name}="`)
  return attribute.slice(2)
}

function nonceOf(attribute: string | undefined): string {
  const nonce = valueOf('r', attribute)
  if (!/^[\x21-\x2b\x2d-\x7e]+$/.test(nonce)) throw malformed('expected a nonce of printable ASCII')
  return nonce
}

function isMandatoryExtension(attribute: string | undefined): boolean {
  return attribute !== undefined && /^m=./s.test(attribute)
}

/** Extensions may be anything that has a letter for a name and a value; those unknown to us are ignored. */
function checkExtensions(attributes: readonly string[]): void {
  if (!attributes.every((attribute) => /^[A-Za-z]=./s.test(attribute))) throw malformed('expected an extension')
}
