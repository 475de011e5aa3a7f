/** Plays a golden transcript against a server and says where the server departs from it. */
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { createDeflateRaw, createInflateRaw, constants } from 'node:zlib'

import type { Dialogue, Event, Expected, GivenMessage, Octets, Start, Step } from './dialogue-file.ts'
import { octetsOf } from './dialogue-file.ts'
import { matches } from './dialogue-match.ts'
import type { Bindings } from './dialogue-match.ts'

/** How to reach the server under test. */
export interface Environment {
  readonly server: 'crispin' | 'dovecot'
  /**
   * Connects to the server. `startTls`: unprotected, offering STARTTLS, taking no password before it. `setsUp`: to make
   * what a dialogue takes as given.
   */
  connect(options: { readonly startTls: boolean; readonly setsUp: boolean }): Promise<Duplex>
  /** Whether TLS is spoken behind STARTTLS; in-process connections only say that they are protected from then on. */
  readonly speaksTls: boolean
  /** Octets that go out at once; by default, all that there are. */
  readonly pieceBytes?: number
}

/** What came of a dialogue. */
export type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'skipped'; readonly reason: string }
  /** `line` is the line of the dialogue that was not met, 0 if it could not even be set up. */
  | { readonly kind: 'failed'; readonly line: number; readonly report: string }

/** How long a server may think before a dialogue has failed. A guard only: no dialogue waits for it. */
const patienceMs = 10_000

/** Messages that are given to a mailbox in one APPEND, where the server takes several. */
const maxAtOnce = 100

/**
 * Plays `dialogue` against a server that holds a fresh account `alice` with the password `secret`, those of the
 * dialogue's other users, and has its settings.
 */
export async function runDialogue(dialogue: Dialogue, environment: Environment): Promise<Outcome> {
  if (dialogue.onlyCrispin !== '' && environment.server !== 'crispin') {
    return { kind: 'skipped', reason: `only Crispin: ${dialogue.onlyCrispin}` }
  }
  const play = new Play(dialogue, environment)
  try {
    const missing = await play.setUp()
    if (missing.length > 0 && environment.server !== 'crispin') {
      return { kind: 'skipped', reason: `the server lacks ${missing.join(' ')}` }
    }
    if (missing.length > 0) throw new Mismatch(0, `the server lacks ${missing.join(' ')}`)
    for (const [index, step] of dialogue.steps.entries()) await play.step(step, dialogue.steps[index + 1])
    play.expectSilence()
    return { kind: 'passed' }
  } catch (error) {
    if (error instanceof Mismatch) return { kind: 'failed', line: error.line, report: reportOf(dialogue, error) }
    throw error
  } finally {
    play.close()
  }
}

class Mismatch extends Error {
  readonly line: number

  constructor(line: number, got: string) {
    super(got)
    this.name = 'Mismatch'
    this.line = line
  }
}

/** The transcript around the line that was not met, and what came instead. */
function reportOf(dialogue: Dialogue, { line, message }: Mismatch): string {
  const from = Math.max(0, line - 8)
  const shown = dialogue.lines
    .slice(from, line + 2)
    .map((text, index) => `${from + index + 1 === line ? '>' : ' '}${String(from + index + 1).padStart(4)}  ${text}`)
  const at = line === 0 ? 0 : line - from
  shown.splice(at, 0, `  got   ${message}`)
  return [`${dialogue.path}:${line} ${dialogue.title}`, ...shown].join('\n')
}

const printable = (octets: Octets): string =>
  octets.replaceAll('\r\n', '\n        ').replace(/[^\n -~]/g, (c) => `«${Buffer.from(c, 'latin1').toString('hex')}»`)

/** One connection: octets out, responses in. */
class Wire {
  #stream: Duplex
  readonly #pieceBytes: number
  #received: Octets = ''
  #ended = false
  #wake: () => void = () => {}

  constructor(stream: Duplex, pieceBytes: number) {
    this.#stream = stream
    this.#pieceBytes = pieceBytes
    this.#listen()
  }

