import { isUtf8 } from 'node:buffer'
import { streamingDecoder } from '../../mime/charset.ts'
import { Inexpressible, TextEncoding } from '../../mime/charset-encode.ts'
import { HtmlText } from '../../mime/html-text.ts'
import { cannot, type Route, type TextTarget } from './conversions.ts'

/** Octets that are converted before others have their turn. */
const sliceOctets = 8 * 1024
/** Octets of a converted text, of which a hostile one may have many times what it was made from. */
export const maxConvertedOctets: number = 8 * 1024 * 1024

/**
 * A text in another charset, HTML as plain text where the route says so. Throws `ConversionError`. `breathe` is that of
 * `SessionIo`.
 */
export async function convertText(
  octets: Buffer,
  charset: string | undefined,
  { source, target }: Route,
  wanted: TextTarget,
  breathe: () => Promise<void> | undefined,
): Promise<Buffer> {
  const route = { source, target }
  const decoder = streamingDecoder(sourceCharset(octets, charset))
  if (!decoder) throw cannot('The charset of the part is not known here', route)
  const html = source === 'text/html' && target === 'text/plain' ? new HtmlText() : undefined
  const encoding = encodingFor(wanted, route)
  const pieces: Buffer[] = []
  let length = 0
  const take = (text: string, isLast: boolean): void => {
    const shown = html ? html.write(text) + (isLast ? html.end() : '') : text
    const piece = encoding.write(shown)
    length += piece.length
    if (length > maxConvertedOctets) throw cannot('The part becomes too large', route)
    pieces.push(piece)
  }
  try {
    for (let at = 0; at < octets.length; at += sliceOctets) {
      take(decoder.write(octets.subarray(at, at + sliceOctets)), false)
      await breathe()
    }
    take(decoder.end(), true)
    pieces.push(encoding.end())
  } catch (error) {
    if (!(error instanceof Inexpressible)) throw error
    throw cannot(`The charset cannot express all of it: ${error.message}`, route, [['charset', wanted.charset]])
  }
  return Buffer.concat(pieces)
}

/** What the part says, or, where that is nothing or US-ASCII with other octets, what it must be. */
function sourceCharset(octets: Buffer, charset: string | undefined): string {
  if (charset !== undefined && !/^(?:us-)?ascii$/i.test(charset)) return charset
  return isUtf8(octets) ? 'utf-8' : 'windows-1252'
}

function encodingFor({ charset, replacement }: TextTarget, route: Route): TextEncoding {
  try {
    return new TextEncoding(charset, replacement)
  } catch (error) {
    if (!(error instanceof Inexpressible)) throw error
    throw cannot('The charset does not have the replacement', route, [
      ['unknown-character-replacement', Buffer.from(replacement ?? '').toString('latin1')],
    ])
  }
}
