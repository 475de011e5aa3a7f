import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import type { Duplex } from 'node:stream'
import { silentLog } from '../model/log.ts'
import type { Transport } from '../net/transport.ts'
import { fakeAccount, fakeStore } from './fake-store.test-support.ts'
import type { FakeAccount } from './fake-store.test-support.ts'
import { defaultLmtpLimits } from './limits.ts'
import type { LmtpLimits } from './limits.ts'
import { serveLmtp } from './serve.ts'
import type { LmtpServed } from './serve.ts'
import type { LmtpRecipient } from './services.ts'

/** A server with two accounts and one client, for the tests of this folder. */
export interface LmtpScene {
  readonly client: Duplex
  readonly served: LmtpServed
  readonly accounts: ReadonlyMap<string, FakeAccount>
  readonly alice: FakeAccount
  readonly bob: FakeAccount
  /** Timers that are running; calling one makes its time be up. */
  readonly timers: Set<() => void>
}

/** Alice has two mailboxes beside INBOX, Bob none; Jürgen's mail goes to Bob. */
export function lmtpScene(limits: Partial<LmtpLimits> = {}): LmtpScene {
  const alice = fakeAccount('lists', 'Work/Überstunden')
  const bob = fakeAccount()
  const accounts = new Map([
    ['alice', alice],
    ['bob', bob],
  ])
  const [client, stream] = duplexPair()
  const timers = new Set<() => void>()
  const transport: Transport = {
    stream,
    secure: true,
    allowPlaintextLogin: false,
    remoteAddress: 'local',
    remotePort: 0,
    tlsExporter: () => undefined,
    certificateNames: () => [],
  }
  const served = serveLmtp(transport, {
    store: fakeStore(accounts),
    recipients: (address) => Promise.resolve(recipientOf(address)),
    limits: { ...defaultLmtpLimits, ...limits },
    log: silentLog,
    clock: {
      after(_, run) {
        timers.add(run)
        return () => timers.delete(run)
      },
    },
    hostname: 'mail.example',
  })
  return { client, served, accounts, alice, bob, timers }
}

function recipientOf(address: string): LmtpRecipient | undefined {
  const [, name = '', detail] = /^([^+@]+)(?:\+([^@]*))?(?:@example\.org)?$/.exec(address.replaceAll('"', '')) ?? []
  if (name === 'broken') throw new Error('the directory is broken')
  const account = new Map([
    ['alice', 'alice'],
    ['bob', 'bob'],
    ['al ice', 'alice'],
    ['jürgen', 'bob'],
  ]).get(name)
  return account === undefined ? undefined : { account, user: name, detail }
}

/**
 * Plays a transcript against the server. `C: ` sends a line with its CR LF, `C| ` a string with escapes as in JSON and
 * nothing added; lines of C that follow one another go in one packet. `S: ` wants a line that starts so (text behind
 * it is not compared), `S! closed` the end. Lines with `#` are comments. At the end all that was opened must be given back.
 */
export async function playLmtp(scene: LmtpScene, transcript: string): Promise<void> {
  const lines = new LineReader(scene.client)
  let sending = ''
  for (const written of transcript.split('\n')) {
    const line = written.trim()
    if (line === '' || line.startsWith('#')) continue
    const [kind, text] = [line.slice(0, 2), line.slice(3)]
    // JSON.parse gives a string here, or the transcript is wrong and the test fails.
    if (kind === 'C:') sending += text + '\r\n'
    else if (kind === 'C|') sending += JSON.parse(`"${text}"`) as string
    else {
      if (sending !== '') scene.client.write(Buffer.from(sending, 'utf8'))
      sending = ''
      const got = await lines.next()
      if (kind === 'S!') assert.equal(got, undefined)
      else assert.ok(got?.startsWith(text), `expected ${JSON.stringify(text)}, got ${JSON.stringify(got)}`)
    }
  }
  if (sending !== '') scene.client.write(Buffer.from(sending, 'utf8'))
  scene.client.end()
  assert.deepEqual(await lines.rest(), [], 'lines that the transcript does not have')
  await scene.served.closed
  for (const account of scene.accounts.values()) {
    assert.equal(account.shares, 0, 'accounts left open')
    assert.equal(account.stagers, 0, 'stagers neither committed nor aborted')
  }
}

/** Lines of replies, one at a time. */
class LineReader {
  readonly #chunks: AsyncIterator<Buffer>
  #text = ''

  constructor(stream: Duplex) {
    this.#chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]() // without an encoding chunks are Buffers
  }

  async next(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\r\n')
      if (end !== -1) {
        const line = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        return line
      }
      const { value, done } = await this.#chunks.next()
      if (done === true) return undefined
      this.#text += value.toString('utf8')
    }
  }

  async rest(): Promise<string[]> {
    const lines: string[] = []
    for (let line = await this.next(); line !== undefined; line = await this.next()) lines.push(line)
    return lines
  }
}

/** The messages of a mailbox as text. */
export function messagesOf(account: FakeAccount, mailbox = 'INBOX'): string[] {
  return (account.mailboxes.get(mailbox) ?? []).map((message) => message.toString('utf8'))
}

/** LHLO and its answer, for the start of transcripts. */
export const hello: string = `
  S: 220 mail.example LMTP
  C: LHLO client.example
  S: 250-mail.example
  S: 250-PIPELINING
  S: 250-SIZE
  S: 250-8BITMIME
  S: 250-ENHANCEDSTATUSCODES
  S: 250-CHUNKING
  S: 250-BINARYMIME
  S: 250 SMTPUTF8
`
/** QUIT, for their end. */
export const quit: string = `
  C: QUIT
  S: 221 2.0.0
  S! closed
`
