import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { memoryDirectory } from '../accounts/memory-directory.ts'
import { silentLog } from '../model/log.ts'
import { parseListenAddress } from '../net/address.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import type { RawConfig } from './config.ts'
import { loadConfig } from './config.ts'
import type { Config } from './config-type.ts'
import { runServer, usesTls } from './run-server.ts'
import type { RunningServer } from './run-server.ts'
import { loadTls } from './tls.ts'

let directory = ''
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crispin-run-'))
})
after(() => rm(directory, { recursive: true }))

async function configOf(tables: RawConfig): Promise<Config> {
  return await loadConfig({
    overrides: {
      imap: { listen: ['127.0.0.1:0'], allowPlaintextLogin: true },
      ...tables,
      server: { dataDirectory: directory, shutdownSeconds: 5 },
    },
  })
}

/** A server with the user joe, on a memory store. */
async function running(
  tables: RawConfig = {},
): Promise<RunningServer & AsyncDisposable & { dial(table?: 'imap' | 'imaps' | 'lmtp'): Client; url: string }> {
  const config = await configOf(tables)
  const ground = {
    store: memoryStore(),
    directory: memoryDirectory([{ name: 'joe', password: 'secret' }]),
    log: silentLog,
    now: Date.now,
  }
  const tls = usesTls(config) ? await loadTls(config, Date.now()) : undefined
  const server = await runServer(config, ground, tls)
  return {
    ...server,
    url: `http://${server.addresses.http[0]}`,
    dial(table = 'imap') {
      const [text = ''] = server.addresses[table]
      const address = parseListenAddress(text)
      assert.ok(address.kind === 'tcp')
      const { host, port } = address
      return new Client(
        table === 'imaps' ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port }),
      )
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

/** Says lines and waits for what is expected. */
class Client {
  #heard = ''
  readonly stream: Duplex
  readonly #onHeard = (chunk: Buffer): void => {
    this.#heard += chunk.toString()
  }

  constructor(stream: Duplex) {
    this.stream = stream
    stream.on('data', this.#onHeard).on('error', () => {})
  }

  say(text: string): this {
    this.stream.write(text)
    return this
  }

  /** What was heard up to a text that fits, which is then forgotten. */
  async hears(expected: RegExp): Promise<string> {
    for (;;) {
      const found = expected.exec(this.#heard)
      if (found) {
        const until = found.index + found[0].length
        const heard = this.#heard.slice(0, until)
        this.#heard = this.#heard.slice(until)
        return heard
      }
      if (this.stream.destroyed || this.stream.readableEnded) assert.fail(`${expected} never came: ${this.#heard}`)
      await Promise.race([once(this.stream, 'data'), once(this.stream, 'close')])
    }
  }

  async ends(): Promise<string> {
    if (!this.stream.closed) await once(this.stream, 'close')
    return this.#heard
  }

  /** The same connection with TLS on it. */
  async secured(): Promise<Client> {
    this.stream.off('data', this.#onHeard)
    const tls = connectTls({ socket: this.stream, rejectUnauthorized: false })
    await once(tls, 'secureConnect')
    return new Client(tls)
  }
}

test('STARTTLS: what is slipped in ahead of TLS is not run inside it', async () => {
  await using server = await running({ imap: { listen: ['127.0.0.1:0'] } })
  const client = server.dial()
  await client.hears(/^\* OK .*LOGINDISABLED.*\r\n/)
  await client.say('a LOGIN joe secret\r\n').hears(/^a NO \[PRIVACYREQUIRED\]/m)
  await client.say('b STARTTLS\r\nc CREATE slipped-in\r\n').hears(/^b OK .*\r\n$/m)
  const secured = await client.secured()
  await secured.say('d LOGIN joe secret\r\n').hears(/^d OK .*\r\n/m)
  const heard = await secured.say('e LIST "" *\r\nf LOGOUT\r\n').hears(/^f OK/m)
  assert.doesNotMatch(heard, /slipped-in|^c /m)
})

test('over a limit of connections: BYE [LIMIT], and the others go on', async () => {
  await using server = await running({ limits: { connectionsPerAddress: 1 }, lmtp: { listen: ['127.0.0.1:0'] } })
  const first = server.dial()
  await first.hears(/^\* OK/)
  assert.match(await server.dial().ends(), /^\* BYE \[LIMIT\] Too many connections from your address; close some\r\n$/)
  assert.match(await server.dial('lmtp').ends(), /^421 4\.7\.0 Too many/)
  await first.say('a LOGIN joe secret\r\n').hears(/^a OK/m)
})

test('a connection that has signed in leaves room for one that has not', async () => {
  await using server = await running({ limits: { connectionsBeforeLogin: 1 } })
  const first = server.dial()
  await first.hears(/^\* OK/)
  assert.match(await server.dial().ends(), /^\* BYE \[LIMIT\]/)
  await first.say('a LOGIN joe secret\r\n').hears(/^a OK/m)
  await server.dial().hears(/^\* OK/)
})

test('connections of one account have a limit of their own', async () => {
  await using server = await running({ limits: { connectionsPerAccount: 1 } })
  const first = server.dial().say('a LOGIN joe secret\r\n')
  await first.hears(/^a OK/m)
  await server
    .dial()
    .say('a LOGIN joe secret\r\n')
    .hears(/^a NO \[LIMIT\]/m)
  await first.say('b LOGOUT\r\n').hears(/^b OK/m)
})

test('stopping says BYE and refuses new connections', async () => {
  const server = await running()
  const client = server.dial().say('a LOGIN joe secret\r\n')
  await client.hears(/^a OK .*\r\n/m)
  const stopped = server.stop()
  await client.hears(/^\* BYE The server is shutting down\r\n/m)
  await stopped
  await client.ends()
  await assert.rejects(once(server.dial().stream, 'connect'), { code: 'ECONNREFUSED' })
})

test('mail that comes in by LMTP is there', async () => {
  await using server = await running({ lmtp: { listen: ['127.0.0.1:0'] } })
  const delivery = server.dial('lmtp').say('LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<joe@localhost>\r\nDATA\r\n')
  await delivery.hears(/^354/m)
  await delivery.say('Subject: hello\r\n\r\n.\r\nQUIT\r\n').hears(/^250 2.*\r\n221/m)
  await server
    .dial()
    .say('a LOGIN joe secret\r\nb STATUS INBOX (MESSAGES)\r\n')
    .hears(/MESSAGES 1\)/)
})

test('a reload changes limits and certificate, and names what it cannot', async () => {
  await using server = await running({ imaps: { listen: ['127.0.0.1:0'] }, imap: {} })
  const before = server.dial('imaps')
  await before.hears(/^\* OK/)
  const next = await configOf({ imaps: { listen: ['127.0.0.1:1'] }, imap: {}, limits: { connections: 1 } })
  assert.deepEqual(server.reload(next, await loadTls(next, Date.now())), ['imaps'])
  assert.match(await server.dial('imaps').ends(), /^\* BYE \[LIMIT\]/)
  await before.say('a NOOP\r\n').hears(/^a OK/m)
})

test('metrics, health and readiness', async () => {
  await using server = await running({ http: { listen: ['127.0.0.1:0'] } })
  await server.dial().say('a LOGIN joe wrong\r\nb LOGIN joe secret\r\n').hears(/^b OK/m)
  const get = async (path: string, method = 'GET'): Promise<readonly [number, string]> => {
    const response = await fetch(server.url + path, { method })
    return [response.status, await response.text()]
  }
  assert.deepEqual(await get('/healthz'), [200, 'ok\n'])
  assert.deepEqual(await get('/readyz'), [200, 'ready\n'])
  assert.deepEqual(await get('/nothing'), [404, 'not found\n'])
  assert.deepEqual(await get('/metrics', 'POST'), [405, 'GET only\n'])
  const [, page] = await get('/metrics')
  for (const line of [
    'crispin_connections_open{state="signed_in"} 1',
    'crispin_sessions_total{protocol="imap"} 1',
    'crispin_sign_ins_total{outcome="ok"} 1',
    'crispin_sign_ins_total{outcome="refused"} 1',
    'crispin_imap_commands_total{command="LOGIN",outcome="OK"} 1',
  ]) {
    assert.ok(page.split('\n').includes(line), line)
  }
})

test('the protocol log of one user has what was said, without secrets', async () => {
  const folder = join(directory, 'protocol')
  {
    await using server = await running({ protocolLog: { directory: folder, users: ['joe'] } })
    const client = server.dial().say('a LOGIN joe secret\r\n')
    await client.hears(/^a OK.*\r\n/m)
    await client.say('b NOOP\r\nc LOGOUT\r\n').hears(/^c OK/m)
    await client.ends()
    await server.dial().say('a LOGIN mary hidden\r\nc LOGOUT\r\n').ends()
  }
  const [name = '', ...others] = await readdir(folder)
  assert.deepEqual(others, [])
  let text = ''
  while (!text.includes('-- closed')) text = await readFile(join(folder, name), 'utf8')
  assert.match(text, /C: a LOGIN \*\*\*\n.*S: a OK .*\n.*C: b NOOP\n/)
  assert.doesNotMatch(text, /secret/)
})

test('a listener that cannot be opened closes the others again', async () => {
  await using server = await running()
  const [taken = ''] = server.addresses.imap
  await assert.rejects(running({ imap: { listen: ['127.0.0.1:0', taken] } }), /another program uses this port/)
})
