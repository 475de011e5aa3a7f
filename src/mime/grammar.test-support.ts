/** A strict reader of ENVELOPE, BODY and BODYSTRUCTURE (RFC 9051 §9), for tests: it throws at what is not grammar. */
import assert from 'node:assert/strict'

class Grammar {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  expect(token: string): void {
    assert.ok(this.#text.startsWith(token, this.#at), `expected ${token} at ${this.#at} of ${this.#text}`)
    this.#at += token.length
  }

  sees(token: string): boolean {
    return this.#text.startsWith(token, this.#at)
  }

  end(): void {
    assert.equal(this.#at, this.#text.length)
  }

  number(): number {
    const digits = /^\d+/.exec(this.#text.slice(this.#at, this.#at + 20))?.[0] ?? ''
    assert.ok(/^(?:0|[1-9]\d*)$/.test(digits), `expected a number at ${this.#at} of ${this.#text}`)
    this.#at += digits.length
    return Number(digits)
  }

  string(): string {
    if (this.sees('{')) {
      this.expect('{')
      const length = this.number()
      this.expect('}\r\n')
      const value = this.#text.slice(this.#at, this.#at + length)
      assert.equal(value.length, length)
      assert.ok(!value.includes('\0'))
      this.#at += length
      return value
    }
    this.expect('"')
    let value = ''
    for (;;) {
      const char = this.#text.charAt(this.#at++)
      if (char === '"') return value
      if (char === '\\') {
        const escaped = this.#text.charAt(this.#at++)
        assert.match(escaped, /["\\]/)
        value += escaped
      } else {
        assert.ok(char > '\0' && char <= '\x7f')
        assert.match(char, /^[^\r\n]$/)
        value += char
      }
    }
  }

  nstring(): string | undefined {
    if (!this.sees('NIL')) return this.string()
    this.expect('NIL')
    return undefined
  }

  nilOr(other: () => void): void {
    if (this.sees('NIL')) this.expect('NIL')
    else other()
  }

  addresses(): void {
    this.nilOr(() => {
      let inGroup = false
      this.expect('(')
      do {
        this.expect('(')
        const name = this.nstring()
        this.expect(' ')
        this.nstring()
        this.expect(' ')
        const mailbox = this.nstring()
        this.expect(' ')
        const host = this.nstring()
        this.expect(')')
        if (host === undefined) {
          assert.equal(name, undefined)
          assert.equal(mailbox === undefined, inGroup, 'groups start and end in turn')
          inGroup = !inGroup
        } else assert.notEqual(mailbox, undefined)
      } while (this.sees('('))
      assert.equal(inGroup, false)
      this.expect(')')
    })
  }

  envelope(): void {
    this.expect('(')
    this.nstring()
    this.expect(' ')
    this.nstring()
    for (let n = 0; n < 6; n++) {
      this.expect(' ')
      this.addresses()
    }
    this.expect(' ')
    this.nstring()
    this.expect(' ')
    this.nstring()
    this.expect(')')
  }

  parameters(): void {
    this.nilOr(() => {
      this.expect('(')
      for (;;) {
        this.string()
        this.expect(' ')
        this.string()
        if (!this.sees(' ')) break
        this.expect(' ')
      }
      this.expect(')')
    })
  }

  /** Disposition, language and location. */
  placement(): void {
    this.expect(' ')
    this.nilOr(() => {
      this.expect('(')
      this.string()
      this.expect(' ')
      this.parameters()
      this.expect(')')
    })
    this.expect(' ')
    if (this.sees('(')) {
      this.expect('(')
      this.string()
      while (this.sees(' ')) {
        this.expect(' ')
        this.string()
      }
      this.expect(')')
    } else this.nstring()
    this.expect(' ')
    this.nstring()
  }

  body(extended: boolean): void {
    this.expect('(')
    if (this.sees('(')) {
      while (this.sees('(')) this.body(extended)
      this.expect(' ')
      this.string()
      if (extended) {
        this.expect(' ')
        this.parameters()
        this.placement()
      }
    } else this.singlePart(extended)
    this.expect(')')
  }

  singlePart(extended: boolean): void {
    const type = this.string().toLowerCase()
    this.expect(' ')
    const subtype = this.string().toLowerCase()
    this.expect(' ')
    this.parameters()
    this.expect(' ')
    this.nstring()
    this.expect(' ')
    this.nstring()
    this.expect(' ')
    this.string()
    this.expect(' ')
    this.number()
    assert.notEqual(type, 'multipart')
    if (type === 'message' && (subtype === 'rfc822' || subtype === 'global')) {
      this.expect(' ')
      this.envelope()
      this.expect(' ')
      this.body(extended)
      this.expect(' ')
      this.number()
    } else if (type === 'text') {
      this.expect(' ')
      this.number()
    }
    if (extended) {
      this.expect(' ')
      this.nstring()
      this.placement()
    }
  }
}

/** Throws unless `text` is an envelope, and nothing else. */
export function checkEnvelope(text: string): void {
  const grammar = new Grammar(text)
  grammar.envelope()
  grammar.end()
}

/** Throws unless `text` is a body with (or without) extension data, and nothing else. */
export function checkBodyStructure(text: string, extended: boolean): void {
  const grammar = new Grammar(text)
  grammar.body(extended)
  grammar.end()
}
