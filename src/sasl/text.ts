import { saslprep } from '@mongodb-js/saslprep'

/** Octets of a user name, authorization identity or password, at most (RFC 4616 §2 asks for 255). */
export const maxCredentialBytes = 1024

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of `data`; `undefined` when it is not UTF-8. */
export function decodeUtf8(data: Buffer): string | undefined {
  try {
    return decoder.decode(data)
  } catch {
    return undefined // the decoder's only way to say so
  }
}

/**
 * A user name or password prepared by SASLprep (RFC 4013 §2), so that two ways to type it become one; `undefined`
 * when it is empty, too long, or holds what SASLprep prohibits.
 *
 * Deviates: unassigned code points are allowed in stored strings too, against RFC 4013 §2.5. To SASLprep every
 * character younger than Unicode 3.2 is unassigned, and people have emoji in their passwords; RFC 8265 §4.2 lets them.
 */
export function prepare(text: string): string | undefined {
  if (text.length > maxCredentialBytes || Buffer.byteLength(text) > maxCredentialBytes) return undefined
  if (/^[\x20-\x7e]+$/.test(text)) return text
  try {
    return saslprep(text, { allowUnassigned: true }) || undefined
  } catch {
    return undefined // the library throws for prohibited input, and names the rule but nothing that we need
  }
}
