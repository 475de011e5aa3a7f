/** The text of a message as SEARCH BODY and TEXT see it (RFC 9051 §6.4.4): decoded, part by part. */
import { decodeUnlabelled, streamingDecoder } from './charset.ts'
import { isKnownEncoding, TransferDecoder } from './decode.ts'
import { decodeHeaderValue } from './encoded-word.ts'
import { fieldValue, headerFields } from './header-fields.ts'
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
    if (part.type.toLowerCase() === 'text' && isKnownEncoding(part.encoding)) yield* partText(part, read)
  }
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
    text += name + ': ' + decodeHeaderValue(Buffer.from(fieldValue(header, field), 'latin1')) + '\n'
  }
  return text
}

/** A part and all parts inside it, in their order. */
export function* partsOf(part: Part): Generator<Part> {
  yield part
  for (const child of part.children) yield* partsOf(child)
}

async function* partText(part: Part, read: ReadOctets): AsyncGenerator<TextPiece> {
  const transfer = new TransferDecoder(part.encoding)
  const isUnlabelled = part.charset === undefined || /^(?:us-)?ascii$/.test(part.charset)
  const charset = isUnlabelled ? undefined : streamingDecoder(part.charset)
  let startsAnew = true
  for (let start = part.bodyStart; start < part.bodyEnd;) {
    const end = Math.min(part.bodyEnd, start + chunkOctets)
    const octets = transfer.write(await read(start, end))
    const isLast = end === part.bodyEnd
    const content = isLast ? Buffer.concat([octets, transfer.end()]) : octets
    // Without a charset each chunk is judged for itself; a character cut between two is lost at worst.
    const text = charset ? charset.write(content) + (isLast ? charset.end() : '') : decodeUnlabelled(content)
    if (text !== '') {
      yield { text, startsAnew }
      startsAnew = false
    }
    start = end
  }
}

function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
}
