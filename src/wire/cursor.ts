import { ASTRING, ATOM, isOf, LIST, NAME, TAG } from './chars.ts'
import { daysFromDate, isDate, monthOf } from './date-time.ts'
import { markerAtEnd, maxMarkerLength, type Marker } from './marker.ts'
import { maxSetRanges, star, type NumberRange, type NumberSet } from './number-set.ts'
import { decodeBase64, isBase64 } from './strings.ts'
import { BadSyntax } from './syntax-error.ts'

const maxNumber = 0xffff_ffff
/** 2^63 - 1 has 19 digits; the other numbers of 19 digits are let pass. */
const maxNumber64 = 10 ** 19

/** Items of one parenthesised list. */
export const maxListItems = 10_000

/**
 * Reads a command as the framer gives it, one method for each rule of RFC 9051 §9. All of them throw
 * {@link BadSyntax}, naming what they expected. One char is one octet everywhere. What is returned may be a slice
 * of the command: copy what is kept beyond it.
 */
export class Cursor {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** 0-based offset of the next char. */
  get position(): number {
    return this.#at
  }

  /** Whether nothing is left. */
  get atEnd(): boolean {
    return this.#at >= this.#text.length
  }

  /** An error at this place, to be thrown. */
  bad(text: string): BadSyntax {
    return new BadSyntax(text, this.#at)
  }

  /** An error saying what should stand here, to be thrown. */
  expected(what: string): BadSyntax {
    return this.bad(`expected ${what} at position ${this.#at}`)
  }

  /** The next char, the empty text at the end. */
  peek(): string {
    return this.#text.charAt(this.#at)
  }

  /** Whether the text goes on with `text`, in any case. */
  startsWith(text: string): boolean {
    return this.#text.slice(this.#at, this.#at + text.length).toUpperCase() === text.toUpperCase()
  }

  /** Reads `char` if it comes next. */
  tryChar(char: string): boolean {
    if (this.atEnd || this.#text.charCodeAt(this.#at) !== char.charCodeAt(0)) return false
    this.#at++
    return true
  }

  /** Reads `char`. */
  char(char: string, what: string = `"${char}"`): void {
    if (!this.tryChar(char)) throw this.expected(what)
  }

  /** SP: exactly one. */
  space(): void {
    this.char(' ', 'a space')
  }

  /** Whether a space follows and something behind it. Spaces at the end are nothing, see {@link end}. */
  get hasMore(): boolean {
    const next = this.#text.charCodeAt(this.#at + 1) // NaN at the end
    return this.#text.charCodeAt(this.#at) === 0x20 && next > 0x20
  }

  /** The end of the command. Quirk(many clients): spaces before the CRLF are let pass. */
  end(): void {
    while (this.tryChar(' '));
    if (!this.atEnd) throw this.expected('the end of the command')
  }

  /** Everything that is left. */
  rest(): string {
    const rest = this.#text.slice(this.#at)
    this.#at = this.#text.length
    return rest
  }

  tag(): string {
    return this.#while(TAG, 'a tag')
  }

  atom(what: string): string {
    return this.#while(ATOM, what)
  }

  /** An atom in upper case. */
  keyword(what: string): string {
    return this.atom(what).toUpperCase()
  }

  /** Letters, digits, `.`, `-` and `_` in upper case: the names of fetch items, where `[` may follow at once. */
  name(what: string): string {
    return this.#while(NAME, what).toUpperCase()
  }

  /** Reads `word`, in any case, if it is the whole atom that comes next. */
  tryWord(word: string): boolean {
    const end = this.#at + word.length
    if (isOf(this.#text.charCodeAt(end), ATOM) || !this.startsWith(word)) return false
    this.#at = end
    return true
  }

  /** atom or string. */
  astring(what: string): string {
    return this.#atString() ? this.string(what) : this.#while(ASTRING, what)
  }

  /** Quoted or literal; literal8, too. Quotes may hold octets above 127: whether they are UTF-8 is not checked here. */
  string(what: string): string {
    return this.tryChar('"') ? this.#quoted() : this.#literal(what)
  }

  /** A string, or `undefined` for NIL. */
  nstring(what: string): string | undefined {
    return this.tryWord('NIL') ? undefined : this.string(what)
  }

  /** 0 to 4294967295. */
  number(what: string): number {
    return this.#digits(what, maxNumber)
  }

  /** 0 to 2^63 - 1 (RFC 9051 §9 number64); above 2^53 - 1, where nothing of ours is, all of them count as that. */
  number64(what: string): number {
    return Math.min(this.#digits(what, maxNumber64), Number.MAX_SAFE_INTEGER)
  }

  /** 1 to 4294967295, without a leading zero. */
  nzNumber(what: string): number {
    if (this.peek() === '0') throw this.expected(what)
    return this.#digits(what, maxNumber)
  }

  /** nz-number64 as far as {@link number64} goes. */
  nzNumber64(what: string): number {
    if (this.peek() === '0') throw this.expected(what)
    return this.number64(what)
  }

  /** Sequence numbers or UIDs, with `*`, or `$`. */
  sequenceSet(): NumberSet {
    if (this.tryChar('$')) return { saved: true, ranges: [] }
    return { saved: false, ranges: this.#ranges(true) }
  }

  /** UIDs spelled out: neither `*` nor `$` (RFC 4315 §4 uid-set, RFC 7162 §7 known-uids). */
  uidSet(): NumberSet {
    return { saved: false, ranges: this.#ranges(false) }
  }

  /** Whether a sequence set begins here. */
  get atSequenceSet(): boolean {
    const code = this.#text.charCodeAt(this.#at)
    return isDigit(code) || code === 0x2a || code === 0x24
  }

  /** A mailbox's name as it came: modified UTF-7 or UTF-8, `INBOX` in any case. */
  mailbox(): string {
    return this.astring('a mailbox name')
  }

  /** A mailbox's name with wildcards. */
  listMailbox(): string {
    return this.#atString() ? this.string('a mailbox pattern') : this.#while(LIST, 'a mailbox pattern')
  }

  /** A system flag with its backslash, or a keyword. */
  flag(): string {
    const start = this.#at
    this.tryChar('\\')
    this.atom('a flag')
    return this.#text.slice(start, this.#at)
  }

  /** Flags in parentheses, perhaps none. */
  flagList(): string[] {
    return this.list(() => this.flag())
  }

  /** Items in parentheses with a space between any two, perhaps none; {@link maxListItems} at most. */
  list<T>(item: () => T): T[] {
    this.char('(')
    const items: T[] = []
    if (this.tryChar(')')) return items
    do {
      if (items.length === maxListItems) throw this.bad('too many items in a list')
      items.push(item())
    } while (this.tryChar(' '))
    this.char(')', '")" or a space')
    return items
  }

  /** date-time in its quotes, as seconds since 1970 in UTC. A second of 60 counts as the next minute's first. */
  dateTime(): number {
    this.char('"', 'a date and time')
    const day = this.tryChar(' ') ? this.#fixed(1) : this.#fixed(2)
    const days = this.#restOfDate(day)
    this.space()
    const hour = this.#fixed(2)
    this.char(':')
    const minute = this.#fixed(2)
    this.char(':')
    const second = this.#fixed(2)
    this.space()
    const west = this.tryChar('-')
    if (!west) this.char('+', 'a zone')
    const zoneHours = this.#fixed(2)
    const zoneMinutes = this.#fixed(2)
    this.char('"')
    if (hour > 23 || minute > 59 || second > 60 || zoneHours > 23 || zoneMinutes > 59) {
      throw this.bad('there is no such time')
    }
    const zone = (zoneHours * 60 + zoneMinutes) * 60
    return days * 86_400 + hour * 3600 + minute * 60 + second - (west ? -zone : zone)
  }

  /** date, quoted or not, as days since 1970-01-01. */
  date(): number {
    const isQuoted = this.tryChar('"')
    let day = this.#fixed(1, 'a date')
    if (isDigit(this.#text.charCodeAt(this.#at))) day = day * 10 + this.#fixed(1)
    const days = this.#restOfDate(day)
    if (isQuoted) this.char('"')
    return days
  }

  /** The marker of a literal whose octets the framer streamed: they are not in the text, only its CRLF is. */
  streamedLiteral(): Marker {
    return this.#marker('a literal')
  }

  /** The octets of base64, at least one group of it. */
  base64(what: string): Buffer {
    const start = this.#at
    while (isBase64(this.#text.charCodeAt(this.#at))) this.#at++
    for (let padding = 0; padding < 2; padding++) this.tryChar('=')
    const octets = this.#at > start ? decodeBase64(this.#text.slice(start, this.#at)) : undefined
    if (!octets) throw this.expected(what)
    return octets
  }

  /** The name of a section's text in upper case: letters, digits and dots, as in `HEADER.FIELDS`. */
  sectionText(): string {
    return this.name('a section')
  }

  #while(classes: number, what: string): string {
    const start = this.#at
    while (isOf(this.#text.charCodeAt(this.#at), classes)) this.#at++
    if (this.#at === start) throw this.expected(what)
    return this.#text.slice(start, this.#at)
  }

  /** Whether a string stands here and not an atom: `~` is one unless `{` follows. */
  #atString(): boolean {
    const code = this.#text.charCodeAt(this.#at)
    return code === 0x22 || code === 0x7b || (code === 0x7e && this.#text.charCodeAt(this.#at + 1) === 0x7b)
  }

  #quoted(): string {
    const text = this.#text
    const start = this.#at
    let whole = ''
    let from = start
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === 0x22) {
        this.#at = at + 1
        return from === start ? text.slice(start, at) : whole + text.slice(from, at)
      }
      if (code === 0x5c) {
        const escaped = text.charCodeAt(at + 1)
        if (escaped !== 0x22 && escaped !== 0x5c) break
        whole += text.slice(from, at)
        from = ++at
      } else if (code === 0x0d || code === 0x0a || code === 0) break
    }
    throw this.bad('a quoted string has no end, or holds what it must not')
  }

  #literal(what: string): string {
    const { size, binary } = this.#marker(what)
    const end = this.#at + size
    if (end > this.#text.length) throw this.bad('a literal is not in the command')
    const octets = this.#text.slice(this.#at, end)
    if (!binary && octets.includes('\0')) throw this.bad('a literal must not hold NUL')
    this.#at = end
    return octets
  }

  #marker(what: string): Marker {
    const cr = this.#text.indexOf('\r', this.#at)
    const isNear = cr >= 0 && cr - this.#at <= maxMarkerLength && this.#text.charCodeAt(cr + 1) === 0x0a
    const text = isNear && this.#atString() ? this.#text.slice(this.#at, cr) : ''
    const marker = markerAtEnd(text)
    if (!marker || text.lastIndexOf('{') > (marker.binary ? 1 : 0)) throw this.expected(what)
    this.#at = cr + 2
    return marker
  }

  #digits(what: string, max: number): number {
    const start = this.#at
    let value = 0
    for (let digit; (digit = this.#text.charCodeAt(this.#at) - 0x30) >= 0 && digit <= 9; this.#at++) {
      value = value * 10 + digit
      if (value > max) throw this.bad(`${what} is too large`)
    }
    if (this.#at === start) throw this.expected(what)
    return value
  }

  /** Exactly so many digits. */
  #fixed(length: number, what: string = 'a digit'): number {
    let value = 0
    for (let count = 0; count < length; count++) {
      const code = this.#text.charCodeAt(this.#at)
      if (!isDigit(code)) throw this.expected(what)
      value = value * 10 + code - 0x30
      this.#at++
    }
    return value
  }

  #restOfDate(day: number): number {
    this.char('-')
    const month = monthOf(this.#text.slice(this.#at, this.#at + 3))
    if (month === 0) throw this.expected('a month')
    this.#at += 3
    this.char('-')
    const date = { year: this.#fixed(4), month, day }
    if (!isDate(date)) throw this.bad('there is no such day')
    return daysFromDate(date)
  }

  #ranges(withStar: boolean): NumberRange[] {
    const ranges: NumberRange[] = []
    do {
      if (ranges.length === maxSetRanges) throw this.bad('too many ranges in a set')
      const first = this.#setNumber(withStar)
      ranges.push([first, this.tryChar(':') ? this.#setNumber(withStar) : first])
    } while (this.tryChar(','))
    return ranges
  }

  #setNumber(withStar: boolean): number {
    return withStar && this.tryChar('*') ? star : this.nzNumber('a message number')
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
