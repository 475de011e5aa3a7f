/** Character sets: what the runtime knows, then what iconv-lite knows. */
import iconv from 'iconv-lite'

/** Names in the wild for character sets that both libraries know by another one. */
const aliases = new Map([
  ['ascii', 'us-ascii'],
  ['cp932', 'shift_jis'],
  ['ms932', 'shift_jis'],
  ['windows-31j', 'shift_jis'],
  ['x-sjis', 'shift_jis'],
  ['cp949', 'euc-kr'],
  ['ks_c_5601-1987', 'euc-kr'],
  ['ks_c_5601', 'euc-kr'],
  ['cp936', 'gbk'],
  ['x-gbk', 'gbk'],
  ['gb18030-2000', 'gb18030'],
  ['cp950', 'big5'],
  ['x-mac-roman', 'macintosh'],
  ['unicode-1-1-utf-7', 'utf-7'],
  ['x-unicode-2-0-utf-7', 'utf-7'],
  ['utf8mb4', 'utf-8'],
  ['unicode-1-1-utf-8', 'utf-8'],
  ['iso-8859-8-i', 'iso-8859-8'],
  ['iso-8859-8-e', 'iso-8859-8'],
  ['iso-8859-6-i', 'iso-8859-6'],
])

/** How many charset names are remembered: names come from senders, who have any number of them. */
const maxRemembered = 256
const remembered = new Map<string, (() => StreamingDecoder) | undefined>()

/** Decodes a text piece by piece; a character may be cut anywhere. */
export interface StreamingDecoder {
  write(octets: Uint8Array): string
  end(): string
}

/** Makes decoders for `charset` (any case, any common alias); undefined when it is not known. */
function decoderFactory(charset: string): (() => StreamingDecoder) | undefined {
  const key = charset.toLowerCase()
  if (remembered.has(key)) return remembered.get(key)
  const factory = findDecoder(key)
  if (remembered.size >= maxRemembered) remembered.clear()
  remembered.set(key, factory)
  return factory
}

function findDecoder(key: string): (() => StreamingDecoder) | undefined {
  // RFC 2231 §5 lets a language follow the charset of an encoded word.
  const trimmed = key.replace(/\*.*$/s, '').replace(/^[\s"'\\]+|[\s"'\\]+$/g, '')
  const name = aliases.get(trimmed) ?? trimmed
  if (name === '' || name.length > 64) return undefined
  if (/^(?:unknown|x-unknown|unknown-8bit|default|binary|base64|hex)/.test(name)) return undefined
  const label =
    whatwgLabel(name) ?? whatwgLabel(name.replace(/^(?:x-|cs)/, '')) ?? whatwgLabel(name.replaceAll('_', '-'))
  if (label !== undefined) {
    return () => {
      const decoder = new TextDecoder(label, { ignoreBOM: false })
      return { write: (octets) => decoder.decode(octets, { stream: true }), end: () => decoder.decode() }
    }
  }
  if (!iconv.encodingExists(name)) return undefined
  return () => {
    const decoder = iconv.getDecoder(name)
    return {
      write: (octets) => decoder.write(Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)),
      end: () => decoder.end() ?? '',
    }
  }
}

/** The name as the runtime's decoder takes it; the `replacement` encoding, which decodes nothing, does not count. */
function whatwgLabel(name: string): string | undefined {
  try {
    return new TextDecoder(name).encoding
  } catch {
    return undefined // the only way to ask whether a label is known
  }
}

/** Whether {@link decodeText} can decode this charset. */
export function isKnownCharset(name: string): boolean {
  return decoderFactory(name) !== undefined
}

/** A decoder for a text that comes in pieces; undefined when the charset is not known. */
export function streamingDecoder(charset: string): StreamingDecoder | undefined {
  return decoderFactory(charset)?.()
}

/** Octets in `charset` as text; undefined when the charset is not known. Never throws; bad octets become U+FFFD. */
export function decodeText(octets: Uint8Array, charset: string): string | undefined {
  const decoder = streamingDecoder(charset)
  if (decoder === undefined) return undefined
  try {
    return decoder.write(octets) + decoder.end()
  } catch {
    return undefined // a library's decoder failed on hostile octets: as if the charset were not known
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })
const windows1252 = new TextDecoder('windows-1252')

/** Octets whose charset nobody told: UTF-8 when they are valid as such (RFC 6532 §3.1), else windows-1252. */
export function decodeUnlabelled(octets: Uint8Array): string {
  try {
    return strictUtf8.decode(octets)
  } catch {
    return windows1252.decode(octets) // not valid UTF-8: every octet means something in windows-1252
  }
}

/** Octets in `charset` as text, or by {@link decodeUnlabelled} when it is absent or not known. */
export function decodeTextOrGuess(octets: Uint8Array, charset: string | undefined): string {
  const isUnlabelled = charset === undefined || /^(?:us-)?ascii$/i.test(charset)
  return (isUnlabelled ? undefined : decodeText(octets, charset)) ?? decodeUnlabelled(octets)
}
