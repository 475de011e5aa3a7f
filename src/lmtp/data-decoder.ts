/**
 * Finds the end of what follows DATA and takes the extra dots off (RFC 5321 §4.1.1.4, §4.5.2).
 *
 * Only CR LF ends a line here (RFC 5321 §2.3.8): a dot between bare LFs or CRs is text. A server that took such a dot
 * for the end, behind a sender that does not, could be made to read a second message out of the first. All other octets are
 * passed on as they came, bare CR and LF too: what was sent is what is kept, and signatures over it stay valid.
 */
export class DataDecoder {
  #state: 'lineStart' | 'dot' | 'dotCr' | 'text' | 'cr' | 'end' = 'lineStart'

  /** Whether the end was found. */
  get ended(): boolean {
    return this.#state === 'end'
  }

  /**
   * Takes the next octets and hands the message's own to `sink`, in slices of `chunk` that are good as long as it is.
   * Returns how many octets were used: all, unless the end was found.
   */
  push(chunk: Buffer, sink: (octets: Buffer) => void): number {
    let at = 0
    /** Where the octets start that are not yet handed on. */
    let from = 0
    while (at < chunk.length) {
      switch (this.#state) {
        case 'text': {
          const dot = chunk.indexOf('\r\n.', at, 'latin1')
          if (dot === -1) {
            this.#state = stateAtEnd(chunk, at)
            at = chunk.length
          } else {
            this.#state = 'lineStart'
            at = dot + 2
          }
          break
        }
        case 'cr':
          if (chunk[at] === LF) this.#state = 'lineStart'
          else if (chunk[at] !== CR) this.#state = 'text'
          if (this.#state !== 'text') at++
          break
        case 'lineStart':
          if (chunk[at] === DOT) {
            if (at > from) sink(chunk.subarray(from, at))
            from = ++at
            this.#state = 'dot'
          } else this.#state = 'text'
          break
        case 'dot':
          if (chunk[at] === CR) {
            from = ++at
            this.#state = 'dotCr'
          } else this.#state = 'text'
          break
        case 'dotCr':
          if (chunk[at] === LF) {
            this.#state = 'end'
            return at + 1
          }
          sink(carriageReturn)
          this.#state = 'cr'
          break
        case 'end':
          return at
      }
    }
    if (chunk.length > from) sink(chunk.subarray(from))
    return chunk.length
  }
}

const CR = 0x0d
const LF = 0x0a
const DOT = 0x2e
const carriageReturn = Buffer.of(CR)

/** Where the octets of `chunk` from `at` on, which hold no CR LF dot and start inside a line, leave us. */
function stateAtEnd(chunk: Buffer, at: number): 'text' | 'cr' | 'lineStart' {
  const last = chunk.length - 1
  if (chunk[last] === CR) return 'cr'
  return chunk[last] === LF && last > at && chunk[last - 1] === CR ? 'lineStart' : 'text'
}
