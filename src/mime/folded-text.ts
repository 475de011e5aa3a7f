import { fold } from './casemap.ts'
import type { TextPiece } from './searchable.ts'

/**
 * Folds text that comes in pieces, and gives it out in windows that overlap, so that whatever is in the folded text is
 * in one of them.
 */
export class FoldedText {
  readonly #overlap: number
  readonly #prepare: (text: string) => string
  /** Folded: the end of what was given out. */
  #given = ''
  /** Not folded yet: what stands behind it may change its folding. */
  #rest = ''

  /**
   * @param lengths of the texts that will be looked for, in characters
   * @param prepare of a collation
   */
  constructor(lengths: readonly number[], prepare: (text: string) => string = fold) {
    this.#prepare = prepare
    this.#overlap = Math.max(1, ...lengths) - 1
  }

  /** Takes in a piece. */
  *add({ text, startsAnew }: TextPiece): Generator<string> {
    if (startsAnew) yield* this.end()
    const whole = this.#rest + text
    const cut = lastStarter(whole)
    this.#rest = whole.slice(cut)
    if (cut > 0) yield this.#window(this.#prepare(whole.slice(0, cut)))
  }

  /** Ends the text at hand. */
  *end(): Generator<string> {
    if (this.#rest !== '') yield this.#window(this.#prepare(this.#rest))
    this.#rest = ''
    this.#given = ''
  }

  #window(folded: string): string {
    const window = this.#given + folded
    this.#given = this.#overlap === 0 ? '' : window.slice(-this.#overlap)
    return window
  }
}

/** Combining marks of one character that are kept together; more of them are not text. */
const maxMarks = 1_000
/** Characters that attach to the one before: decomposition may change the order of such. */
const attaches = /^[\p{M}\uff9e\uff9f]/u

/** Where the last character begins that starts anew, whatever stands before it (Unicode: of combining class 0). */
export function lastStarter(text: string): number {
  const limit = Math.max(0, text.length - maxMarks)
  for (let at = text.length - 1; at >= limit; at--) {
    const code = text.charCodeAt(at)
    if (code < 0x300) return at
    const isLowSurrogate = code >= 0xdc00 && code <= 0xdfff
    if (!isLowSurrogate && !attaches.test(text.slice(at, at + 2))) return at
  }
  return limit
}
