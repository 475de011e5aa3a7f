/**
 * A record of what an IMAP client and the server say, for finding out why the two do not get on. It hangs between the
 * socket and the protocol, and leaves out passwords and the octets of mail.
 */
import { Duplex } from 'node:stream'
import { createInflateRaw } from 'node:zlib'
import type { InflateRaw } from 'node:zlib'
import type { Transport } from './transport.ts'

/** Takes in one line of the record, without its end. */
export type RecordLine = (line: string) => void

/** Chars of one line that are recorded. */
const maxRecordedLine = 2000

/** Commands whose arguments hold no secret, also before sign-in. Of all others only the name is recorded then. */
const harmless = new Set(['CAPABILITY', 'NOOP', 'ID', 'STARTTLS', 'LOGOUT', 'ENABLE', 'COMPRESS'])

/** A transport that says the same as `transport` and records it. */
export interface RecordedTransport {
  readonly transport: Transport
  /** From here on arguments of commands are recorded, those of LOGIN and AUTHENTICATE excepted. */
  readonly signedIn: () => void
}

/** Records what goes over `transport` from now on. */
export function recordTransport(transport: Transport, record: RecordLine): RecordedTransport {
  const tap = new SessionTap(record)
  return { transport: tapped(transport, tap), signedIn: () => tap.signedIn() }
}

function tapped(transport: Transport, tap: SessionTap): Transport {
  const stream = new TapStream(transport.stream, tap)
  const { secure, allowPlaintextLogin, remoteAddress, remotePort } = transport
  const same: Transport = {
    stream,
    secure,
    allowPlaintextLogin,
    remoteAddress,
    remotePort,
    tlsExporter: () => transport.tlsExporter(),
    certificateNames: () => transport.certificateNames(),
  }
  if (!transport.startTls) return same
  return {
    ...same,
    startTls: async () => {
      stream.letGo()
      const secured = await transport.startTls?.()
      if (!secured) throw new Error('the transport has lost its STARTTLS')
      tap.note('TLS begins')
      return tapped(secured, tap)
    },
  }
}

/** What is said in both directions, as lines. */
class SessionTap {
  readonly #record: RecordLine
  readonly #client: LineSplitter
  readonly #server: LineSplitter
  #signedIn = false
  /** The tag of a command whose every further line is a secret, until the server answers it. */
  #secretTag: string | undefined
  #compressTag: string | undefined
  #inflates: { readonly client: InflateRaw; readonly server: InflateRaw } | undefined

  constructor(record: RecordLine) {
    this.#record = record
    this.#client = new LineSplitter((line) => record(`C: ${this.#maskClient(line)}`))
    this.#server = new LineSplitter((line) => record(`S: ${this.#maskServer(line)}`))
  }

  note(text: string): void {
    this.#record(`-- ${text}`)
  }

  signedIn(): void {
    this.#signedIn = true
  }

  received(chunk: Buffer): void {
    if (this.#inflates) this.#inflates.client.write(chunk)
    else this.#client.take(chunk)
  }

  sent(chunk: Buffer): void {
    if (this.#inflates) this.#inflates.server.write(chunk)
    else this.#server.take(chunk)
  }

  close(): void {
    this.#inflates?.client.destroy()
    this.#inflates?.server.destroy()
    this.note('closed')
  }

  #maskClient(line: string): string {
    const [, start = '', tag = '', name = ''] = /^(\s*(\S+)\s+(?:UID\s+)?([^\s{]+))/i.exec(line) ?? []
    const command = name.toUpperCase()
    if (this.#secretTag !== undefined) return '***'
    if (command === 'LOGIN' || command === 'AUTHENTICATE') {
      this.#secretTag = tag
      const mechanism =
        command === 'AUTHENTICATE' ? (/^\s+[\w-]+(?=\s|$)/.exec(line.slice(start.length))?.[0] ?? '') : ''
      return `${start}${mechanism} ***`
    }
    if (command === 'COMPRESS') this.#compressTag = tag
    if (command === 'UNAUTHENTICATE') this.#signedIn = false
    if (this.#signedIn || harmless.has(command)) return line
    return start === '' ? '***' : `${start} ***`
  }

  #maskServer(line: string): string {
    const tag = /^\S+/.exec(line)?.[0]
    if (tag !== undefined && tag === this.#secretTag) this.#secretTag = undefined
    if (tag !== undefined && tag === this.#compressTag) {
      this.#compressTag = undefined
      if (/^\S+ OK/i.test(line)) this.#decompress()
    }
    return tag === '+' && this.#secretTag !== undefined ? '+ ***' : line
  }

  #decompress(): void {
    const inflate = (splitter: LineSplitter): InflateRaw => {
      const stream = createInflateRaw()
      stream.on('data', (chunk: Buffer) => splitter.take(chunk))
      stream.on('error', () => this.note('cannot be decompressed'))
      return stream
    }
    this.#inflates = { client: inflate(this.#client), server: inflate(this.#server) }
    this.note('compression begins')
  }
}

/** Cuts octets into lines; literals are passed over and stand as their marker only. */
class LineSplitter {
  readonly #onLine: (line: string) => void
  #held = ''
  #literalLeft = 0

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  take(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#literalLeft > 0) {
        const skipped = Math.min(this.#literalLeft, chunk.length - at)
        this.#literalLeft -= skipped
        at += skipped
        continue
      }
      const end = chunk.indexOf(10, at)
      const piece = chunk.toString('latin1', at, end === -1 ? chunk.length : end)
      if (this.#held.length < maxRecordedLine) this.#held += piece
      else this.#held = this.#held.slice(0, maxRecordedLine) + piece.slice(-24) // a marker may stand at the end
      if (end === -1) return
      at = end + 1
      const line = this.#held.replace(/\r$/, '')
      this.#held = ''
      this.#literalLeft = Number(/\{(\d{1,10})\+?\}$/.exec(line)?.[1] ?? 0)
      this.#onLine(line.length > maxRecordedLine ? `${line.slice(0, maxRecordedLine)}...` : line)
    }
  }
}

/** A stream that shows the tap all that passes. */
class TapStream extends Duplex {
  readonly #inner: Duplex
  readonly #tap: SessionTap
  #isLetGo = false

  constructor(inner: Duplex, tap: SessionTap) {
    super({ allowHalfOpen: true })
    this.#inner = inner
    this.#tap = tap
    inner.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose).pause()
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#tap.received(chunk)
    if (!this.push(chunk)) this.#inner.pause()
  }
  readonly #onEnd = (): void => void this.push(null)
  readonly #onError = (error: Error): void => void this.destroy(error)
  readonly #onClose = (): void => void this.destroy()

  /** Stops to read and write: the stream below goes on in other hands. */
  letGo(): void {
    this.#isLetGo = true
    this.#inner.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError).pause()
  }

  override _read(): void {
    if (!this.#isLetGo) this.#inner.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#tap.sent(chunk)
    this.#inner.write(chunk, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#inner.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#isLetGo) this.#tap.close()
    this.#inner.destroy()
    done(error)
  }
}
