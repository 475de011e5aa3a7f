import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'
import type { Transport } from '../net/transport.ts'
import { notePassed } from '../net/young-garbage.ts'
import type { Output } from '../wire/response-writer.ts'

/** What arrives at a connection, and its end. */
export interface ConnectionEvents {
  onData(chunk: Buffer): void
  /** The client will say no more, and may still be reading: what it has asked for is to be answered. */
  onEnd(): void
  /** Once, whatever the reason: closed by either side, error, time-out. */
  onClose(): void
}

/**
 * The octets below a session: reading with a pause when there is too much, writing with back-pressure, STARTTLS and
 * COMPRESS as exchanges of the streams underneath. Knows nothing of IMAP's syntax.
 */
export class Connection implements Output {
  #transport: Transport
  #input: Readable
  #output: Writable
  readonly #events: ConnectionEvents
  readonly #maxUnreadBytes: number
  readonly #stalledTimeoutMs: number
  #closed = false
  #inputEnded = false
  #paused = false
  #drained: { promise: Promise<void>; resolve: () => void } | undefined
  #compressed = false

  constructor(
    transport: Transport,
    limits: { readonly maxUnreadBytes: number; readonly stalledTimeoutMs: number },
    events: ConnectionEvents,
  ) {
    this.#transport = transport
    this.#input = transport.stream
    this.#output = transport.stream
    this.#events = events
    this.#maxUnreadBytes = limits.maxUnreadBytes
    this.#stalledTimeoutMs = limits.stalledTimeoutMs
  }

  get transport(): Transport {
    return this.#transport
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Whether the client has said all it will say. */
  get inputEnded(): boolean {
    return this.#inputEnded
  }

  get compressed(): boolean {
    return this.#compressed
  }

  /** Begins to read. */
  start(): void {
    this.#listen()
  }

  #listen(): void {
    const { stream } = this.#transport
    stream.on('error', this.#end)
    stream.on('close', this.#end)
    this.#input.on('data', this.#data)
    this.#input.on('end', this.#inputEnd)
    if (this.#paused) this.#input.pause()
  }

  #unlisten(): void {
    const { stream } = this.#transport
    stream.off('error', this.#end)
    stream.off('close', this.#end)
    this.#input.off('data', this.#data)
    this.#input.off('end', this.#inputEnd)
  }

  readonly #data = (chunk: Buffer): void => this.#events.onData(chunk)

  readonly #inputEnd = (): void => {
    if (this.#closed) return
    this.#inputEnded = true
    this.#events.onEnd()
  }

  #drain(): void {
    this.#drained?.resolve()
    this.#drained = undefined
  }

  readonly #end = (): void => {
    if (this.#closed) return
    this.#closed = true
    this.#drain()
    this.#events.onClose()
  }

  /** Stops or goes on reading. */
  pause(paused: boolean): void {
    if (paused === this.#paused) return
    this.#paused = paused
    if (paused) this.#input.pause()
    else this.#input.resume()
  }

  /** False when the client has much left to read: wait for {@link drained} before more. */
  write(chunk: Buffer, done: () => void): boolean {
    const output = this.#output
    if (this.#closed || output.writableEnded) return true
    if (output instanceof Socket) {
      let isDone = false
      output.write(chunk, (error) => {
        if (!isDone && !error) done()
      })
      isDone = output.writableLength === 0 // the kernel had room for it
      if (isDone) done()
    } else {
      output.write(chunk) // who knows to whom it is handed on
      notePassed(chunk.length)
    }
    return output.writableLength < this.#maxUnreadBytes
  }

  /** Resolves when the client has read what was sent, or is gone. One that reads nothing for too long is cut off. */
  async drained(): Promise<void> {
    if (this.#closed || this.#output.writableLength < this.#maxUnreadBytes || !this.#output.writableNeedDrain) return
    if (!this.#drained) {
      let resolve = (): void => {}
      const promise = new Promise<void>((done) => (resolve = done))
      this.#drained = { promise, resolve }
      this.#output.once('drain', () => this.#drain())
    }
    let left = this.#output.writableLength
    const watch = setInterval(() => {
      if (this.#output.writableLength >= left) this.destroy()
      left = this.#output.writableLength
    }, this.#stalledTimeoutMs)
    try {
      await this.#drained.promise
    } finally {
      clearInterval(watch)
    }
  }

  /**
   * Puts TLS under the connection. Input that was not read yet is thrown away: a man in the middle may have put it
   * there (RFC 9051 §6.2.1). Throws when the transport cannot, or the handshake fails.
   */
  async startTls(): Promise<Transport> {
    const plain = this.#transport
    if (!plain.startTls) throw new Error('this transport has no STARTTLS')
    this.#unlisten()
    plain.stream.on('error', this.#end)
    try {
      const transport = await plain.startTls()
      this.#transport = transport
      this.#input = transport.stream
      this.#output = transport.stream
      this.#listen()
      return transport
    } catch (error) {
      this.destroy()
      throw error
    }
  }

  /** Puts raw DEFLATE under the connection (RFC 4978). `rest`: octets that came behind the command, compressed. */
  compress(rest: Buffer): void {
    const { stream } = this.#transport
    this.#unlisten()
    // Each write is flushed, so that no answer waits in the compressor; the small window keeps it at some 40 KiB.
    const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH, windowBits: 13, memLevel: 5, level: 4 })
    // A client that has said all it will say need not end the stream of its compressor.
    const inflate = createInflateRaw({ chunkSize: 16 * 1024, finishFlush: constants.Z_SYNC_FLUSH })
    const onBroken = (): void => this.destroy()
    deflate.on('error', onBroken)
    inflate.on('error', onBroken)
    deflate.pipe(stream)
    if (rest.length > 0) inflate.write(rest)
    stream.pipe(inflate)
    this.#input = inflate
    this.#output = deflate
    this.#compressed = true
    this.#listen()
  }

  /** Sends what was written and closes. */
  end(): void {
    if (this.#closed) return
    this.#output.end()
    // The client has some seconds to read the rest; then the connection goes in any case.
    const late = setTimeout(() => this.destroy(), 5_000)
    late.unref()
    this.#transport.stream.once('close', () => clearTimeout(late))
    this.#transport.stream.once('finish', () => this.#transport.stream.destroy())
  }

  /** Closes at once. */
  destroy(): void {
    this.#transport.stream.destroy()
    this.#end()
  }
}
