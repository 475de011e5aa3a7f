import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify(pbkdf2)

/** The hash functions SCRAM is offered with (RFC 5802 §4, RFC 7677 §3). */
export type ScramHash = 'SHA-1' | 'SHA-256'

/** Their names in node:crypto, and the octets of their results. */
export const scramHashes: Readonly<Record<ScramHash, { readonly digest: string; readonly bytes: number }>> = {
  'SHA-1': { digest: 'sha1', bytes: 20 },
  'SHA-256': { digest: 'sha256', bytes: 32 },
}

/** Rounds of PBKDF2; below 4,096 clients may refuse (RFC 5802 §5.1). RFC 7677 §4 counts some 15,000 as good. */
export const defaultScramIterations = 15_000
/** The fewest rounds of PBKDF2 that we make or read. */
export const minScramIterations = 4096
/** The most rounds of PBKDF2 that we read. */
export const maxScramIterations = 10_000_000
/** Octets of a new salt. */
export const scramSaltBytes = 16

/** What is kept of a password for SCRAM: enough to check a proof, not to make one (RFC 5802 §3). */
export interface ScramKeys {
  readonly salt: Buffer
  readonly iterations: number
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** HMAC() of RFC 5802 §2.2. */
export function scramHmac(hash: ScramHash, key: Buffer, text: string): Buffer {
  return createHmac(scramHashes[hash].digest, key).update(text).digest()
}

/** H() of RFC 5802 §2.2. */
export function scramDigest(hash: ScramHash, data: Buffer): Buffer {
  return createHash(scramHashes[hash].digest).update(data).digest()
}

/** The keys of a prepared password (RFC 5802 §3), made on the thread pool. */
export async function deriveScramKeys(
  hash: ScramHash,
  password: string,
  iterations: number = defaultScramIterations,
  salt: Buffer = randomBytes(scramSaltBytes),
): Promise<ScramKeys> {
  const { digest, bytes } = scramHashes[hash]
  const saltedPassword = await derive(password, salt, iterations, bytes, digest)
  return {
    salt,
    iterations,
    storedKey: scramDigest(hash, scramHmac(hash, saltedPassword, 'Client Key')),
    serverKey: scramHmac(hash, saltedPassword, 'Server Key'),
  }
}

/** The keys as text, in the form of RFC 5803 §1: `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`. */
export function formatScramKeys(hash: ScramHash, keys: ScramKeys): string {
  const [salt, stored, server] = [keys.salt, keys.storedKey, keys.serverKey].map((octets) => octets.toString('base64'))
  return `SCRAM-${hash}$${keys.iterations}:${salt}$${stored}:${server}`
}

/** Reads what {@link formatScramKeys} writes. Throws `Error`, which quotes nothing of it. */
export function parseScramKeys(hash: ScramHash, text: string): ScramKeys {
  const [, name, iterations, ...values] =
    /^SCRAM-(SHA-(?:1|256))\$([1-9]\d{0,9}):([^:$]+)\$([^:$]+):([^:$]+)$/.exec(text) ?? []
  const [salt, storedKey, serverKey] = values.map(decodeBase64)
  const { bytes } = scramHashes[hash]
  const rounds = Number(iterations)
  const valid =
    name === hash &&
    rounds >= minScramIterations &&
    rounds <= maxScramIterations &&
    storedKey?.length === bytes &&
    serverKey?.length === bytes
  if (!valid || !salt || salt.length === 0) throw new Error(`not the keys of SCRAM-${hash}`)
  return { salt, iterations: rounds, storedKey, serverKey }
}

/** The octets of canonical base64 (RFC 5802 §7 base64); `undefined` for anything else. */
export function decodeBase64(text: string): Buffer | undefined {
  const octets = Buffer.from(text, 'base64')
  return octets.toString('base64') === text ? octets : undefined
}
