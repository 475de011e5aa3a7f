import type { Duplex } from 'node:stream'
import type { LmtpClock } from './services.ts'

/** Why nothing more can be read: the other side is gone, was silent for too long, or we are shutting down. */
export type EndReason = 'gone' | 'timeout' | 'stopping'

/** Thrown where octets are waited for and none will come. Ends the session, so nothing but the session catches it. */
export class ConnectionEnd extends Error {
  readonly reason: EndReason

  constructor(reason: EndReason) {
    super(`connection ended: ${reason}`)
    this.name = 'ConnectionEnd'
    this.reason = reason
  }
}

/** A command line as latin1 text without its CR LF, or the news that it was longer than allowed. */
export type CommandLine = { readonly tooLong: false; readonly text: string } | { readonly tooLong: true }

/**
 * A stream of octets read on demand, and replies written in groups: they wait until the client's input is used up
 * (RFC 2920 §3.2), so that a group of commands costs one packet. At most one read is under way.
 */
export class LmtpConnection {
  readonly #stream: Duplex
  readonly #clock: LmtpClock
  /** Octets read from the stream and not yet asked for. */
  #rest: Buffer = Buffer.alloc(0)
  #replies = ''
  #stopping = false
  #wake: (() => void) | undefined
  readonly closed: Promise<void>

  constructor(stream: Duplex, clock: LmtpClock) {
    this.#stream = stream
    this.#clock = clock
    const wake = (): void => this.#wake?.()
    // An error is followed by 'close'; whoever waits then finds the stream destroyed.
    for (const event of ['readable', 'drain', 'end', 'error', 'close']) stream.on(event, wake)
    this.closed = new Promise((resolve) => {
      if (stream.closed) resolve()
      else stream.once('close', resolve)
    })
  }

  /** Lets a wait for a command end with `stopping`; a message on its way is still read to its end. */
  stop(): void {
    this.#stopping = true
    this.#wake?.()
  }

  /** Takes text to be sent at the next {@link flush}, which comes by itself before any wait for input. */
  reply(text: string): void {
    this.#replies += text
  }

  /** Sends the replies and waits until the client takes them. */
  async flush(timeoutMs: number): Promise<void> {
    if (this.#replies === '') return
    const replies = Buffer.from(this.#replies, 'latin1')
    this.#replies = ''
    if (this.#stream.destroyed || this.#stream.writableEnded) throw new ConnectionEnd('gone')
    if (this.#stream.write(replies)) return
    while (this.#stream.writableNeedDrain) await this.#untilWoken(timeoutMs)
  }

  /**
   * The next line up to its CR LF (RFC 5321 §2.3.8). A longer line is read to its end and dropped.
   * Throws {@link ConnectionEnd}.
   */
  async readLine(maxBytes: number, timeoutMs: number): Promise<CommandLine> {
    let line: Buffer = Buffer.alloc(0)
    let tooLong = false
    for (;;) {
      if (this.#rest.length === 0) this.#rest = await this.#read(timeoutMs, true)
      // CR and LF may come in different chunks.
      const split = line.at(-1) === 0x0d && this.#rest[0] === 0x0a
      const end = split ? 1 : this.#rest.indexOf('\r\n', 0, 'latin1') + 2
      const taken = this.#rest.subarray(0, end > 1 || split ? end : this.#rest.length)
      this.#rest = this.#rest.subarray(taken.length)
      const length = line.length + taken.length
      tooLong ||= length > maxBytes
      // Of a line that is too long only the last octet matters: it may be the CR before the LF.
      line = tooLong
        ? Buffer.from(taken.subarray(-1))
        : line.length === 0
          ? taken
          : Buffer.concat([line, taken], length)
      if (end > 1 || split) return tooLong ? { tooLong } : { tooLong, text: line.toString('latin1', 0, length - 2) }
    }
  }

  /** The next octets, at least one and at most `maxBytes`. Throws {@link ConnectionEnd}. */
  async readChunk(maxBytes: number, timeoutMs: number): Promise<Buffer> {
    if (this.#rest.length === 0) this.#rest = await this.#read(timeoutMs, false)
    const chunk = this.#rest.subarray(0, maxBytes)
    this.#rest = this.#rest.subarray(chunk.length)
    return chunk
  }

  /** Gives back octets that {@link readChunk} gave and that belong to the next command. */
  unread(octets: Buffer): void {
    this.#rest = this.#rest.length === 0 ? octets : Buffer.concat([octets, this.#rest])
  }

  /** Sends what is to be sent and closes our side; what still comes in is thrown away. */
  async close(replyTimeoutMs: number, closeTimeoutMs: number): Promise<void> {
    // A client that does not take its last reply, or is gone already, must not keep us: the connection ends either way.
    await this.flush(replyTimeoutMs).catch(() => this.#stream.destroy())
    if (this.#stream.closed) return
    this.#stream.end()
    const discard = (): void => {
      while (this.#stream.read() !== null);
    }
    this.#stream.on('readable', discard)
    discard()
    const destroy = (): void => void this.#stream.destroy()
    // Destroying at once could make the system throw away replies that are still on their way.
    const callOff = this.#clock.after(closeTimeoutMs, destroy)
    this.#stream.once('end', destroy)
    if (this.#stream.readableEnded) this.#stream.once('finish', destroy)
    if (this.#stream.readableEnded && this.#stream.writableFinished) destroy()
    await this.closed
    callOff()
  }

  /** All that the stream has; waits for it where it has none. */
  async #read(timeoutMs: number, stoppable: boolean): Promise<Buffer> {
    for (;;) {
      // A stream without an encoding gives Buffers.
      const chunk = this.#stream.read() as Buffer | null
      if (chunk !== null && chunk.length > 0) return chunk
      if (this.#stream.readableEnded || this.#stream.destroyed) throw new ConnectionEnd('gone')
      if (stoppable && this.#stopping) throw new ConnectionEnd('stopping')
      if (this.#replies !== '') await this.flush(timeoutMs)
      else await this.#untilWoken(timeoutMs)
    }
  }

  /** Waits for any event of the stream. */
  async #untilWoken(timeoutMs: number): Promise<void> {
    if (this.#stream.destroyed) throw new ConnectionEnd('gone')
    let timedOut = false
    let callOff: (() => void) | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      callOff = this.#clock.after(timeoutMs, () => {
        timedOut = true
        resolve()
      })
    })
    this.#wake = undefined
    callOff?.()
    if (timedOut) throw new ConnectionEnd('timeout')
  }
}
