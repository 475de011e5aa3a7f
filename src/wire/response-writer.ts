/** Where responses go: a socket, or whatever stands in for it. */
export interface Output {
  /**
   * Takes the octets; `false` asks to wait for {@link drained} before the next. They will not change until `done` is
   * called, which is when nobody needs them any more: at once, later, or never.
   */
  write(chunk: Buffer, done: () => void): boolean
  /** Resolves when it takes octets again; rejects when it never will. */
  drained(): Promise<void>
}

/** Gathered octets that make the writer {@link ResponseWriter.full}. */
export const fullBytes: number = 112 * 1024

/** Octets of a chunk: with room for what comes between one look at {@link ResponseWriter.full} and the next. */
const chunkBytes = 128 * 1024
/** Text that is gathered before it is encoded: short enough for the heap's young generation. */
const maxTextBytes = 16 * 1024
/** Chunks that wait to be used again, for all writers: new memory costs more than what is done in it. */
const spares: Buffer[] = []
const maxSpares = 8

/**
 * Gathers responses and writes them in few, large pieces. Text is encoded once, one octet for each char. Nothing is
 * held while nothing is gathered. A command that may send much does, now and then,
 * `if (out.full) { out.flush(); await out.settled() }`.
 */
export class ResponseWriter {
  readonly #output: Output
  readonly #checked: boolean
  #chunk: Buffer | undefined
  /** Octets in the chunk. */
  #filled = 0
  /** What comes behind them. */
  #text = ''
  #blocked = false

  /** `checked`: whether to throw on text that holds a char above 255, which would be sent as some other octet. */
  constructor(output: Output, checked: boolean = false) {
    this.#output = output
    this.#checked = checked
  }

  /** One line; the CRLF is added. */
  line(text: string): void {
    this.text(text + '\r\n')
  }

  /** Part of a line. */
  text(part: string): void {
    if (this.#checked) assertOctets(part)
    this.#text += part
    if (this.#text.length > maxTextBytes) this.#encode()
  }

  /** Octets as they are, from `start` to below `end`. They are copied, so they may change afterwards. */
  bytes(octets: Buffer, start: number = 0, end: number = octets.length): void {
    if (this.#text !== '') this.#encode()
    for (let at = start; at < end;) {
      const copied = octets.copy(this.#room(), this.#filled, at, end)
      this.#filled += copied
      at += copied
    }
  }

  /** Whether it is time to {@link flush}. */
  get full(): boolean {
    return this.#filled + this.#text.length >= fullBytes
  }

  /** Whether the output asked, when it was last written to, to wait for {@link settled}. */
  get blocked(): boolean {
    return this.#blocked
  }

  /** Octets gathered and not yet written. */
  get gathered(): number {
    return this.#filled + this.#text.length
  }

  /** Hands everything gathered to the output. */
  flush(): void {
    if (this.#chunk) {
      if (this.#text !== '') this.#encode()
      this.#send()
    } else if (this.#text !== '') {
      const short = Buffer.from(this.#text, 'latin1')
      this.#text = ''
      if (!this.#output.write(short, nothing)) this.#blocked = true
    }
  }

  /** Waits, if the output asked for it, until it takes octets again. Rejects when it never will. */
  async settled(): Promise<void> {
    if (!this.#blocked) return
    await this.#output.drained()
    this.#blocked = false
  }

  #encode(): void {
    const text = this.#text
    this.#text = ''
    for (let at = 0; at < text.length;) {
      const chunk = this.#room()
      const count = Math.min(text.length - at, chunk.length - this.#filled)
      chunk.write(text.slice(at, at + count), this.#filled, 'latin1')
      this.#filled += count
      at += count
    }
  }

  /** A chunk that is not full. */
  #room(): Buffer {
    if (this.#filled === this.#chunk?.length) this.#send()
    return (this.#chunk ??= spares.pop() ?? Buffer.allocUnsafeSlow(chunkBytes))
  }

  #send(): void {
    const chunk = this.#chunk
    if (!chunk) return
    const filled = this.#filled
    this.#chunk = undefined
    this.#filled = 0
    const done = (): void => {
      if (spares.length < maxSpares) spares.push(chunk)
    }
    if (!this.#output.write(chunk.subarray(0, filled), done)) this.#blocked = true
  }
}

function nothing(): void {}

function assertOctets(text: string): void {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 0xff) throw new Error(`not text of the wire: ${JSON.stringify(text.slice(0, 80))}`)
  }
}
