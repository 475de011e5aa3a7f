import type { UserDirectory, UserEntry } from './directory.ts'
import { splitAddress } from './name.ts'

/** Octets of an address, at most: a path of RFC 5321 §4.5.3.1.3 has 256, and UTF-8 and quoting may need more. */
const maxAddressBytes = 1024

/** Whom mail is for. */
export interface Recipient extends UserEntry {
  /** What stood behind the first `+` of the local part (RFC 5233 §4), as it was written; may be empty. */
  readonly detail: string | undefined
}

/**
 * The user who receives mail for `address` (UTF-8, quoted or not, with or without domain): whose name it is, or else
 * whose it is without `+detail`. The domain may be in Unicode or in ASCII. `undefined` when it is nobody's.
 */
export async function findRecipient(directory: UserDirectory, address: string): Promise<Recipient | undefined> {
  if (Buffer.byteLength(address) > maxAddressBytes) return undefined
  const { local: written, domain } = splitAddress(address)
  const local = unquoted(written)
  if (local === undefined) return undefined
  const at = domain === undefined ? '' : `@${domain}`

  const whole = await directory.find(local + at)
  if (whole) return { name: whole.name, account: whole.account, detail: undefined }
  const plus = local.indexOf('+')
  if (plus === -1) return undefined
  const user = await directory.find(local.slice(0, plus) + at)
  return user && { name: user.name, account: user.account, detail: local.slice(plus + 1) }
}

/** A local part without the quotes and backslashes of `Quoted-string` (RFC 5321 §4.1.2); `undefined` if it is broken. */
function unquoted(local: string): string | undefined {
  if (!local.startsWith('"')) return local
  const [, content] = /^"((?:[^"\\]|\\.)*)"$/s.exec(local) ?? []
  return content?.replace(/\\(.)/gs, '$1')
}
