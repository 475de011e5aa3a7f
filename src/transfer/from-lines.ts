/** How lines that look like the start of a message in an mbox file are told from it. */
export type FromQuoting = 'none' | 'o' | 'rd'

/** How many `>` before `From ` are looked at. */
const maxQuotes = 1000

const patterns: Readonly<Record<'quote' | 'unquote', Readonly<Record<FromQuoting, RegExp | undefined>>>> = {
  quote: {
    none: undefined,
    o: /\n(From )/g,
    rd: new RegExp(`\\n(>{0,${maxQuotes}}From )`, 'g'),
  },
  unquote: {
    none: undefined,
    o: /\n>(From )/g,
    rd: new RegExp(`\\n>(>{0,${maxQuotes}}From )`, 'g'),
  },
}

/** Puts a `>` in front of such lines, or takes one away. Chunks may be split anywhere; `finish` gives the rest. */
export class FromLines {
  readonly #pattern: RegExp | undefined
  readonly #replacement: string
  /** Text from the last line end on, as long as it may still turn out to be such a line. Starts at a line's start. */
  #held = '\n'
  /** Whether the line end that stands for the start is still to be taken off. */
  #atStart = true

  constructor(direction: 'quote' | 'unquote', quoting: FromQuoting) {
    this.#pattern = patterns[direction][quoting]
    this.#replacement = direction === 'quote' ? '\n>$1' : '\n$1'
  }

  push(chunk: Buffer): Buffer {
    if (!this.#pattern || chunk.length === 0) return chunk
    const text = this.#held + chunk.toString('latin1')
    const lastLine = text.lastIndexOf('\n')
    const start = text.slice(lastLine + 1, lastLine + maxQuotes + 8)
    const cut = lastLine !== -1 && /^>*(?:F(?:r(?:om?)?)?)?$/.test(start) ? lastLine : text.length
    this.#held = text.slice(cut)
    return this.#emit(text.slice(0, cut))
  }

  finish(): Buffer {
    const rest = this.#pattern ? this.#held : ''
    this.#held = ''
    return this.#emit(rest)
  }

  #emit(text: string): Buffer {
    if (text === '') return Buffer.alloc(0)
    const from = this.#atStart ? 1 : 0
    this.#atStart = false
    const replaced = this.#pattern ? text.replace(this.#pattern, this.#replacement) : text
    return Buffer.from(replaced.slice(from), 'latin1')
  }
}
