import { isOf, TAG } from './chars.ts'
import { markerAtEnd, maxMarkerLength } from './marker.ts'

/** What one client may make us keep. All in octets. */
export interface FramerLimits {
  /** One line, without its CRLF. */
  readonly maxLineBytes: number
  /** One command: its lines and the literals gathered with them. */
  readonly maxCommandBytes: number
  /** One literal that is gathered. */
  readonly maxGatheredLiteralBytes: number
  /** Literals of one command: with each, what came of the command so far is looked at again. */
  readonly maxLiterals: number
}

/** Why a command cannot be read. */
export type FramingProblem = 'line-too-long' | 'bare-lf' | 'command-too-long' | 'too-many-literals' | 'nul'

/** A command without its CRLF. Gathered literals stand in it as they came; of streamed ones only the marker. */
export interface CommandFrame {
  readonly kind: 'command'
  /** One char is one octet. */
  readonly text: string
}

/** A line that ends in the marker of a literal. Nothing more comes until the caller says what to do with it. */
export interface LiteralFrame {
  readonly kind: 'literal'
  /** The command so far, including the marker but not its CRLF. */
  readonly text: string
  readonly size: number
  readonly synchronising: boolean
  readonly binary: boolean
  /** Whether {@link Framer.gather} would stay within the limits. */
  readonly fits: boolean
}

/** A command that cannot be read. It is over: what comes next is a new command. */
export interface BrokenFrame {
  readonly kind: 'broken'
  readonly problem: FramingProblem
  /** The beginning of the command, {@link maxBrokenText} chars at most. */
  readonly text: string
  /** The tag to answer with, if one could be read. */
  readonly tag: string | undefined
}

/** What {@link Framer.next} found. */
export type Frame =
  | CommandFrame
  | LiteralFrame
  | BrokenFrame
  | { readonly kind: 'literalData'; readonly chunk: Buffer }
  | { readonly kind: 'literalEnd' }
  /** The command whose literal was discarded, up to and including that literal's marker. */
  | { readonly kind: 'discarded'; readonly text: string }
  /** The line asked for by {@link Framer.expectLine}. */
  | { readonly kind: 'line'; readonly text: string }

/** Chars of a broken command that are kept to answer it. */
export const maxBrokenText = 200

type Mode =
  | 'line' /* reading a line of a command */
  | 'raw' /* reading one line that is no command */
  | 'decide' /* at a literal, waiting for the caller */
  | 'gather'
  | 'stream'
  | 'swallowLine'
  | 'swallowLiteral'

const nothing: Buffer = Buffer.alloc(0)

/**
 * Cuts the octets of a client into commands (RFC 9051 §2.2.1, §4.3; RFC 7888 §3, §4). Knows lines and literals and
 * nothing else, so the next command begins in the right place whatever is wrong with this one. Feed it, then call
 * {@link next} until it returns `undefined`. It keeps what it is fed: stop feeding while a literal waits for a
 * decision.
 */
export class Framer {
  #limits: FramerLimits
  #mode: Mode = 'line'

  /** Octets not yet framed: `#data` from `#at` to `#end`. Behind `#end` there is room if the buffer is ours. */
  #data: Buffer = nothing
  #at = 0
  #end = 0
  #ours = false
  /** Up to here there is no LF. */
  #scanned = 0

  /** The command so far, when it has several lines. */
  #parts: string[] = []
  #partsLength = 0
  #literals = 0
  /** Octets of the literal still to come. */
  #remaining = 0
  #fits = false
  #synchronising = false
  #rawLimit = 0

  /** Why the command is being swallowed, what will be said of it, and the end of its line so far. */
  #reason: FramingProblem | 'discarded' = 'discarded'
  #head = ''
  #headGrows = false
  #lineEnd = ''
  #swallowsRaw = false

  constructor(limits: FramerLimits) {
    this.#limits = limits
  }

  /** Applies from the next line on. */
  setLimits(limits: FramerLimits): void {
    this.#limits = limits
  }

  /** Octets held: not yet framed, or of a command not yet complete. */
  get buffered(): number {
    return this.#end - this.#at + this.#partsLength
  }

