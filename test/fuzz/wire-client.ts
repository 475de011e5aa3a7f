import type { Duplex } from 'node:stream'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'

/** What a client hears. Responses are whole, their literals in them, without the last CRLF; a char is an octet. */
export interface WireEvents {
  onResponse(text: string): void
  /** Once, when nothing more will come. `rest`: octets that were no whole response. */
  onEnd(rest: string): void
}

/** The client's end of a connection: cuts what comes into responses and knows nothing of what they mean. */
export class WireClient {
  readonly #stream: Duplex
  readonly #events: WireEvents
  #write: (octets: Buffer) => void
  #received: Buffer = Buffer.alloc(0)
  /** Where to look for the end of the present response. */
  #lineFrom = 0
  #searchFrom = 0
  #ended = false

  constructor(stream: Duplex, events: WireEvents) {
    this.#stream = stream
    this.#events = events
    this.#write = (octets) => void stream.write(octets)
    stream.on('data', this.#take)
    stream.on('end', this.#end)
    stream.on('close', this.#end)
    stream.on('error', this.#end)
  }

  get ended(): boolean {
    return this.#ended
  }

  send(octets: string | Buffer): void {
    if (this.#ended || !this.#stream.writable) return
    this.#write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets)
  }

  /** DEFLATE in both directions from here on, to be called when the answer to COMPRESS comes (RFC 4978 §3). */
  deflate(): void {
    const out = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH })
    const incoming = createInflateRaw()
    this.#stream.off('data', this.#take)
    out.pipe(this.#stream)
    incoming.on('data', this.#take)
    incoming.on('error', this.#end)
    out.on('error', this.#end)
    const rest = this.#received
    this.#forget()
    incoming.write(rest)
    this.#stream.pipe(incoming)
    this.#write = (octets) => void out.write(octets)
  }

  /** Goes away without a word. */
  destroy(): void {
    this.#stream.destroy()
    this.#end()
  }

  readonly #take = (chunk: Buffer): void => {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    for (let response = this.#next(); response !== undefined && !this.#ended; response = this.#next()) {
      this.#events.onResponse(response)
    }
  }

  #next(): string | undefined {
    for (;;) {
      if (this.#searchFrom > this.#received.length) return undefined
      const end = this.#received.indexOf('\r\n', this.#searchFrom, 'latin1')
      if (end === -1) {
        // The CR may be here already and its LF not.
        this.#searchFrom = Math.max(this.#lineFrom, this.#received.length - 1)
        return undefined
      }
      const marker = this.#received.toString('latin1', Math.max(this.#lineFrom, end - 14), end)
      const size = /\{(\d+)\}$/.exec(marker)?.[1]
      this.#lineFrom = this.#searchFrom = end + 2 + Number(size ?? 0)
      if (size === undefined) {
        const response = this.#received.toString('latin1', 0, end)
        this.#received = this.#received.subarray(end + 2)
        this.#lineFrom = this.#searchFrom = 0
        return response
      }
    }
  }

  #forget(): void {
    this.#received = Buffer.alloc(0)
    this.#lineFrom = this.#searchFrom = 0
  }

  readonly #end = (): void => {
    if (this.#ended) return
    this.#ended = true
    this.#events.onEnd(this.#received.toString('latin1'))
  }
}
