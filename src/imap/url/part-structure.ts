import { fieldSelector } from '../../mime/header-fields.ts'
import { MessageIndexer } from '../../mime/indexer.ts'
import { sectionRange } from '../../mime/parts.ts'
import type { Section } from '../../wire/fetch-grammar.ts'
import { maxSelectedHeaderOctets } from '../fetch/limits.ts'
import type { MessageSource } from '../fetch/octets.ts'
import type { Octets } from './url-octets.ts'

/** What a header alone is (RFC 6522 §4). */
const headersOnly = 'Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'

/**
 * BODYPARTSTRUCTURE of octets that are answered with (RFC 5259 §8.2, RFC 5524 §3.2), as text of the wire: what the
 * header of their part says of them, and what they are. `header` ends with its empty line; `breathe` is that of
 * `SessionIo`.
 */
export async function partStructure(
  header: string,
  octets: Octets,
  breathe: () => Promise<void> | undefined,
): Promise<string> {
  const indexer = new MessageIndexer()
  indexer.write(Buffer.from(header, 'latin1'))
  for await (const piece of octets.pieces()) {
    indexer.write(Buffer.from(piece)) // a piece is good until the next
    await breathe()
  }
  return indexer.end().bodyStructure.toString('latin1')
}

/** The header that describes a section; none for a whole message, which brings its own. */
export async function headerOfSection(source: MessageSource, { part, text }: Section): Promise<string> {
  if (part.length === 0 && text === undefined) return ''
  if (text !== undefined && text !== 'TEXT') return headersOnly
  const range = sectionRange(source.parts, part, text === 'TEXT' ? 'HEADER' : 'MIME')
  if (!range) return headersOnly
  const { start, end } = range
  return (await source.read({ start, end: Math.min(end, start + maxSelectedHeaderOctets) })).toString('latin1')
}

const exceptEncoding = fieldSelector(['Content-Transfer-Encoding'], true)

/** The same header for octets whose encoding is undone. */
export function withoutEncoding(header: string): string {
  return 'Content-Transfer-Encoding: binary\r\n' + exceptEncoding(header)
}
