/** Where responses go: a socket, or whatever stands in for it. */
export interface Output {
  /** Takes the octets, which will not change; `false` asks to wait for {@link drained} before the next. */
  write(chunk: Buffer): boolean
  /** Resolves when it takes octets again; rejects when it never will. */
  drained(): Promise<void>
}

/** Gathered octets that make the writer {@link ResponseWriter.full}. */
export const fullBytes: number = 64 * 1024

/** Octets that are copied in among the text; more than that go out as they are. */
const maxCopiedBytes = 16 * 1024

/**
 * Gathers responses and writes them in few, large pieces. Text is encoded once, one octet for each char. Nothing is
 * held while nothing is gathered. A command that may send much does, now and then,
 * `if (out.full) { out.flush(); await out.settled() }`.
 */
export class ResponseWriter {
  readonly #output: Output
  readonly #checked: boolean
  #pieces: (string | Uint8Array)[] = []
  #text = ''
  #gathered = 0
  #blocked = false

  /** `checked`: whether to throw on text that holds a char above 255, which would be sent as some other octet. */
  constructor(output: Output, checked: boolean = false) {
    this.#output = output
    this.#checked = checked
  }

  /** One line; the CRLF is added. */
  line(text: string): void {
    if (this.#checked) assertOctets(text)
    this.#text += text
    this.#text += '\r\n'
    this.#gathered += text.length + 2
  }

  /** Part of a line. */
  text(part: string): void {
    if (this.#checked) assertOctets(part)
    this.#text += part
    this.#gathered += part.length
  }

  /** Octets as they are. They must never change after this: they are copied only later, or not at all. */
  bytes(octets: Uint8Array): void {
    if (octets.length === 0) return
    this.#endText()
    this.#pieces.push(octets)
    this.#gathered += octets.length
  }

  /** Room for `length` octets right here. The caller fills all of it before it calls anything else. */
  reserve(length: number): Buffer {
    const room = Buffer.allocUnsafe(length)
    this.bytes(room)
    return room
  }

  /** Whether it is time to {@link flush}. */
  get full(): boolean {
    return this.#gathered >= fullBytes
  }

  /** Whether the output asked, at the last flush, to wait for {@link settled}. */
  get blocked(): boolean {
    return this.#blocked
  }

  /** Octets gathered and not yet flushed. */
  get gathered(): number {
    return this.#gathered
  }

  /** Hands everything gathered to the output. */
  flush(): void {
    this.#endText()
    const pieces = this.#pieces
    if (pieces.length === 0) return
    this.#pieces = []
    this.#gathered = 0
    let first = 0
    for (let at = 0; at < pieces.length; at++) {
      const piece = pieces[at]
      if (piece instanceof Uint8Array && piece.length > maxCopiedBytes) {
        this.#write(pieces, first, at)
        if (!this.#output.write(asBuffer(piece))) this.#blocked = true
        first = at + 1
      }
    }
    this.#write(pieces, first, pieces.length)
  }

  /** Waits, if the output asked for it, until it takes octets again. Rejects when it never will. */
  async settled(): Promise<void> {
    if (!this.#blocked) return
    await this.#output.drained()
    this.#blocked = false
  }

  #endText(): void {
    if (this.#text === '') return
    this.#pieces.push(this.#text)
    this.#text = ''
  }

  #write(pieces: readonly (string | Uint8Array)[], from: number, to: number): void {
    let size = 0
    for (let at = from; at < to; at++) size += pieces[at]?.length ?? 0
    if (size === 0) return
    const chunk = Buffer.allocUnsafe(size)
    let filled = 0
    for (let at = from; at < to; at++) {
      const piece = pieces[at] ?? ''
      if (typeof piece === 'string') chunk.write(piece, filled, 'latin1')
      else chunk.set(piece, filled)
      filled += piece.length
    }
    if (!this.#output.write(chunk)) this.#blocked = true
  }
}

function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
}

function assertOctets(text: string): void {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 0xff) throw new Error(`not text of the wire: ${JSON.stringify(text.slice(0, 80))}`)
  }
}
