/** Encoded words in header fields (RFC 2047). */
import { decodeText, decodeUnlabelled } from './charset.ts'

/**
 * `=?charset?encoding?text?=`. RFC 2047 §2 allows 75 characters and no blanks; longer ones and blanks inside the text
 * are common enough to be read too.
 */
const encodedWord = /=\?([^?\s]{1,64})\?([bq])\?([^?]*)\?=/gi

interface Word {
  readonly charset: string
  readonly encoding: string
  readonly octets: Buffer
}

/**
 * A header value as Unicode: encoded words decoded, blanks between two of them dropped (RFC 2047 §6.2), what is
 * raw taken for UTF-8 where it is valid (RFC 6532 §3.1) and else for windows-1252. A character whose octets are cut
 * over adjacent words of one charset is put together. Words that cannot be decoded stay as they are.
 *
 * @param octets the unfolded value
 */
export function decodeHeaderValue(octets: Buffer): string {
  const raw = octets.toString('latin1')
  if (!raw.includes('=?')) return decodeRaw(raw)
  let text = ''
  let end = 0
  let words: Word[] = []
  const flush = (): void => {
    text += decodeWords(words)
    words = []
  }
  for (const found of raw.matchAll(encodedWord)) {
    const [whole, charset = '', encoding = '', content = ''] = found
    const between = raw.slice(end, found.index)
    const word: Word = {
      charset: charset.toLowerCase(),
      encoding: encoding.toLowerCase(),
      octets: octetsOf(encoding, content),
    }
    const before = words.at(-1)
    if (before === undefined || !/^[\s]*$/.test(between)) {
      flush()
      text += decodeRaw(between)
    } else if (before.charset !== word.charset || before.encoding !== word.encoding) flush()
    if (decodeText(noOctets, word.charset) === undefined) {
      flush()
      text += (before !== undefined && /^\s*$/.test(between) ? between : '') + decodeRaw(whole)
    } else words.push(word)
    end = found.index + whole.length
  }
  flush()
  return text + decodeRaw(raw.slice(end))
}

const noOctets = Buffer.alloc(0)

function decodeRaw(raw: string): string {
  return /^[\0-\x7f]*$/.test(raw) ? raw : decodeUnlabelled(Buffer.from(raw, 'latin1'))
}

/**
 * Each word is to be whole characters (RFC 2047 §5), and in charsets with shift states it starts anew. Only where that
 * fails, a character was cut over words, and their octets belong together.
 */
function decodeWords(words: readonly Word[]): string {
  const [first] = words
  if (first === undefined) return ''
  const decode = (octets: Buffer): string => decodeText(octets, first.charset) ?? ''
  const apart = words.map((word) => decode(word.octets)).join('')
  if (words.length === 1 || !apart.includes(malformed)) return withoutControls(apart)
  const joined = decode(Buffer.concat(words.map((word) => word.octets)))
  return withoutControls(joined.split(malformed).length < apart.split(malformed).length ? joined : apart)
}

const malformed = '\ufffd'

/** An encoded word must not bring line ends into a header that had none. */
function withoutControls(text: string): string {
  return text.replace(/[\r\n\0]/g, '')
}

function octetsOf(encoding: string, content: string): Buffer {
  if (encoding.toLowerCase() === 'b') return Buffer.from(content, 'base64')
  const text = content
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  return Buffer.from(text, 'latin1')
}
