import { badArguments } from './reply.ts'

/** An address as MAIL and RCPT carry it (RFC 5321 §4.1.2). */
export interface Path {
  /**
   * As written, without angle brackets and source route; '' for the null reverse-path (RFC 5321 §4.5.5). Latin1 text, one
   * char an octet: UTF-8 in that manner where SMTPUTF8 allows it.
   */
  readonly address: string
  readonly isAscii: boolean
}

/** A parameter behind a path: `SIZE=100` or `SMTPUTF8` (RFC 5321 §4.1.2 Mail-parameters). */
export interface EsmtpParameter {
  /** In capitals. */
  readonly keyword: string
  readonly value: string | undefined
}

/** Octets of a path with its angle brackets (RFC 5321 §4.5.3.1.3), generous for UTF-8. */
const maxPathBytes = 1000

/** Reads the arguments of a command; one that is not as it must be throws `LmtpRefusal` with 501. */
export class ArgumentCursor {
  readonly #line: string
  #at: number
  /** What to answer when the address is wrong: X.1.7 of a sender, X.1.3 of a recipient (RFC 3463 §3.2). */
  #badAddress = '5.1.3'

  constructor(line: string, at: number) {
    this.#line = line
    this.#at = at
  }

  /** The rest, without spaces at its ends. */
  rest(): string {
    const rest = this.#line.slice(this.#at)
    this.#at = this.#line.length
    return trimSpaces(rest)
  }

  /** Nothing may follow but spaces. */
  end(): void {
    if (this.rest() !== '') throw badArguments('nothing may stand here')
  }