  #listen(): void {
    const stream = this.#stream
    const ended = (): void => {
      if (stream !== this.#stream) return
      this.#ended = true
      this.#wake()
    }
    stream.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1')
      this.#wake()
    })
    stream.on('end', ended)
    stream.on('close', ended)
    stream.on('error', ended)
  }

  send(octets: Octets): void {
    for (let at = 0; at < octets.length; at += this.#pieceBytes) {
      this.#stream.write(Buffer.from(octets.slice(at, at + this.#pieceBytes), 'latin1'))
    }
  }

  /** The next response without its CRLF; undefined at the end of the connection. Stays where it is until taken. */
  async peek(): Promise<Octets | undefined> {
    for (;;) {
      const length = responseLength(this.#received)
      if (length !== undefined) return this.#received.slice(0, length - 2)
      if (this.#ended) return undefined
      await this.#more()
    }
  }

  take(): void {
    this.#received = this.#received.slice(responseLength(this.#received) ?? 0)
  }

  /** A response that has come but that nobody has taken. */
  get unread(): Octets | undefined {
    return this.#received === '' ? undefined : this.#received
  }

  async #more(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const guard = setTimeout(() => reject(new Mismatch(0, 'nothing (the server says no more)')), patienceMs)
    this.#wake = resolve
    try {
      await promise
    } finally {
      clearTimeout(guard)
    }
  }

  async startTls(): Promise<void> {
    const plain = this.#stream
    plain.removeAllListeners('data')
    const secured = connectTls({ socket: plain, rejectUnauthorized: false })
    await new Promise<void>((resolve, reject) => {
      secured.once('secureConnect', resolve)
      secured.once('error', (error) => reject(new Mismatch(0, `no TLS: ${error.message}`)))
    })
    this.#stream = secured
    this.#listen()
  }

  startDeflate(): void {
    const plain = this.#stream
    plain.removeAllListeners('data')
    const out = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH })
    const incoming = createInflateRaw()
    out.pipe(plain)
    plain.pipe(incoming)
    this.#stream = Duplex.from({ writable: out, readable: incoming })
    this.#listen()
    plain.on('close', () => this.#stream.destroy())
  }

  close(): void {
    this.#stream.end()
    this.#stream.destroy()
  }
}

/** Octets of the first response in `received`, literals and CRLF counted; undefined while it is not complete. */
function responseLength(received: Octets): number | undefined {
  let at = 0
  for (;;) {
    const end = received.indexOf('\r\n', at)
    if (end === -1) return undefined
    const [, size] = /\{(\d+)\}$/.exec(received.slice(at, end)) ?? []
    if (size === undefined) return end + 2
    at = end + 2 + Number(size)
    if (at > received.length) return undefined
  }
}

/** One run of a dialogue. */
class Play {
  readonly #dialogue: Dialogue
  readonly #environment: Environment
  readonly #wires = new Map<string, Wire>()
  readonly #bindings: Bindings = new Map()
  readonly #all: Wire[] = []
  /** What a session has to send next, gathered so that commands without a wait between them go out as one. */
  #pending: { wire: Wire; octets: Octets } | undefined

  constructor(dialogue: Dialogue, environment: Environment) {
    this.#dialogue = dialogue
    this.#environment = environment
  }

