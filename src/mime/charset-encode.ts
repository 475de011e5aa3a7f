/** Text into character sets: what iconv-lite can write. */
import iconv from 'iconv-lite'
import { isKnownCharset } from './charset.ts'

/** Charsets that have every character. */
const universal = /^(?:utf-?(?:7|8|16|32)|unicode|cesu-?8|ucs-?[24])/

/** What names of charsets are made of (RFC 2978 §2.3), as far as they occur. */
const charsetName = /^[A-Za-z0-9_.:()+-]{1,40}$/

/** Whether {@link TextEncoding} can write this charset (any case). */
export function isWritableCharset(charset: string): boolean {
  return charsetName.test(charset) && isKnownCharset(charset) && iconv.encodingExists(charset)
}

/** Text that a charset cannot express. */
export class Inexpressible extends Error {
  readonly character: string

  constructor(character: string) {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(`U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')} is not in the charset`)
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'Inexpressible'
    this.character = character
  }
}

/**
 * Writes text in a charset, piece by piece; pieces are cut between characters. What the charset does not have becomes
 * `replacement`.
 */
export class TextEncoding {
  readonly #charset: string
  readonly #encoder: ReturnType<typeof iconv.getEncoder>
  readonly #replacement: string | undefined
  readonly #isUniversal: boolean
  /** What is known of single characters, {@link maxKnown} at most. */
  readonly #known = new Map<string, boolean>()

  /**
   * Throws `RangeError` when {@link isWritableCharset} denies the charset, {@link Inexpressible} when it does not have
   * the replacement.
   */
  constructor(charset: string, replacement?: string) {
    if (!isWritableCharset(charset)) throw new RangeError(`cannot write ${charset}`)
    this.#charset = charset
    this.#isUniversal = universal.test(charset.toLowerCase())
    this.#encoder = iconv.getEncoder(charset)
    for (const character of replacement ?? '') if (!this.#has(character)) throw new Inexpressible(character)
    this.#replacement = replacement
  }

  /** The octets so far. Throws {@link Inexpressible} where there is no replacement. */
  write(text: string): Buffer {
    return this.#encoder.write(this.#isUniversal || this.#roundTrips(text) ? text : this.#replaced(text))
  }

  /** What was held back. */
  end(): Buffer {
    return this.#encoder.end() ?? nothing
  }

  /** Whether all of the text can be written: reading it back tells, in one go for most text. */
  #roundTrips(text: string): boolean {
    return iconv.decode(iconv.encode(text, this.#charset), this.#charset) === text
  }

  #replaced(text: string): string {
    let replaced = ''
    for (const character of text) {
      if (character <= '\x7e' || this.#has(character)) replaced += character
      else if (this.#replacement === undefined) throw new Inexpressible(character)
      else replaced += this.#replacement
    }
    return replaced
  }

  #has(character: string): boolean {
    if (this.#isUniversal) return true
    let has = this.#known.get(character)
    if (has === undefined) {
      has = this.#roundTrips(character)
      if (this.#known.size < maxKnown) this.#known.set(character, has)
    }
    return has
  }
}

const nothing = Buffer.alloc(0)
const maxKnown = 1_000

/** A whole text in a charset. Throws as {@link TextEncoding} does. */
export function encodeText(text: string, charset: string, replacement?: string): Buffer {
  const encoding = new TextEncoding(charset, replacement)
  return Buffer.concat([encoding.write(text), encoding.end()])
}
