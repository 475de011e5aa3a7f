import { isUtf8 } from 'node:buffer'

/** Throws at what is not grammar, and says where. */
export class NotGrammar extends Error {
  constructor(expected: string, text: string, at: number) {
    super(`expected ${expected} at ${at} of ${JSON.stringify(text.slice(0, 2000))}`)
    this.name = 'NotGrammar'
  }
}

/** What a string may be besides quoted or a literal. */
export interface StringOptions {
  readonly binary?: boolean
  readonly nul?: boolean
}

/**
 * A cursor over one complete response, its literals in it and its last CRLF not; one char is one octet. It is a reader
 * of its own, apart from the product's, so that a fault is not on both sides. Every method throws {@link NotGrammar}.
 */
export class ResponseReader {
  readonly text: string
  #at = 0
  /** Whether quoted strings may hold UTF-8 (RFC 9755 §3, RFC 9051 §9 QUOTED-CHAR). */
  readonly #utf8: boolean

  constructor(text: string, utf8: boolean) {
    this.text = text
    this.#utf8 = utf8
  }

  get at(): number {
    return this.#at
  }

  get atEnd(): boolean {
    return this.#at === this.text.length
  }

  fail(expected: string): NotGrammar {
    return new NotGrammar(expected, this.text, this.#at)
  }

  sees(token: string): boolean {
    return this.text.startsWith(token, this.#at)
  }

  try(token: string): boolean {
    if (!this.sees(token)) return false
    this.#at += token.length
    return true
  }

  expect(token: string): void {
    if (!this.try(token)) throw this.fail(JSON.stringify(token))
  }

  end(): void {
    if (!this.atEnd) throw this.fail('the end')
  }

  /** What `pattern`, which must be sticky, finds here. */
  take(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.text)?.[0]
    if (found === undefined) throw this.fail(what)
    this.#at += found.length
    return found
  }

  /** RFC 9051 §9 atom */
  atom(what = 'an atom'): string {
    return this.take(/[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]+/y, what)
  }

  /** RFC 9051 §9 number, or number64: without zeros in front. */
  number(max: number = 0xffff_ffff): number {
    const value = Number(this.take(/(?:0|[1-9]\d*)(?!\d)/y, 'a number'))
    if (value > max) throw this.fail(`a number up to ${max} before`)
    return value
  }

  nzNumber(max?: number): number {
    const value = this.number(max)
    if (value === 0) throw this.fail('a number above 0 before')
    return value
  }

  /** RFC 7162 §7 mod-sequence-value */
  modSeq(): number {
    return this.nzNumber(Number.MAX_SAFE_INTEGER)
  }

  /** RFC 9051 §9 uid-set, as ranges in the order in which they stand. */
  uidRanges(): (readonly [first: number, last: number])[] {
    const ranges: (readonly [number, number])[] = []
    do {
      const first = this.nzNumber()
      ranges.push([first, this.try(':') ? this.nzNumber() : first])
    } while (this.try(','))
    return ranges
  }

  /**
   * RFC 9051 §9 string. With `binary`, literal8 as well (RFC 3516 §7). With `nul`, a literal may hold NUL: what stands in a
   * message is sent as it is, and only BINARY could announce it.
   */
  string({ binary = false, nul = false }: StringOptions = {}): string {
    if (this.sees('{') || (binary && this.sees('~{'))) return this.#literal(nul)
    this.expect('"')
    let value = ''
    while (!this.try('"')) {
      if (this.try('\\')) value += this.take(/["\\]/y, 'a quote or backslash')
      else if (this.#utf8) value += this.take(/[^\0\r\n"\\]+/y, 'a char of a string')
      else value += this.take(/[^\0\r\n"\\\x80-\xff]+/y, 'a 7-bit char of a string')
    }
    return value
  }

  #literal(nul: boolean): string {
    const mayHoldNul = this.try('~') || nul
    this.expect('{')
    const length = this.number()
    this.expect('}\r\n')
    const value = this.text.slice(this.#at, this.#at + length)
    if (value.length < length) throw this.fail(`a literal of ${length} octets`)
    if (!mayHoldNul && value.includes('\0')) throw this.fail('a literal without NUL')
    this.#at += length
    return value
  }

  nstring(options: StringOptions = {}): string | undefined {
    return this.try('NIL') ? undefined : this.string(options)
  }

  /** RFC 9051 §9 astring */
  astring(): string {
    if (this.sees('"') || this.sees('{')) return this.string()
    return this.take(/[!#$&'+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+/y, 'an astring')
  }

  /** `(a b c)`, possibly with nothing in it. */
  list<Item>(item: () => Item): Item[] {
    const items: Item[] = []
    this.expect('(')
    if (this.try(')')) return items
    do items.push(item())
    while (this.try(' '))
    this.expect(')')
    return items
  }

  /** RFC 9051 §9 flag, flag-extension and, where `any` is set, `\*`. */
  flag(any = false): string {
    if (any && this.try('\\*')) return '\\*'
    const slash = this.try('\\') ? '\\' : ''
    return slash + this.atom('a flag')
  }

  /** Flags, none of them twice. */
  flags(any = false): string[] {
    const flags = this.list(() => this.flag(any))
    if (new Set(flags.map((flag) => flag.toLowerCase())).size < flags.length) throw this.fail('no flag twice before')
    return flags
  }

  /** RFC 9051 §9 date-time */
  dateTime(): string {
    const month = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec'
    return this.take(new RegExp(`"[ 0-3]\\d-(?:${month})-\\d{4} [0-2]\\d:[0-5]\\d:[0-6]\\d [-+]\\d{4}"`, 'y'), 'a date')
  }

  /** RFC 9051 §9 text, up to the end; may be empty, as clients must bear it. */
  restOfText(): string {
    const rest = this.text.slice(this.#at)
    // UTF-8 where the client has chosen a language (RFC 5255 §3.5).
    const isText = !/[\0\r\n]/.test(rest) && (this.#utf8 || isUtf8(Buffer.from(rest, 'latin1')))
    if (!isText) throw this.fail('text without control characters, in UTF-8')
    this.#at = this.text.length
    return rest
  }

  /** A parenthesised value of any shape; its text. */
  nested(): string {
    const from = this.#at
    this.#skipValue()
    return this.text.slice(from, this.#at)
  }

  #skipValue(): void {
    let depth = 0
    do {
      if (this.try('(')) depth++
      else if (this.try(')')) depth--
      else if (this.sees('"') || this.sees('{')) this.string()
      else if (!this.try(' ')) this.atom('a value')
    } while (depth > 0)
  }
}