  /** `word` in any case, as in `FROM:`, and the spaces behind it that RFC 5321 §3.3 forbids and people type. */
  word(word: string): void {
    this.#spaces()
    const end = this.#at + word.length
    if (this.#line.slice(this.#at, end).toUpperCase() !== word) throw badArguments(`${word} was expected`)
    this.#at = end
    this.#spaces()
  }

  /** RFC 5321 §4.1.2 Reverse-path: an address in angle brackets, or none in them. */
  reversePath(): Path {
    this.#badAddress = '5.1.7'
    if (this.#line.startsWith('<>', this.#at)) {
      this.#at += 2
      return { address: '', isAscii: true }
    }
    return this.#path()
  }

  /** RFC 5321 §4.1.2 Forward-path. */
  forwardPath(): Path {
    this.#badAddress = '5.1.3'
    return this.#path()
  }

  /** Parameters up to the end of the line, none twice. */
  parameters(): readonly EsmtpParameter[] {
    const found = new Map<string, EsmtpParameter>()
    while (this.#at < this.#line.length) {
      if (this.#line[this.#at] !== ' ') throw badArguments('a space was expected')
      this.#spaces()
      if (this.#at === this.#line.length) break
      const keyword = this.#while(isKeywordChar).toUpperCase()
      if (keyword === '') throw badArguments('a parameter was expected')
      let value: string | undefined
      if (this.#line[this.#at] === '=') {
        this.#at++
        value = this.#while(isValueChar)
        if (value === '') throw badArguments(`${keyword} has no value`)
      }
      if (found.has(keyword)) throw badArguments(`${keyword} stands there twice`)
      found.set(keyword, { keyword, value })
    }
    return [...found.values()]
  }

  #path(): Path {
    const start = this.#at
    this.#expect('<')
    // A source route is taken and disregarded (RFC 5321 §4.1.1.3).
    if (this.#line[this.#at] === '@') {
      for (;;) {
        this.#expect('@')
        this.#domain()
        if (this.#line[this.#at] !== ',') break
        this.#at++
      }
      this.#expect(':')
    }
    const from = this.#at
    this.#localPart()
    // Deviates: any local part may stand alone, not only postmaster (RFC 5321 §4.1.1.3): local senders do that.
    if (this.#line[this.#at] === '@') {
      this.#at++
      this.#domain()
    }
    const address = this.#line.slice(from, this.#at)
    this.#expect('>')
    if (this.#at - start > maxPathBytes) throw this.#wrong('the address is too long')
    return { address, isAscii: isAscii(address) }
  }

  #localPart(): void {
    if (this.#line[this.#at] === '"') {
      this.#quotedString()
      return
    }
    const from = this.#at
    do {
      if (this.#line[this.#at] === '.' && this.#at > from) this.#at++
      if (this.#while(isAtext) === '') throw this.#wrong('the local part of the address is wrong')
    } while (this.#line[this.#at] === '.')
  }

  #quotedString(): void {
    const from = ++this.#at
    for (; this.#line[this.#at] !== '"'; this.#at++) {
      if (this.#line[this.#at] === '\\') this.#at++
      const char = this.#line[this.#at]
      if (char === undefined || char < ' ' || char === '\x7f') throw this.#wrong('the quoted local part is wrong')
    }
    if (this.#at === from) throw this.#wrong('the local part is empty')
    this.#at++
  }

  /** A domain, or an address literal in brackets. Whether it exists is not ours to ask. */
  #domain(): void {
    if (this.#line[this.#at] === '[') {
      this.#at++
      this.#while(isLiteralChar)
      this.#expect(']')
      return
    }
    const from = this.#at
    do {
      if (this.#line[this.#at] === '.' && this.#at > from) this.#at++
      if (this.#while(isDomainChar) === '') throw this.#wrong('the domain of the address is wrong')
    } while (this.#line[this.#at] === '.')
  }

  #while(accepts: (char: number) => boolean): string {
    const from = this.#at
    while (this.#at < this.#line.length && accepts(this.#line.charCodeAt(this.#at))) this.#at++
    return this.#line.slice(from, this.#at)
  }

  #spaces(): void {
    this.#while((char) => char === 0x20)
  }

  #expect(char: string): void {
    if (this.#line[this.#at] !== char) throw this.#wrong(`${char} was expected`)
    this.#at++
  }

  #wrong(text: string): Error {
    return badArguments(text, this.#badAddress)
  }
}

/** The UTF-8 that the latin1 text `octets` holds; `undefined` when it is no UTF-8. */
export function decodedUtf8(octets: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(octets, 'latin1'))
  } catch {
    return undefined // the decoder's only way to say that the octets are no UTF-8
  }
}

/** Without spaces and tabs at its ends. */
function trimSpaces(text: string): string {
  let start = 0
  let end = text.length
  while (text[start] === ' ' || text[start] === '\t') start++
  while (end > start && (text[end - 1] === ' ' || text[end - 1] === '\t')) end--
  return text.slice(start, end)
}

/** Whether all octets are ASCII. */
function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

/** A set of characters as a function. */
function oneOf(chars: string, alsoOver7f: boolean): (char: number) => boolean {
  const allowed = new Uint8Array(256)
  for (const char of chars) allowed[char.charCodeAt(0)] = 1
  if (alsoOver7f) allowed.fill(1, 0x80)
  return (char) => allowed[char] === 1
}

const letters = 'abcdefghijklmnopqrstuvwxyz'
const alphanumeric = letters + letters.toUpperCase() + '0123456789'
const printable = Array.from({ length: 0x7e - 0x20 }, (_, at) => String.fromCharCode(0x21 + at)).join('')

/** RFC 5322 §3.2.3 atext, with UTF-8 (RFC 6531 §3.3). */
const isAtext = oneOf(alphanumeric + "!#$%&'*+-/=?^_`{|}~", true)
/** RFC 5321 §4.1.2 sub-domain, with UTF-8 and the underscore that hosts have in the wild. */
const isDomainChar = oneOf(alphanumeric + '-_', true)
/** RFC 5321 §4.1.3 dcontent. */
const isLiteralChar = oneOf(printable.replace(/[[\\\]]/g, ''), false)
/** RFC 5321 §4.1.2 esmtp-keyword. */
const isKeywordChar = oneOf(alphanumeric + '-', false)
/** RFC 5321 §4.1.2 esmtp-value, with UTF-8 (RFC 6531 §3.3). */
const isValueChar = oneOf(printable.replace('=', ''), true)
