import { maxCommentDepth } from './limits.ts'

/** Characters that end a word in structured fields besides blanks: RFC 5322 §3.2.3 specials, without the dot. */
const specials = new Set(Buffer.from('()<>[]:;@\\,"'))

/**
 * Reads the value of a structured field (RFC 5322 §3.2), one octet per char and unfolded. It never throws: what is
 * not closed ends with the value.
 */
export class StructuredReader {
  readonly text: string
  at = 0
  /** What the comment that was passed over last says; undefined when there was none. */
  comment: string | undefined

  constructor(text: string) {
    this.text = text
  }

  get ended(): boolean {
    return this.at >= this.text.length
  }

  /** The next character, or '' at the end. */
  get next(): string {
    return this.text.charAt(this.at)
  }

  /** Passes over blanks and comments (RFC 5322 §3.2.2). */
  skipBlanks(): void {
    for (;;) {
      const char = this.text.charCodeAt(this.at)
      if (char === 0x28) this.#skipComment()
      else if (char === 0x20 || char === 0x09 || char === 0x0d || char === 0x0a || char === 0x00) this.at++
      else return
    }
  }

  /** Passes over `char` when it is the next one, and says whether it was. */
  take(char: string): boolean {
    if (this.text[this.at] !== char) return false
    this.at++
    return true
  }

  /** Everything up to a blank, a comment or a special character; '' when the next one is such. */
  atom(): string {
    const start = this.at
    for (; this.at < this.text.length; this.at++) {
      const char = this.text.charCodeAt(this.at)
      if (char <= 0x20 || specials.has(char)) break
    }
    return this.text.slice(start, this.at)
  }

  /** Everything up to one of `stops`, a blank or a comment. */
  until(stops: string): string {
    const start = this.at
    for (; this.at < this.text.length; this.at++) {
      const char = this.text.charCodeAt(this.at)
      if (char <= 0x20 || char === 0x28 || stops.includes(this.text.charAt(this.at))) break
    }
    return this.text.slice(start, this.at)
  }

  /** The quoted string that starts here, without its quotes and backslashes (RFC 5322 §3.2.4). */
  quoted(): string {
    return this.#enclosed('"')
  }

  /** The domain literal that starts here, with its brackets and without blanks (RFC 5322 §3.4.1). */
  domainLiteral(): string {
    return '[' + this.#enclosed(']').replace(/[\t ]/g, '') + ']'
  }

  #enclosed(close: string): string {
    const { text } = this
    let content = ''
    let runStart = ++this.at
    while (this.at < text.length) {
      const char = text[this.at]
      if (char === close) {
        content += text.slice(runStart, this.at++)
        return content
      }
      if (char === '\\' && this.at + 1 < text.length) {
        content += text.slice(runStart, this.at)
        runStart = this.at + 1
        this.at++
      }
      this.at++
    }
    return content + text.slice(runStart)
  }

  #skipComment(): void {
    const { text } = this
    const start = this.at + 1
    let depth = 0
    for (; this.at < text.length; this.at++) {
      const char = text[this.at]
      if (char === '\\') this.at++
      else if (char === '(' && depth < maxCommentDepth) depth++
      else if (char === ')' && --depth === 0) break
    }
    this.comment = text.slice(start, this.at).replace(/\\(.)/gs, '$1').trim()
    this.at = Math.min(this.at + 1, text.length)
  }
}
