import { Duplex } from 'node:stream'
import type { Transport } from '../../net/transport.ts'
import type { OldDialect } from './dialect.ts'
import { Translator } from './translator.ts'

/**
 * A connection of a client that speaks an old dialect, as a session of IMAP4rev1 can be held on it. None of the dialects
 * has STARTTLS.
 */
export function speakingOld(transport: Transport, dialect: OldDialect): Transport {
  return {
    stream: new TranslatedStream(transport.stream, dialect),
    secure: transport.secure,
    allowPlaintextLogin: transport.allowPlaintextLogin,
    remoteAddress: transport.remoteAddress,
    remotePort: transport.remotePort,
    tlsExporter: () => transport.tlsExporter(),
    certificateNames: () => transport.certificateNames(),
  }
}

/** What the session reads is what the client said in other words, and the other way round, with back-pressure. */
class TranslatedStream extends Duplex {
  readonly #outer: Duplex
  readonly #translator: Translator

  constructor(outer: Duplex, dialect: OldDialect) {
    super({ allowHalfOpen: true })
    this.#outer = outer
    this.#translator = new Translator(dialect)
    outer.on('data', (chunk: Buffer) => this.#hand(this.#translator.fromClient(chunk)))
    outer.on('end', () => this.push(null))
    outer.on('error', (error) => this.destroy(error))
    outer.on('close', () => this.destroy())
  }

  #hand(octets: Buffer): void {
    const isEnough = octets.length > 0 && !this.push(octets)
    if (isEnough || this.#translator.isFull) this.#outer.pause()
  }

  override _read(): void {
    if (!this.#translator.isFull) this.#outer.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const octets = this.#translator.fromServer(chunk)
    const isTaken = octets.length === 0 || this.#outer.write(octets)
    // An answer may be what the client's next octets waited for.
    const next = this.#translator.toServer()
    if (next.length > 0) this.push(next)
    if (!this.#translator.isFull && !this.isPaused()) this.#outer.resume()
    if (isTaken) done()
    else this.#outer.once('drain', () => done())
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#outer.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#outer.destroy()
    done(error)
  }
}
