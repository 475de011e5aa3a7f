/** An IMAP client that sends whatever it is told to, for what no well-behaved client would send. */
import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'

/** How long a server may say nothing before a test has failed, in milliseconds. A guard only. */
const patienceMs = 15_000

/** Where to connect to. */
export interface RawTarget {
  readonly host: string
  readonly port: number
  /** TLS from the first octet, to whatever certificate. */
  readonly tls?: boolean
}

/** One connection. Text is latin1: one char is one octet. */
export class RawClient {
  /** The socket, or whatever stands in for it. */
  readonly #ground: Duplex
  #stream: NodeJS.WritableStream
  /** What came and was not taken: `#received` from `#at` to `#end`; behind that there is room. */
  #received: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0
  #ended = false
  #wake: () => void = () => {}
  #commands = 0

  constructor(stream: Duplex) {
    this.#ground = stream
    this.#stream = stream
    stream.on('data', this.#data)
    for (const event of ['end', 'close', 'error']) stream.on(event, this.#over)
  }

  /** Connects and reads the greeting. */
  static async connect({ host, port, tls = false }: RawTarget): Promise<RawClient> {
    const client = new RawClient(
      tls ? connectTls({ host, port, rejectUnauthorized: false }) : connectTcp({ host, port }),
    )
    await client.next()
    return client
  }

  /** Whether the server has closed the connection. */
  get ended(): boolean {
    return this.#ended
  }

  /** Octets that came and were not taken. */
  get unread(): string {
    return this.#received.toString('latin1', this.#at, this.#end)
  }

  /** Sends octets as they are. */
  send(octets: string | Uint8Array): void {
    this.#stream.write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets)
  }

  /** Stops reading, or goes on; what has come meanwhile stays where it is. */
  pause(paused: boolean): void {
    if (paused) this.#ground.pause()
    else this.#ground.resume()
  }

  /** The next response with its literals, without the CRLF at its end; `undefined` at the end of the connection. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const length = responseLength(this.#received.subarray(this.#at, this.#end))
      if (length !== undefined) {
        const response = this.#received.toString('latin1', this.#at, this.#at + length - 2)
        this.#at += length
        return response
      }
      if (this.#ended) return undefined
      await this.#more()
    }
  }

  /** Responses up to the one that begins with `start`, or up to the end of the connection. */
  async through(start: string): Promise<string[]> {
    const responses: string[] = []
    for (;;) {
      const response = await this.next()
      if (response === undefined) return responses
      responses.push(response)
      if (response.startsWith(start)) return responses
    }
  }

  /** Sends a command under a tag of its own and gives all responses up to its answer. */
  async command(text: string): Promise<string[]> {
    const tag = `t${++this.#commands}`
    this.send(`${tag} ${text}\r\n`)
    return (await this.through(tag + ' ')).map((response) =>
      response.startsWith(tag + ' ') ? response.slice(tag.length + 1) : response,
    )
  }

  /** As {@link command}; throws unless the answer is OK. */
  async ok(text: string): Promise<string[]> {
    const responses = await this.command(text)
    if (!responses.at(-1)?.startsWith('OK')) throw new Error(`${text.slice(0, 80)}: ${responses.at(-1)}`)
    return responses
  }

  /** Appends a message without waiting to be asked for it. */
  async append(mailbox: string, message: string, flags: string = ''): Promise<string[]> {
    return this.ok(`APPEND ${mailbox} ${flags === '' ? '' : `(${flags}) `}{${message.length}+}\r\n${message}`)
  }

  /** Raw DEFLATE in both directions from here on (RFC 4978). */
  startDeflate(): void {
    this.#ground.off('data', this.#data)
    const out = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH })
    const incoming = createInflateRaw()
    out.pipe(this.#ground)
    this.#ground.pipe(incoming)
    incoming.on('data', this.#data)
    incoming.on('error', this.#over)
    this.#stream = out
  }

  /** Hangs up, without a word. */
  close(): void {
    this.#ground.destroy()
  }

  readonly #data = (chunk: Buffer): void => {
    if (this.#end + chunk.length > this.#received.length) {
      const kept = this.#received.subarray(this.#at, this.#end)
      this.#received = Buffer.alloc(2 * (kept.length + chunk.length))
      this.#received.set(kept)
      this.#end = kept.length
      this.#at = 0
    }
    this.#received.set(chunk, this.#end)
    this.#end += chunk.length
    this.#wake()
  }

  readonly #over = (): void => {
    this.#ended = true
    this.#wake()
  }

  async #more(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const guard = setTimeout(
      () => reject(new Error(`the server says no more; unread: ${this.unread.slice(0, 200)}`)),
      patienceMs,
    )
    this.#wake = resolve
    try {
      await promise
    } finally {
      clearTimeout(guard)
    }
  }
}

/** Octets of the first response in `received`, its CRLF counted; `undefined` while it is not all there. */
function responseLength(received: Buffer): number | undefined {
  for (let at = 0; ;) {
    const end = received.indexOf('\r\n', at, 'latin1')
    if (end === -1) return undefined
    const [, size] = /\{(\d+)\}$/.exec(received.toString('latin1', Math.max(at, end - 20), end)) ?? []
    if (size === undefined) return end + 2
    at = end + 2 + Number(size)
    if (at > received.length) return undefined
  }
}