  /** Takes octets. `chunk` must not change until {@link next} has returned `undefined`. */
  feed(chunk: Buffer): void {
    const kept = this.#end - this.#at
    if (kept === 0) {
      this.#data = chunk
      this.#at = this.#scanned = 0
      this.#end = chunk.length
      this.#ours = false
      return
    }
    if (!this.#ours || this.#end + chunk.length > this.#data.length) this.#move(2 * (kept + chunk.length))
    this.#data.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** The next frame, or `undefined` if it takes more octets or a decision. */
  next(): Frame | undefined {
    for (;;) {
      const frame = this.#step(this.#mode)
      if (frame) return frame
      if (frame === undefined) {
        this.#shrink()
        return undefined
      }
    }
  }

  /**
   * The next line will be given as it is, whatever it ends with: a response to AUTHENTICATE, or DONE. To be called
   * between commands. `maxBytes`: its own limit; the line limit by default.
   */
  expectLine(maxBytes: number = this.#limits.maxLineBytes): void {
    if (this.#mode !== 'line' || this.#parts.length > 0) throw new Error('expectLine() inside a command')
    this.#mode = 'raw'
    this.#rawLimit = maxBytes
  }

  /** The literal becomes part of the command's text. One that does not fit breaks the command: `command-too-long`. */
  gather(): void {
    if (this.#fits) this.#decide('gather')
    else this.#swallowFrom('command-too-long')
  }

  /** The literal comes in `literalData` frames, then `literalEnd`, then the command goes on. */
  stream(): void {
    this.#decide('stream')
  }

  /** The literal and the rest of the command are thrown away; then comes `discarded`. */
  discard(): void {
    this.#swallowFrom('discarded')
  }

  /** The client has been told no and will not send this synchronising literal: the next octets are a new command. */
  abandon(): void {
    if (!this.#synchronising) throw new Error('abandon() of a literal that comes unasked')
    this.#decide('line')
    this.#forget()
  }

  /** Hands over all octets not yet framed, for STARTTLS and COMPRESS, and forgets them. */
  takeRest(): Buffer {
    const rest = this.#data.subarray(this.#at, this.#end)
    this.#at = this.#end
    this.#shrink()
    return rest
  }

  /** One step: a frame; `undefined` to wait; `null` to go on. */
  #step(mode: Mode): Frame | undefined | null {
    switch (mode) {
      case 'line':
        return this.#readLine()
      case 'raw':
        return this.#readRaw()
      case 'decide':
        return undefined
      case 'gather':
        return this.#readGathered()
      case 'stream':
        return this.#readStreamed()
      case 'swallowLine':
        return this.#swallowLine()
      case 'swallowLiteral':
        return this.#swallowLiteral()
    }
  }

  /** Offset of the LF that ends the line, -1 if it has not come. */
  #findLf(): number {
    // Not past `#end`: what stands there is old, and would be searched again for each octet that comes.
    const data = this.#end === this.#data.length ? this.#data : this.#data.subarray(0, this.#end)
    const found = data.indexOf(0x0a, this.#scanned)
    if (found < 0) this.#scanned = this.#end
    return found
  }

  #readLine(): Frame | undefined | null {
    const { maxLineBytes, maxCommandBytes, maxGatheredLiteralBytes, maxLiterals } = this.#limits
    const line = this.#takeLine(maxLineBytes)
    if (line === undefined || line === null) return line
    if (this.#partsLength + line.length > maxCommandBytes) {
      this.#beginSwallow('command-too-long')
      return null
    }
    const marker = markerAtEnd(line)
    if (marker && ++this.#literals > maxLiterals) {
      this.#beginSwallow('too-many-literals')
      return null
    }
    this.#moveTo(this.#at + line.length + 2)
    if (marker) {
      const text = this.#parts.join('') + line
      this.#keep(line + '\r\n')
      this.#remaining = marker.size
      this.#synchronising = marker.synchronising
      this.#fits = marker.size <= maxGatheredLiteralBytes && this.#partsLength + marker.size <= maxCommandBytes
      this.#mode = 'decide'
      return { kind: 'literal', text, ...marker, fits: this.#fits }
    }
    if (this.#parts.length === 0) return line === '' ? null : { kind: 'command', text: line }
    const text = this.#parts.join('') + line
    this.#forget()
    return { kind: 'command', text }
  }

  #readRaw(): Frame | undefined | null {
    const text = this.#takeLine(this.#rawLimit)
    if (text === undefined || text === null) {
      this.#swallowsRaw = text === null
      return text
    }
    this.#moveTo(this.#at + text.length + 2)
    this.#mode = 'line'
    return { kind: 'line', text }
  }

  /** The line at `#at` without its CRLF; `undefined` if it is not all here; `null` if it is now being swallowed. */
  #takeLine(maxBytes: number): string | undefined | null {
    const start = this.#at
    const lf = this.#findLf()
    const crlf = lf > start && this.#data[lf - 1] === 0x0d
    // Without its end, the last octet may be the CR.
    const length = (lf < 0 ? this.#end - 1 : crlf ? lf - 1 : lf) - start
    if (length > maxBytes) this.#beginSwallow('line-too-long')
    else if (lf < 0) return undefined
    else if (!crlf) this.#beginSwallow('bare-lf')
    else {
      const line = this.#data.toString('latin1', start, start + length)
      if (!line.includes('\0')) return line
      this.#beginSwallow('nul')
    }
    return null
  }

  #readGathered(): undefined | null {
    if (this.#end - this.#at < this.#remaining) return undefined
    const end = this.#at + this.#remaining
    this.#keep(this.#data.toString('latin1', this.#at, end))
    this.#moveTo(end)
    this.#mode = 'line'
    return null
  }

  #readStreamed(): Frame | undefined {
    if (this.#remaining === 0) {
      this.#mode = 'line'
      return { kind: 'literalEnd' }
    }
    const length = Math.min(this.#remaining, this.#end - this.#at)
    if (length === 0) return undefined
    const chunk = this.#data.subarray(this.#at, this.#at + length)
    this.#remaining -= length
    this.#moveTo(this.#at + length)
    return { kind: 'literalData', chunk }
  }

  /** From the start of the present line the command is swallowed, with all literals that come unasked. */
  #beginSwallow(problem: FramingProblem): void {
    this.#reason = problem
    this.#head = this.#parts.join('').slice(0, maxBrokenText)
    this.#headGrows = true
    this.#forget()
    this.#swallowsRaw = false
    this.#mode = 'swallowLine'
    this.#scanned = this.#at
  }

  #swallowFrom(reason: FramingProblem | 'discarded'): void {
    this.#decide('swallowLiteral')
    this.#reason = reason
    const text = this.#parts.join('').slice(0, -2)
    this.#head = reason === 'discarded' ? text : text.slice(0, maxBrokenText)
    this.#swallowsRaw = false
    this.#forget()
  }

  #swallowLine(): Frame | undefined | null {
    const lf = this.#findLf()
    const end = lf < 0 ? this.#end : lf
    if (this.#headGrows) {
      this.#head += this.#data.toString('latin1', this.#at, Math.min(end, this.#at + maxBrokenText - this.#head.length))
    }
    const from = Math.max(this.#at, end - maxMarkerLength - 1)
    this.#lineEnd = (this.#lineEnd + this.#data.toString('latin1', from, end)).slice(-maxMarkerLength - 1)
    this.#moveTo(lf < 0 ? end : lf + 1)
    if (lf < 0) return undefined
    if (this.#headGrows && this.#head.endsWith('\r')) this.#head = this.#head.slice(0, -1)
    this.#headGrows = false
    const marker =
      !this.#swallowsRaw && this.#lineEnd.endsWith('\r') ? markerAtEnd(this.#lineEnd.slice(0, -1)) : undefined
    this.#lineEnd = ''
    // The answer to the command comes instead of `+`, so a synchronising literal will not be sent.
    if (!marker || marker.synchronising) return this.#swallowed()
    this.#remaining = marker.size
    this.#mode = 'swallowLiteral'
    return null
  }

  #swallowLiteral(): undefined | null {
    const length = Math.min(this.#remaining, this.#end - this.#at)
    this.#remaining -= length
    this.#moveTo(this.#at + length)
    if (this.#remaining > 0) return undefined
    this.#lineEnd = ''
    this.#mode = 'swallowLine'
    return null
  }

  #swallowed(): Frame {
    const text = this.#head
    const problem = this.#reason
    this.#head = ''
    this.#mode = 'line'
    if (problem === 'discarded') return { kind: 'discarded', text }
    return { kind: 'broken', problem, text, tag: tagOf(text) }
  }

  #decide(mode: Mode): void {
    if (this.#mode !== 'decide') throw new Error('no literal waits for a decision')
    this.#mode = mode
  }

  #keep(text: string): void {
    this.#parts.push(text)
    this.#partsLength += text.length
  }

  #forget(): void {
    this.#parts = []
    this.#partsLength = this.#literals = 0
  }

  #moveTo(at: number): void {
    this.#at = this.#scanned = at
  }

  /** What is left when all frames are out must not hold on to the chunk it came in. */
  #shrink(): void {
    if (this.#at === this.#end) {
      this.#data = nothing
      this.#at = this.#end = this.#scanned = 0
      this.#ours = false
    } else if (!this.#ours) {
      this.#move(this.#end - this.#at)
    }
  }

  /** Into a buffer of our own. Never in place: frames given out may be views of the old one. */
  #move(capacity: number): void {
    // Not from the pool, where a small buffer would hold 8 KiB.
    const data = Buffer.allocUnsafeSlow(capacity)
    data.set(this.#data.subarray(this.#at, this.#end))
    this.#data = data
    this.#end -= this.#at
    this.#scanned -= this.#at
    this.#at = 0
    this.#ours = true
  }
}

function tagOf(text: string): string | undefined {
  let at = 0
  while (isOf(text.charCodeAt(at), TAG)) at++
  return at > 0 && text.charCodeAt(at) === 0x20 ? text.slice(0, at) : undefined
}
