/** Content transfer encodings (RFC 2045 §6). */

const readAsIs = new Set(['7bit', '8bit', 'binary'])

/** Whether {@link TransferDecoder} can undo this Content-Transfer-Encoding (lower case). */
export function isKnownEncoding(encoding: string): boolean {
  return readAsIs.has(encoding) || encoding === 'base64' || encoding === 'quoted-printable'
}

/**
 * Undoes a content transfer encoding piece by piece; pieces may be cut anywhere. Lenient: what does not belong to
 * base64 is passed over, and an equals sign that means nothing in quoted-printable stays.
 */
export class TransferDecoder {
  readonly #decode: (octets: Buffer, isLast: boolean) => Buffer

  /** @param encoding in lower case. Throws `RangeError` when {@link isKnownEncoding} denies it. */
  constructor(encoding: string) {
    if (!isKnownEncoding(encoding)) throw new RangeError(`unknown content transfer encoding: ${encoding}`)
    this.#decode =
      encoding === 'base64' ? base64Decoder() : encoding === 'quoted-printable' ? quotedPrintableDecoder() : asIs
  }

  /** The decoded octets so far. In encodings that change nothing they are the very octets that were given. */
  write(octets: Uint8Array): Buffer {
    return this.#decode(Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength), false)
  }

  /** What was held back. */
  end(): Buffer {
    return this.#decode(nothing, true)
  }
}

const nothing = Buffer.alloc(0)
const asIs = (octets: Buffer): Buffer => octets

const padding = 64
const foreign = 65
/** The value of each octet in base64, {@link padding} or {@link foreign}. */
const base64Values = new Uint8Array(256).fill(foreign)
for (const [value, octet] of Buffer.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
).entries()) {
  base64Values[octet] = value
}
base64Values['='.charCodeAt(0)] = padding

function base64Decoder(): (octets: Buffer) => Buffer {
  let heldBits = 0
  let heldValue = 0
  return (octets) => {
    const out = Buffer.allocUnsafe(Math.ceil((octets.length * 3) / 4) + 1)
    let length = 0
    let bits = heldBits
    let value = heldValue
    // Hot: once per octet of every attachment. All reads are inside bounds.
    for (let at = 0; at < octets.length;) {
      if (bits === 0 && at + 4 <= octets.length) {
        const a = base64Values[octets[at]!]!
        const b = base64Values[octets[at + 1]!]!
        const c = base64Values[octets[at + 2]!]!
        const d = base64Values[octets[at + 3]!]!
        // Padding and what is foreign have a bit that no sextet has.
        if ((a | b | c | d) < padding) {
          out[length] = (a << 2) | (b >>> 4)
          out[length + 1] = (b << 4) | (c >>> 2)
          out[length + 2] = (c << 6) | d
          length += 3
          at += 4
          continue
        }
      }
      const sextet = base64Values[octets[at++]!]!
      if (sextet < padding) {
        value = ((value & 0xff) << 6) | sextet
        bits += 6
        if (bits >= 8) {
          bits -= 8
          out[length++] = value >>> bits
        }
      } else if (sextet === padding) bits = 0 // another text may follow, as when files were put together
    }
    heldBits = bits
    heldValue = value
    return out.subarray(0, length)
  }
}

/** Blanks in a row that are held back since they may be at the end of a line. */
const maxHeldBlanks = 1000

function quotedPrintableDecoder(): (octets: Buffer, isLast: boolean) => Buffer {
  let held = nothing
  return (octets, isLast) => {
    const input = held.length === 0 ? octets : Buffer.concat([held, octets])
    const out = Buffer.allocUnsafe(input.length)
    let length = 0
    let at = 0
    while (at < input.length) {
      const octet = input[at]!
      if (octet === 0x3d) {
        const used = escapeAt(input, at, isLast)
        if (used === undefined) break
        if (used.value !== undefined) out[length++] = used.value
        at += used.octets
      } else if (octet === 0x20 || octet === 0x09) {
        const end = blanksEnd(input, at)
        if (!isLast && end - at < maxHeldBlanks && mayBeLineEnd(input, end)) break
        // Blanks at the end of a line were added on the way (RFC 2045 §6.7).
        if (end - at === maxHeldBlanks || !isLineEnd(input, end)) length += input.copy(out, length, at, end)
        at = end
      } else if (octet === 0x0d && at + 1 === input.length && !isLast) break
      else {
        out[length++] = octet
        at++
      }
    }
    held = Buffer.from(input.subarray(at))
    return out.subarray(0, length)
  }
}

function blanksEnd(input: Buffer, start: number): number {
  const limit = Math.min(input.length, start + maxHeldBlanks)
  let at = start
  while (at < limit && (input[at] === 0x20 || input[at] === 0x09)) at++
  return at
}

/** Whether what comes next may turn out to be a line end. */
function mayBeLineEnd(input: Buffer, at: number): boolean {
  return at >= input.length || (input[at] === 0x0d && at + 1 === input.length)
}

function isLineEnd(input: Buffer, at: number): boolean {
  return at >= input.length || input[at] === 0x0a || (input[at] === 0x0d && input[at + 1] === 0x0a)
}

/** What the equals sign at `at` stands for and how many octets that takes; undefined when more must be seen. */
function escapeAt(input: Buffer, at: number, isLast: boolean): { octets: number; value?: number } | undefined {
  const high = hexValue(input[at + 1])
  const low = hexValue(input[at + 2])
  if (high !== -1 && low !== -1) return { octets: 3, value: high * 16 + low }
  const lineEnd = blanksEnd(input, at + 1)
  if (lineEnd - at - 1 < maxHeldBlanks) {
    if (input[lineEnd] === 0x0a) return { octets: lineEnd + 1 - at }
    if (input[lineEnd] === 0x0d && input[lineEnd + 1] === 0x0a) return { octets: lineEnd + 2 - at }
    if (lineEnd >= input.length && isLast) return { octets: lineEnd - at }
    const mayBeHex = high !== -1 && at + 2 >= input.length
    if (!isLast && (mayBeHex || mayBeLineEnd(input, lineEnd))) return undefined
  }
  return { octets: 1, value: 0x3d }
}

function hexValue(octet: number | undefined): number {
  if (octet === undefined) return -1
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30
  const letter = octet | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
