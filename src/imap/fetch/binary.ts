import { isKnownEncoding, TransferDecoder } from '../../mime/decode.ts'
import type { Part } from '../../mime/message.ts'
import { findPart, type OctetRange, sectionRange } from '../../mime/parts.ts'
import { Refusal } from '../../model/refusal.ts'
import type { PartialRange, Section } from '../../wire/fetch-grammar.ts'
import { andThen, literalOf, type MessageSource, nil, type Value } from './octets.ts'
import { partOf, type ReadValue } from './sections.ts'

/** A part's octets as they are stored, and the encoding to undo. */
interface Encoded {
  readonly range: OctetRange
  readonly encoding: string
}

/** Encodings that change nothing. */
const identity = new Set(['7bit', '8bit', 'binary'])

/**
 * How BINARY[part] is read: without its content transfer encoding, as a literal8 where there is a NUL in what is sent
 * (RFC 3516 §4.3). Partials count decoded octets.
 */
export function binaryReader({ part }: Section, partial: PartialRange | undefined): ReadValue {
  return (source) => {
    const encoded = encodedPart(source, part)
    if (!encoded) return nil
    const { range } = encoded
    if (!source.holds(range.end - range.start)) return longBinary(source, encoded, partial)
    return andThen(source.read(range), (octets) => {
      const decoded = decodedAtOnce(octets, encoded.encoding)
      const { start, end } = partOf({ start: 0, end: decoded.length }, partial)
      const wanted = decoded.subarray(start, end)
      return literalOf(wanted, wanted.includes(0))
    })
  }
}

/** How BINARY.SIZE[part] is found out (RFC 3516 §4.3): by decoding, where the encoding changes anything. */
export function binarySizeReader({ part }: Section): ReadValue {
  return (source) => {
    const encoded = encodedPart(source, part)
    if (!encoded) return '0' // a number is due, and there is nothing
    const { range, encoding } = encoded
    if (identity.has(encoding)) return String(range.end - range.start)
    if (source.holds(range.end - range.start)) {
      return andThen(source.read(range), (octets) => String(decodedAtOnce(octets, encoding).length))
    }
    return survey(source, encoded, undefined).then(({ length }) => String(length))
  }
}

/**
 * Multiparts and messages have no encoding but the identity (RFC 2045 §6.4), whatever their header says, so they are
 * sent as they are; and so is the whole message.
 */
function encodedPart(source: MessageSource, path: readonly number[]): Encoded | undefined {
  if (path.length === 0) return { range: source.whole, encoding: 'binary' }
  const root = source.parts
  const part = findPart(root, path)
  const range = sectionRange(root, path)
  if (!part || !range) return undefined
  const encoding = isLeaf(part) ? part.encoding : 'binary'
  if (!isKnownEncoding(encoding)) throw new Refusal('UNKNOWN-CTE', 'A part has an encoding that nobody here can undo')
  return { range, encoding }
}

function isLeaf(part: Part): boolean {
  return part.children.length === 0
}

function decodedAtOnce(octets: Buffer, encoding: string): Buffer {
  const decoder = new TransferDecoder(encoding)
  const decoded = decoder.write(octets)
  const last = decoder.end()
  return last.length === 0 ? decoded : Buffer.concat([decoded, last])
}

/** A part too long to be held: it is decoded once to know what to announce, and again while it is sent. */
async function longBinary(source: MessageSource, encoded: Encoded, partial: PartialRange | undefined): Promise<Value> {
  const { length, hasNul } = await survey(source, encoded, partial)
  return {
    binary: hasNul,
    length,
    octets: Buffer.alloc(0),
    rest: () => decodedPieces(source, encoded, partial),
  }
}

async function survey(
  source: MessageSource,
  encoded: Encoded,
  partial: PartialRange | undefined,
): Promise<{ readonly length: number; readonly hasNul: boolean }> {
  let length = 0
  let hasNul = false
  for await (const piece of decodedPieces(source, encoded, partial)) {
    length += piece.length
    hasNul ||= piece.includes(0)
  }
  return { length, hasNul }
}

/** The decoded octets that a partial asks for. */
async function* decodedPieces(
  source: MessageSource,
  { range, encoding }: Encoded,
  partial: PartialRange = { offset: 0, length: Number.MAX_SAFE_INTEGER },
): AsyncGenerator<Buffer, void, undefined> {
  const decoder = new TransferDecoder(encoding)
  let before = 0
  const within = (piece: Buffer): Buffer => {
    const from = Math.max(0, partial.offset - before)
    const wanted = piece.subarray(from, Math.max(from, partial.offset + partial.length - before))
    before += piece.length
    return wanted
  }
  for await (const piece of source.pieces(range)) {
    const wanted = within(decoder.write(piece))
    if (wanted.length > 0) yield wanted
    if (before >= partial.offset + partial.length) return
  }
  const last = within(decoder.end())
  if (last.length > 0) yield last
}
