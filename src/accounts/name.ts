import { domainToASCII, domainToUnicode } from 'node:url'
import { prepare } from '../sasl/text.ts'

/** Octets of a user's name in UTF-8, at most. */
export const maxUserNameBytes = 255

/**
 * White space and characters with a meaning elsewhere: hierarchy separator, LIST wildcards, quoting, path brackets.
 * Control characters are gone before this is asked: SASLprep prohibits them.
 */
const forbidden = /[\s/\\"*%<>]/
/** A domain in ASCII: labels between dots; `_` is no host's but occurs. */
const asciiDomain = /^(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/

/**
 * The one spelling of a user's name, `alice` or `alice@example.org`: SASLprep, lower case, NFC; that is UsernameCaseMapped
 * (RFC 8265 §3.3) with the wider compatibility mapping that SASL asks for (RFC 5802 §5.1). The domain is in Unicode.
 * `undefined` when it cannot be a user's name.
 */
export function canonicalName(text: string): string | undefined {
  // Lower case before and after, since each of the two steps can give the other something to do.
  const prepared = prepare(text.toLowerCase())?.toLowerCase().normalize('NFC')
  if (!prepared || forbidden.test(prepared)) return undefined
  const { local, domain } = splitAddress(prepared)
  if (!local || local.includes('@') || isReserved(local)) return undefined
  const canonical = domain === undefined ? undefined : canonicalDomain(domain)
  if (domain !== undefined && canonical === undefined) return undefined
  const name = canonical === undefined ? local : `${local}@${canonical}`
  return Buffer.byteLength(name) > maxUserNameBytes ? undefined : name
}

/** The one spelling of a domain: IDNA, in Unicode; `undefined` when it is none. */
export function canonicalDomain(text: string): string | undefined {
  // The URL parser behind domainToASCII also undoes percent encoding; nothing of that kind is meant here.
  if (/[\p{Cc} !-,/:-@[-^`{-~]/u.test(text)) return undefined
  const ascii = domainToASCII(text)
  return asciiDomain.test(ascii) && ascii.length <= maxUserNameBytes
    ? domainToUnicode(ascii).normalize('NFC')
    : undefined
}

/** An address or name, split at its last `@`. */
export function splitAddress(text: string): { readonly local: string; readonly domain: string | undefined } {
  const at = text.lastIndexOf('@')
  return at === -1 ? { local: text, domain: undefined } : { local: text.slice(0, at), domain: text.slice(at + 1) }
}

/**
 * Canonical names that `text` may mean, the best first: the name itself, and without its domain if that is a local one.
 * Empty when it can be nobody's.
 */
export function candidateNames(text: string, localDomains: ReadonlySet<string>): string[] {
  const name = canonicalName(text)
  if (name === undefined) return []
  const { local, domain } = splitAddress(name)
  return domain !== undefined && localDomains.has(domain) ? [name, local] : [name]
}

/** Access control lists have their own meaning for these (RFC 4314 §2): `-` begins negative rights. */
function isReserved(local: string): boolean {
  return local === 'anyone' || local.startsWith('-')
}
