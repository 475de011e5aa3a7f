import { createWriteStream, mkdirSync } from 'node:fs'
import type { WriteStream } from 'node:fs'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { startImap } from '../imap/serve.ts'
import type { ImapServices } from '../imap/services.ts'
import { serveLmtp } from '../lmtp/serve.ts'
import type { Log } from '../model/log.ts'
import { Refusal } from '../model/refusal.ts'
import type { Admission, CeilingReached } from '../net/connection-limits.ts'
import { recordTransport } from '../net/protocol-log.ts'
import type { Transport } from '../net/transport.ts'
import type { Identity } from '../sasl/sasl.ts'
import type { Services } from './services.ts'
import { WatchedAuthenticator } from './sign-in-watch.ts'
import type { SignInWatcher } from './sign-in-watch.ts'

/** The protocols that clients speak to us, `imaps` being IMAP over TLS. */
export type Protocol = 'imap' | 'imaps' | 'lmtp'

/** What is counted of sessions. */
export interface SessionCounters {
  onSession(protocol: Protocol): void
  onSignIn(outcome: 'ok' | 'refused'): void
}

/** Whose sessions are recorded, and where. */
export interface ProtocolLogOptions {
  readonly directory: string
  /** Canonical names; empty: everybody. */
  readonly users: readonly string[]
}

/** Lines of a session's record that are kept until it is known whose it is. */
const maxHeldLines = 500

/** The record of one session, and what it is recorded on. */
interface SessionRecord {
  readonly transport: Transport
  signedIn(identity: Identity): void
}

/** Tells all who want to know what comes of a connection's attempts to sign in. */
class SignIns implements SignInWatcher {
  readonly #log: Log
  readonly #remoteAddress: string
  readonly #counters: SessionCounters | undefined
  readonly #admission: Admission | undefined
  readonly #record: SessionRecord | undefined

  constructor(
    log: Log,
    remoteAddress: string,
    counters: SessionCounters | undefined,
    admission: Admission | undefined,
    record: SessionRecord | undefined,
  ) {
    this.#log = log
    this.#remoteAddress = remoteAddress
    this.#counters = counters
    this.#admission = admission
    this.#record = record
  }

  onSuccess(identity: Identity): void {
    this.#counters?.onSignIn('ok')
    this.#admission?.signedIn()
    this.#record?.signedIn(identity)
    this.#log.info({ user: identity.user, remoteAddress: this.#remoteAddress }, 'signed in')
  }

  onFailure(error: unknown): void {
    if (error instanceof Refusal) this.#counters?.onSignIn('refused')
  }
}

/** All sessions of a server: begins them, and ends them together. */
export class Sessions {
  services: Services
  readonly #counters: SessionCounters | undefined
  readonly #protocolLog: ProtocolLogOptions | undefined
  readonly #open = new Set<{ bye(reason: string): void }>()
  #onEmpty: (() => void) | undefined
  #recorded = 0

  constructor(
    services: Services,
    options: { counters?: SessionCounters | undefined; protocolLog?: ProtocolLogOptions | undefined } = {},
  ) {
    this.services = services
    this.#counters = options.counters
    this.#protocolLog = options.protocolLog
  }

  get size(): number {
    return this.#open.size
  }

  /** Speaks a protocol on a connection; calls `onClosed` once that is over. */
  serve(protocol: Protocol, transport: Transport, admission: Admission | undefined, onClosed: () => void): void {
    this.#counters?.onSession(protocol)
    const over = (): void => {
      this.#open.delete(session)
      if (this.#open.size === 0) this.#onEmpty?.()
      onClosed()
    }
    const session =
      protocol === 'lmtp'
        ? this.#lmtp(transport, admission, over)
        : this.#imap(this.services[protocol], transport, admission, over)
    this.#open.add(session)
  }

  #imap(
    imap: ImapServices,
    transport: Transport,
    admission: Admission | undefined,
    onClosed: () => void,
  ): ReturnType<typeof startImap> {
    const record = this.#protocolLog && this.#startRecord(transport, this.#protocolLog)
    const watcher = new SignIns(imap.log, transport.remoteAddress, this.#counters, admission, record)
    const authenticator = new WatchedAuthenticator(imap.authenticator, watcher)
    return startImap(record?.transport ?? transport, imap, authenticator, onClosed)
  }

  #lmtp(transport: Transport, admission: Admission | undefined, onClosed: () => void): ReturnType<typeof serveLmtp> {
    admission?.signedIn() // nobody signs in here: whoever may connect is trusted
    const session = serveLmtp(transport, this.services.lmtp)
    void session.closed.then(onClosed)
    return session
  }

  #startRecord(transport: Transport, { directory, users }: ProtocolLogOptions): SessionRecord {
    let file: WriteStream | undefined
    let held: string[] | undefined = []
    const number = ++this.#recorded
    const open = (name: string): void => {
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      const time = new Date(this.services.imap.now()).toISOString().replaceAll(':', '')
      const path = join(directory, `${time}-${process.pid}-${number}-${name}.log`)
      file = createWriteStream(path, { mode: 0o600, encoding: 'latin1' }) // octets as they passed, UTF-8 and all
      file.on('error', (error) => this.services.imap.log.warn({ err: error }, 'the protocol log cannot be written'))
      for (const line of held ?? []) file.write(line)
      held = undefined
    }
    const recorded = recordTransport(transport, (line) => {
      const text = `${new Date(this.services.imap.now()).toISOString()} ${line}\n`
      if (file) file.write(text)
      else if (held && held.length < maxHeldLines) held.push(text)
      if (line === '-- closed') file?.end()
    })
    if (users.length === 0) open('session')
    return {
      transport: recorded.transport,
      signedIn: ({ user, account }) => {
        recorded.signedIn()
        if (file) return
        if (users.includes(user))
          open(account) // the id, since names may hold what no file name can
        else held = undefined
      },
    }
  }

  /** Asks all to say BYE, and waits until they have or `timeoutMs` is over; how many did not. */
  async end(reason: string, timeoutMs: number): Promise<number> {
    for (const session of this.#open) session.bye(reason)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)))
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve))
    if (this.#open.size > 0) await Promise.race([empty, late])
    clearTimeout(timer)
    return this.#open.size
  }
}

const reasons: Readonly<Record<CeilingReached, string>> = {
  total: 'This server has as many connections as it can take; try again later',
  perAddress: 'Too many connections from your address; close some',
  unauthenticated: 'Too many connections are waiting to sign in; try again later',
}

/** Says why a connection is not served, in the words of its protocol. */
export function refuse(protocol: Protocol, stream: Duplex, reason: CeilingReached): void {
  // RFC 9051 §7.1.5: BYE may be the greeting; the code is of RFC 5530 §3. For LMTP, RFC 5321 §3.8.
  stream.write(protocol === 'lmtp' ? `421 4.7.0 ${reasons[reason]}\r\n` : `* BYE [LIMIT] ${reasons[reason]}\r\n`)
}
