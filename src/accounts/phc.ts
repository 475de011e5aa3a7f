/** What Argon2 costs. */
export interface Argon2Costs {
  /** Memory in KiB. */
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
}

/** An argon2id hash with all that is needed to check a password against it. */
export interface Argon2Hash extends Argon2Costs {
  readonly salt: Buffer
  readonly tag: Buffer
}

/** Bounds of what is read, so that a damaged line cannot ask for all memory. */
const maxMemoryKib = 1024 * 1024
const maxPasses = 64
const maxLanes = 64
const maxOctets = 64

/** The hash in the PHC string format, `$argon2id$v=19$m=…,t=…,p=…$salt$tag`; base64 without padding. */
export function formatPhc({ memoryKib, passes, lanes, salt, tag }: Argon2Hash): string {
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(tag)}`
}

/** Reads what {@link formatPhc} writes. Throws `Error`, which quotes nothing of it. */
export function parsePhc(text: string): Argon2Hash {
  const [, m, t, p, salt64, tag64] =
    /^\$argon2id\$v=19\$m=([1-9]\d{0,6}),t=([1-9]\d?),p=([1-9]\d?)\$([\w+/-]{1,86})\$([\w+/-]{1,86})$/.exec(text) ?? []
  const [memoryKib, passes, lanes] = [Number(m), Number(t), Number(p)]
  const [salt, tag] = [octetsOf(salt64), octetsOf(tag64)]
  const costsFit = memoryKib <= maxMemoryKib && memoryKib >= 8 * lanes && passes <= maxPasses && lanes <= maxLanes
  if (!costsFit || !salt || !tag || salt.length < 8 || tag.length < 16) throw new Error('not an argon2id hash')
  return { memoryKib, passes, lanes, salt, tag }
}

function unpadded(octets: Buffer): string {
  return octets.toString('base64').replace(/=+$/, '')
}

function octetsOf(text: string | undefined): Buffer | undefined {
  const octets = Buffer.from(text ?? '', 'base64')
  return unpadded(octets) === text && octets.length <= maxOctets ? octets : undefined
}