  /** Makes what the dialogue takes as given; answers with the needed capabilities that the server does not have. */
  async setUp(): Promise<readonly string[]> {
    const { needs, mailboxes, subscribed, grants, holds, recent, starts, users, steps } = this.#dialogue
    const login = await this.#connect(false, true)
    await login.peek()
    login.take()
    await command(login, 'LOGIN alice secret')
    const capabilities = (await command(login, 'CAPABILITY')).find((line) => line.startsWith('* CAPABILITY')) ?? ''
    const offered = capabilities.toUpperCase().split(' ')
    const missing = needs.filter((need) => !offered.some((name) => `${name}=`.startsWith(`${need.toUpperCase()}=`)))
    if (missing.length > 0) return missing
    for (const name of mailboxes) await command(login, `CREATE ${name}`)
    for (const name of subscribed) await command(login, `SUBSCRIBE ${name}`)
    for (const grant of grants) await command(login, `SETACL ${grant}`)
    const atOnce = offered.includes('MULTIAPPEND') ? maxAtOnce : 1
    for (const given of holds) await this.#append(login, given, given.count > maxAtOnce ? atOnce : 1)
    if (!recent) {
      for (const name of new Set(holds.map(({ mailbox }) => mailbox))) await command(login, `SELECT ${name}`)
    }
    await command(login, 'LOGOUT')
    const sessions = new Set([
      ...starts.keys(),
      ...users.keys(),
      ...steps.filter((s) => s.kind !== 'compare').map((s) => s.session),
    ])
    for (const name of sessions) await this.#begin(name, starts.get(name) ?? { at: 'authenticated' })
    return []
  }

