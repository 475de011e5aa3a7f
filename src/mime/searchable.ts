/** The text of a message as SEARCH BODY and TEXT see it (RFC 9051 §6.4.4): decoded, part by part. */
import { decodeUnlabelled, type StreamingDecoder, streamingDecoder } from './charset.ts'
import { isKnownEncoding, TransferDecoder } from './decode.ts'
import { decodeHeaderValue } from './encoded-word.ts'
import { fieldValue, headerFields, type HeaderField } from './header-fields.ts'
import { maxHeaderOctets } from './limits.ts'
import type { Part } from './message.ts'

/** Reads octets of the message from `start` to below `end`. */
export type ReadOctets = (start: number, end: number) => Uint8Array | Promise<Uint8Array>

/** A piece of text. */
export interface TextPiece {
  readonly text: string
  /** False when the text goes on from the piece before, so that a match may lie across both. */
  readonly startsAnew: boolean
}

/** Octets that are read and decoded at once. */
const chunkOctets = 64 * 1024

/**
 * Yields the decoded text of every text part, piece by piece; parts whose encoding is not known are passed over.
 * No header is among it (RFC 9051 §6.4.4 BODY).
 */
export async function* bodyText(root: Part, read: ReadOctets): AsyncGenerator<TextPiece> {
  for (const part of partsOf(root)) {
    if (isText(part) && isKnownEncoding(part.encoding)) yield* partText(part, read)
  }
}

/** Text, or a report or the like: a message that is no mail inside mail (RFC 3464 §2.1, RFC 8098 §3.1). */
function isText({ type, children }: Part): boolean {
  const lower = type.toLowerCase()
  return lower === 'text' || (lower === 'message' && children.length === 0)
}

/** Yields all headers, decoded, then {@link bodyText} (RFC 9051 §6.4.4 TEXT). */
export async function* allText(root: Part, read: ReadOctets): AsyncGenerator<TextPiece> {
  for (const part of partsOf(root)) {
    const end = Math.min(part.bodyStart, part.headerStart + maxHeaderOctets)
    if (end > part.headerStart) {
      const header = asBuffer(await read(part.headerStart, end))
      yield { text: headerText(header), startsAnew: true }
    }
  }
  yield* bodyText(root, read)
}

/** A header as text: a line for each field, values unfolded and decoded (RFC 2047). */
export function headerText(header: Buffer): string {
  let text = ''
  for (const field of headerFields(header)) {
    const name = header.toString('latin1', field.start, field.start + field.name.length)
    text += name + ': ' + fieldText(header, field) + '\n'
  }
  return text
}

const plain = /^[\0-\x7f]*$/

/** The value of a field as text: unfolded, and decoded where there is anything to decode (RFC 2047). */
export function fieldText(header: Buffer, field: HeaderField): string {
  return valueText(fieldValue(header, field))
}

/** {@link fieldText} of an unfolded value, one octet per char. */
export function valueText(value: string): string {
  if (!value.includes('=?') && plain.test(value)) return value
  return decodeHeaderValue(Buffer.from(value, 'latin1'))
}

/** A part and all parts inside it, in their order. */
export function* partsOf(part: Part): Generator<Part> {
  yield part
  for (const child of part.children) yield* partsOf(child)
}

async function* partText(part: Part, read: ReadOctets): AsyncGenerator<TextPiece> {
  const transfer = new TransferDecoder(part.encoding)
  const isUnlabelled = part.charset === undefined || /^(?:us-)?ascii$/.test(part.charset)
  const charset = (isUnlabelled ? undefined : streamingDecoder(part.charset)) ?? unlabelledDecoder()
  let startsAnew = true
  for (let start = part.bodyStart; start < part.bodyEnd;) {
    const end = Math.min(part.bodyEnd, start + chunkOctets)
    const octets = transfer.write(await read(start, end))
    const isLast = end === part.bodyEnd
    const text = isLast ? charset.write(octets) + charset.write(transfer.end()) + charset.end() : charset.write(octets)
    if (text !== '') {
      yield { text, startsAnew }
      startsAnew = false
    }
    start = end
  }
}

/** Judges each chunk for itself by {@link decodeUnlabelled}; a character of UTF-8 may lie across two. */
function unlabelledDecoder(): StreamingDecoder {
  let held = Buffer.alloc(0)
  return {
    write(octets) {
      const whole = held.length === 0 ? asBuffer(octets) : Buffer.concat([held, octets])
      const cut = whole.length - unfinishedOctets(whole)
      held = Buffer.from(whole.subarray(cut))
      return decodeUnlabelled(whole.subarray(0, cut))
    },
    end: () => decodeUnlabelled(held),
  }
}

/** Octets at the end that begin a character of UTF-8 whose other octets are not there (RFC 3629 §3). */
function unfinishedOctets(octets: Buffer): number {
  for (let back = 1; back <= 3 && back <= octets.length; back++) {
    const octet = octets[octets.length - back]!
    if (octet < 0x80) return 0
    if (octet >= 0xc0) return back < (octet >= 0xf0 ? 4 : octet >= 0xe0 ? 3 : 2) ? back : 0
  }
  return 0
}

function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
}
