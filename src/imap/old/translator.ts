import { markerAtEnd } from '../../wire/marker.ts'
import { type OldDialect } from './dialect.ts'
import { Imap3 } from './imap3.ts'
import { type Asked, continuedToRev1, toRev1 } from './requests.ts'
import { continuedToOld, type Told, toOld } from './responses.ts'

/** Octets of one line of a client; longer ones are handed on in pieces, and refused by whoever gets them. */
export const maxOldLineBytes: number = 64 * 1024
/** Commands that a client may have sent and not seen answered. What comes beyond waits. */
export const maxOldCommands = 100

const LF = 0x0a
const nothing: Buffer = Buffer.alloc(0)

/** Cuts octets into lines and the octets of literals between them. */
class Pieces {
  #data: Buffer = nothing
  /** Octets of a literal still to come. */
  #literal = 0

  feed(chunk: Buffer): void {
    this.#data = this.#data.length === 0 ? chunk : Buffer.concat([this.#data, chunk])
  }

  /** The next octets are those of a literal. */
  beginLiteral(octets: number): void {
    this.#literal = octets
  }

  /** What there is of the literal; `undefined` where none is due. */
  literal(): Buffer | undefined {
    if (this.#literal === 0 || this.#data.length === 0) return undefined
    const octets = this.#data.subarray(0, this.#literal)
    this.#data = this.#data.subarray(octets.length)
    this.#literal -= octets.length
    return octets
  }

  /** Whether octets of a literal are missing. */
  get inLiteral(): boolean {
    return this.#literal > 0
  }

  get size(): number {
    return this.#data.length
  }

  /** The next line without its end, one char per octet; `undefined` until all of it has come. */
  line(): string | undefined {
    const end = this.#data.indexOf(LF)
    if (end < 0) return undefined
    const hasCr = this.#data[end - 1] === 0x0d
    const line = this.#data.toString('latin1', 0, hasCr ? end - 1 : end)
    this.#data = this.#data.subarray(end + 1)
    return line
  }

  /** All octets that are there. */
  rest(): Buffer {
    const rest = this.#data
    this.#data = nothing
    return rest
  }
}

/**
 * Stands between a client of an old dialect and a session of IMAP4rev1: what comes from either is handed on in the other's
 * words, line by line. Literals pass as they are; of commands that wait for their answers, only what the answers need is
 * kept.
 */
export class Translator {
  readonly #dialect: OldDialect
  readonly #imap3: Imap3 | undefined
  readonly #fromClient = new Pieces()
  readonly #fromServer = new Pieces()
  /** Commands without a tagged answer, in their order. */
  readonly #asked: Asked[] = []
  /**
   * The client's next line: of a new command, of one that goes on behind a literal, of a line that is too long; or none
   * before the server has decided on a literal.
   */
  #expects: 'command' | 'rest' | 'decision' | 'overlong' = 'command'
  #literalBytes = 0
  /** Whether the server's next line goes on with a response. */
  #inResponse = false
  /** A command that goes out before what the client sends. */
  #followUp: string | undefined

  constructor(dialect: OldDialect) {
    this.#dialect = dialect
    this.#imap3 = dialect === 'imap3' ? new Imap3() : undefined
  }

  /** Whether it holds what a client sent, until the server has answered. */
  get isFull(): boolean {
    return this.#fromClient.size > maxOldLineBytes
  }

  /** Takes octets of the client; returns those for the server. */
  fromClient(chunk: Buffer): Buffer {
    this.#fromClient.feed(chunk)
    return this.toServer()
  }

  /** What can be handed to the server by now. */
  toServer(): Buffer {
    const out: Buffer[] = []
    if (this.#followUp !== undefined) out.push(Buffer.from(this.#followUp + '\r\n', 'latin1'))
    this.#followUp = undefined
    for (;;) {
      const literal = this.#fromClient.literal()
      if (literal) {
        this.#imap3?.seeLiteral(literal, this.#asked.at(-1))
        out.push(literal)
        continue
      }
      if (this.#fromClient.inLiteral || this.#expects === 'decision' || this.#asked.length >= maxOldCommands) break
      if (this.#expects === 'command' && this.#asked.at(-1)?.isAlone) break
      const line = this.#fromClient.line()
      if (line === undefined) {
        if (this.#fromClient.size > maxOldLineBytes) {
          out.push(this.#fromClient.rest())
          this.#expects = 'overlong'
        }
        break
      }
      out.push(Buffer.from(this.#translated(line) + '\r\n', 'latin1'))
    }
    return Buffer.concat(out)
  }

  #translated(line: string): string {
    if (this.#expects === 'overlong') {
      this.#expects = 'command'
      return line
    }
    let text = line
    if (this.#expects === 'command') {
      const request = this.#imap3?.toRev1(line) ?? toRev1(line, this.#dialect)
      text = request.line
      if (request.asked) this.#asked.push(request.asked)
    } else {
      const asked = this.#asked.at(-1)
      text = this.#imap3?.continuedToRev1(line, asked) ?? continuedToRev1(line, asked ?? { command: '' })
    }
    const marker = markerAtEnd(text)
    this.#expects = marker ? (marker.synchronising ? 'decision' : 'rest') : 'command'
    if (marker?.synchronising) this.#literalBytes = marker.size
    else if (marker) this.#fromClient.beginLiteral(marker.size)
    return text
  }

  /** Takes octets of the server; returns those for the client. Look at {@link toServer} afterwards. */
  fromServer(chunk: Buffer): Buffer {
    this.#fromServer.feed(chunk)
    const out: Buffer[] = []
    for (;;) {
      const literal = this.#fromServer.literal()
      if (literal) {
        if (!this.#imap3?.hold(literal)) out.push(literal)
        continue
      }
      if (this.#fromServer.inLiteral) break
      const line = this.#fromServer.line()
      if (line === undefined) break
      out.push(Buffer.from(this.#told(line), 'latin1'))
    }
    return Buffer.concat(out)
  }

  #told(line: string): string {
    const [asked] = this.#asked
    const goesOn = this.#inResponse
    const { text, isLast, followUp } = goesOn ? this.#toldFurther(line, asked) : this.#toldFirst(line, asked)
    if (followUp !== undefined) this.#followUp = followUp
    const marker = line.startsWith('+') && !goesOn ? undefined : markerAtEnd(line)
    this.#inResponse = marker !== undefined
    if (marker) this.#fromServer.beginLiteral(marker.size)
    if (this.#expects === 'decision' && !goesOn && this.#asked.length <= 1) {
      if (line.startsWith('+ ')) {
        this.#expects = 'rest'
        this.#fromClient.beginLiteral(this.#literalBytes)
      } else if (isLast || asked === undefined) this.#expects = 'command'
    }
    if (isLast) this.#asked.shift()
    return text
  }

  #toldFirst(line: string, asked: Asked | undefined): Told {
    return this.#imap3?.toOld(line, asked) ?? toOld(line, asked, this.#dialect)
  }

  #toldFurther(line: string, asked: Asked | undefined): Told {
    const text = this.#imap3?.continuedToOld(line, asked) ?? continuedToOld(line, asked, this.#dialect) + '\r\n'
    return { text, isLast: false }
  }
}