  async #append(wire: Wire, { mailbox, count, message, flags, date }: GivenMessage, atOnce: number): Promise<void> {
    const octets = this.#dialogue.messages.get(message) ?? ''
    const options = [flags, date].filter((option) => option !== '').map((option) => `${option} `)
    const announced = `${options.join('')}{${octets.length}}\r\n`
    for (let left = count; left > 0;) {
      let sent = `s APPEND ${mailbox}`
      for (let n = Math.min(left, atOnce); n > 0; n--, left--) {
        wire.send(`${sent} ${announced}`)
        await wire.peek()
        wire.take()
        sent = octets
      }
      await answer(wire, 's', sent + '\r\n')
    }
  }

  async #connect(startTls: boolean, setsUp = false): Promise<Wire> {
    const stream = await this.#environment.connect({ startTls, setsUp })
    const wire = new Wire(stream, this.#environment.pieceBytes ?? Infinity)
    this.#all.push(wire)
    return wire
  }

  async #begin(name: string, start: Start): Promise<void> {
    const wire = await this.#connect(this.#dialogue.startTls)
    this.#wires.set(name, wire)
    if (start.at === 'connected') return
    await wire.peek()
    wire.take()
    if (start.at === 'greeted') return
    const { rev2, enabled, users } = this.#dialogue
    await command(wire, `LOGIN ${users.get(name) ?? 'alice'} secret`)
    if (rev2) await command(wire, 'ENABLE IMAP4rev2')
    if (enabled.length > 0) await command(wire, `ENABLE ${enabled.join(' ')}`)
    if ('mailbox' in start) await command(wire, `${start.at === 'selected' ? 'SELECT' : 'EXAMINE'} ${start.mailbox}`)
  }

  async step(step: Step, next: Step | undefined): Promise<void> {
    if (step.kind === 'compare') return this.#compare(step.line, step.lower, step.higher)
    const wire = this.#wires.get(step.session)
    if (!wire) throw new Error(`no session ${step.session}`)
    if (step.kind === 'send') {
      const octets = this.#filledIn(step.octets, step.line)
      if (this.#pending?.wire === wire) this.#pending.octets += octets
      else {
        this.#flush()
        this.#pending = { wire, octets }
      }
      return
    }
    this.#flush()
    try {
      if (step.kind === 'event') await this.#event(wire, step.event)
      else if (step.kind === 'expunged') await this.#expunged(wire, step.seqNums)
      else if (step.kind === 'expect') await this.#expect(wire, step, next)
      else if (next?.kind === 'expect' && next.session === step.session) await this.#skip(wire, next)
      else throw new Error(`${this.#dialogue.path}:${step.line}: nothing to skip to`)
    } catch (error) {
      if (error instanceof Mismatch && error.line === 0) throw new Mismatch(step.line, error.message)
      throw error
    }
  }

  #flush(): void {
    this.#pending?.wire.send(this.#pending.octets)
    this.#pending = undefined
  }

  #filledIn(octets: Octets, line: number): Octets {
    return octets.replace(/\$[a-z]\w*/g, (name) => {
      const value = this.#bindings.get(name)
      if (value === undefined) throw new Error(`${this.#dialogue.path}:${line}: ${name} stands for nothing yet`)
      return value
    })
  }

  #compare(line: number, lower: string, higher: string): void {
    const [low, high] = [lower, higher].map((name) => Number((this.#bindings.get(name) ?? '').replace(/[()]/g, '')))
    if (!(low !== undefined && high !== undefined && low < high)) throw new Mismatch(line, `${low} and ${high}`)
  }

  async #event(wire: Wire, event: Event): Promise<void> {
    switch (event) {
      case 'close':
        wire.close()
        break
      case 'closed': {
        const got = await wire.peek()
        if (got !== undefined) throw new Mismatch(0, printable(got))
        break
      }
      case 'start TLS':
        if (this.#environment.speaksTls) await wire.startTls()
        break
      case 'start DEFLATE':
        wire.startDeflate()
        break
    }
  }

  #matches(expected: Expected, got: Octets): boolean {
    return matches(expected.octets, got, this.#bindings)
  }

  async #expect(wire: Wire, step: Step & { kind: 'expect' }, next: Step | undefined): Promise<void> {
    const required = [...step.required]
    const optional = [...step.optional]
    const moreComes = next !== undefined && next.kind !== 'compare' && next.kind !== 'send' && next.kind !== 'event'
    while (required.length > 0 || (optional.length > 0 && (moreComes || wire.unread !== undefined))) {
      const got = await wire.peek()
      const list = [required, optional].find((some) => got !== undefined && some.some((e) => this.#matches(e, got)))
      const found = list?.findIndex((e) => got !== undefined && this.#matches(e, got)) ?? -1
      if (!list || found === -1) {
        if (got !== undefined && /^\* OK \[URLMECH /i.test(got)) {
          wire.take() // counts only where it is written
          continue
        }
        const missed = required[0]
        if (!missed) return
        throw new Mismatch(missed.line, got === undefined ? 'the end of the connection' : printable(got))
      }
      list.splice(found, 1)
      wire.take()
    }
  }

  async #expunged(wire: Wire, seqNums: readonly number[]): Promise<void> {
    const gone = new Set<number>()
    while (gone.size < seqNums.length) {
      const got = await wire.peek()
      const [, number] = /^\* (\d+) EXPUNGE$/i.exec(got ?? '') ?? []
      let original = 0
      for (let left = Number(number ?? 0); left > 0;) if (!gone.has(++original)) left--
      if (got === undefined || !seqNums.includes(original)) throw new Mismatch(0, printable(got ?? 'the end'))
      gone.add(original)
      wire.take()
    }
  }

  async #skip(wire: Wire, next: Step & { kind: 'expect' }): Promise<void> {
    for (;;) {
      const got = await wire.peek()
      if (got === undefined || !got.startsWith('* ')) return
      if ([...next.required, ...next.optional].some((expected) => this.#matches(expected, got))) return
      wire.take()
    }
  }

  expectSilence(): void {
    this.#flush()
    const { lines } = this.#dialogue
    for (const wire of this.#wires.values()) {
      if (wire.unread !== undefined) throw new Mismatch(lines.length, `also: ${printable(wire.unread)}`)
    }
  }

  close(): void {
    for (const wire of this.#all) wire.close()
  }
}

/** Sends a command of the set-up and gives its answer; the set-up fails if it is not OK. */
async function command(wire: Wire, text: string): Promise<Octets[]> {
  return answer(wire, 's', octetsOf(`s ${text}\r\n`))
}

async function answer(wire: Wire, tag: string, octets: Octets): Promise<Octets[]> {
  wire.send(octets)
  const responses: Octets[] = []
  for (;;) {
    const got = await wire.peek()
    if (got === undefined) throw new Mismatch(0, `the connection ended at ${printable(octets)}`)
    wire.take()
    responses.push(got)
    if (got.startsWith(`${tag} OK`)) return responses
    if (got.startsWith(`${tag} `)) {
      throw new Mismatch(0, `${printable(octets)} was answered ${printable(got)}`)
    }
  }
}
