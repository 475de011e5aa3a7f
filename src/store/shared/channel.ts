import type { Duplex } from 'node:stream'
import { deserialize, serialize } from 'node:v8'
import type { Message } from './protocol.ts'

/** Octets of one message; more is a mistake of ours. */
const maxMessageBytes = 256 * 1024 * 1024
/** Octets that may wait for the other side before it counts as stuck. */
const maxUnsentBytes = 128 * 1024 * 1024
/** Octets of the length before each message. */
const lengthBytes = 4

/** What happens on a channel. */
export interface ChannelEvents {
  received(message: Message): void
  /** The stream is closed, or was of no use any more. Called once. */
  closed(cause: Error | undefined): void
}

/** Messages over a stream between two processes of one server, which trust each other. */
export class Channel {
  readonly #stream: Duplex
  readonly #events: ChannelEvents
  #chunks: Buffer[] = []
  #buffered = 0
  #wanted = lengthBytes
  #isCorked = false
  #cause: Error | undefined

  constructor(stream: Duplex, events: ChannelEvents) {
    this.#stream = stream
    this.#events = events
    stream.on('data', (chunk: Buffer) => this.#take(chunk))
    stream.on('error', (error) => (this.#cause ??= error))
    stream.on('end', () => stream.destroy())
    stream.on('close', () => events.closed(this.#cause))
  }

  /** Sends a message behind all others; false when the stream is closed and nothing was sent. */
  send(message: Message): boolean {
    const stream = this.#stream
    if (stream.destroyed) return false
    const body = serialize(message)
    const length = Buffer.allocUnsafe(lengthBytes)
    length.writeUInt32LE(body.length)
    // What is said in one turn of the event loop goes in one write.
    if (!this.#isCorked) {
      this.#isCorked = true
      stream.cork()
      process.nextTick(() => {
        this.#isCorked = false
        stream.uncork()
      })
    }
    stream.write(length)
    stream.write(body)
    if (body.length > maxMessageBytes || stream.writableLength > maxUnsentBytes) {
      this.close(new Error('the other process does not listen'))
    }
    return true
  }

  /** Closes the stream; what was sent and not taken is lost. */
  close(cause?: Error): void {
    this.#cause ??= cause
    this.#stream.destroy()
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    if (this.#buffered < this.#wanted) return
    const all = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    let at = 0
    for (;;) {
      this.#wanted = lengthBytes
      if (all.length - at < lengthBytes) break
      const length = all.readUInt32LE(at)
      if (length > maxMessageBytes) return this.close(new Error('the other process speaks nonsense'))
      this.#wanted += length
      if (all.length - at < this.#wanted) break
      const body = all.subarray(at + lengthBytes, at + this.#wanted)
      at += this.#wanted
      // As `send` of this very version serialised it.
      this.#events.received(deserialize(body) as Message)
      if (this.#stream.destroyed) return
    }
    const rest = all.subarray(at)
    this.#chunks = rest.length > 0 ? [rest] : []
    this.#buffered = rest.length
  }
}
