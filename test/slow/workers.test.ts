/** A server of several workers, as processes: what one sees of another, and what is left when one or all of them end. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { RawClient } from './raw-client.ts'
import { checkStore, password, type ServerProcess, startServerProcess, temporaryDirectory } from './server-process.ts'

const config = '[server]\nworkers = 2\n'
const program = join(import.meta.dirname, '../../bin/crispin')

/** Milliseconds that something may take which takes a moment. A guard only. */
const patienceMs = 10_000

/** The processes that a server has started, from Linux's /proc. */
function workersOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
  return children.split(' ').filter(Boolean).map(Number)
}

/** How many sockets listen on a port, from Linux's /proc. */
function listenersOn(port: number): number {
  const lines = readFileSync('/proc/net/tcp', 'latin1').split('\n')
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`
  return lines.filter((line) => line.includes(local)).length
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = Date.now() + patienceMs
  while (!isSo()) {
    assert.ok(Date.now() < end, what)
    await sleep(20)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // Dead, but nobody has asked yet how it ended.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

async function signedIn(t: TestContext, { host, imapPort: port }: ServerProcess, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = []
  for (let n = 0; n < count; n++) {
    const client = await RawClient.connect({ host, port })
    t.after(() => client.close())
    await client.ok(`LOGIN alice "${password}"`)
    clients.push(client)
  }
  return clients
}

function appendOf(subject: string): string {
  const octets = `Subject: ${subject}\r\n\r\nText.\r\n`
  return `APPEND INBOX {${octets.length}+}\r\n${octets}`
}

test('what is answered OK by one worker is seen by all at once', async (t) => {
  const server = await startServerProcess(t, { config })
  const clients = await signedIn(t, server, 8)
  for (const client of clients) await client.ok('SELECT INBOX')
  for (let n = 1; n <= 40; n++) {
    const one = clients[n % clients.length]!
    await one.ok(appendOf(`m${n}`))
    const other = clients[(3 * n + 1) % clients.length]!
    const lines = await other.command('STATUS INBOX (MESSAGES)')
    assert.ok(
      lines.some((line) => line.includes(`MESSAGES ${n})`)),
      `${n}: ${lines.join(' | ')}`,
    )
  }
  const large = 'x'.repeat(70).concat('\r\n').repeat(10_000)
  await clients[0]!.ok(`APPEND INBOX {${large.length}+}\r\n${large}`)
  for (const client of clients) {
    const [first] = await client.command('SEARCH LARGER 700000')
    assert.match(`${first} ${(await client.command('UID SEARCH UID 41')).join()}`, /41/)
  }
  assert.equal(await server.stop(), 0)
  await checkStore(server.dataDirectory)
})

test('a worker that dies takes only its own connections with it, and is replaced', async (t) => {
  const server = await startServerProcess(t, { config })
  const clients = await signedIn(t, server, 10)
  const before = workersOf(server.pid)
  assert.equal(before.length, 2)
  for (const victim of before) {
    process.kill(victim, 'SIGKILL')
    await until('a worker is gone', () => listenersOn(server.imapPort) < 2)
    await until('it is replaced', () => listenersOn(server.imapPort) === 2)
    for (const client of clients.filter(({ ended }) => !ended)) {
      // Those of the other worker go on, and wait where the account's owner is being replaced.
      const answer = (await client.command(appendOf('on'))).at(-1)
      if (!client.ended) assert.match(answer ?? '', /^OK/)
    }
    if (victim === before[0]) assert.ok(clients.some(({ ended }) => !ended))
  }
  const [next] = await signedIn(t, server, 1)
  await next!.ok(appendOf('after'))
  assert.equal(await server.stop(), 0)
  await checkStore(server.dataDirectory)
})

test('workers end when the process that started them is killed, and another server can start at once', async (t) => {
  const dataDirectory = await temporaryDirectory(t)
  const server = await startServerProcess(t, { config, dataDirectory })
  const [client] = await signedIn(t, server, 1)
  await client!.ok(appendOf('a'))
  const workers = workersOf(server.pid)
  await server.kill()
  const second = await startServerProcess(t, { config, dataDirectory, users: [] })
  assert.deepEqual(workers.filter(isAlive), [])
  const [again] = await signedIn(t, second, 1)
  const lines = await again!.command('STATUS INBOX (MESSAGES)')
  assert.ok(lines.some((line) => line.includes('MESSAGES 1)')))
  assert.equal(await second.stop(), 0)
})

test('a port that another program uses is refused', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  const { port } = taken.address() as AddressInfo // it listens on TCP
  const args = ['serve', '--data', await temporaryDirectory(t), '--imap', `127.0.0.1:${port}`]
  const env = { ...process.env, CRISPIN_SERVER_WORKERS: '2' }
  await assert.rejects(promisify(execFile)(program, args, { env }), (error: Error & { code?: number }) => {
    assert.equal(error.code, 1)
    return /another program uses this port/.test(error.message)
  })
})

test('metrics are those of all workers', async (t) => {
  const args = ['serve', '--data', await temporaryDirectory(t), '--json', '--allow-plaintext-login']
  const listeners = ['--imap', '127.0.0.1:0', '--http', '127.0.0.1:0']
  const env = { ...process.env, CRISPIN_SERVER_WORKERS: '2', CRISPIN_LOG_LEVEL: 'error' }
  const child = spawn(program, [...args, ...listeners], { stdio: ['ignore', 'pipe', 'inherit'], env })
  t.after(() => child.kill('SIGKILL'))
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string] // a line is a text
  const { imap, http } = JSON.parse(line) as { imap: string[]; http: string[] } // what `serve --json` prints
  const port = Number(imap[0]?.split(':')[1])
  for (let n = 0; n < 8; n++) {
    const client = await RawClient.connect({ host: '127.0.0.1', port })
    await client.ok('NOOP')
    client.close()
  }
  assert.equal((await fetch(`http://${http[0]}/readyz`)).status, 200)
  const page = await (await fetch(`http://${http[0]}/metrics`)).text()
  assert.match(page, /^crispin_sessions_total\{protocol="imap"\} 8$/m)
  assert.match(page, /^crispin_imap_commands_total\{command="NOOP",outcome="OK"\} 8$/m)
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number] // it ends by itself
  assert.equal(code, 0)
})

test('SIGHUP reaches all workers', async (t) => {
  const server = await startServerProcess(t, { config })
  const capabilities = async (): Promise<string> => {
    const client = await RawClient.connect({ host: server.host, port: server.imapPort })
    const lines = await client.command('CAPABILITY')
    client.close()
    return lines.join()
  }
  assert.match(await capabilities(), / IDLE /)
  await writeFile(join(server.dataDirectory, 'test.toml'), `${config}[imap]\ndisabledCapabilities = ["IDLE"]\n`)
  process.kill(server.pid, 'SIGHUP')
  const end = Date.now() + patienceMs
  // New connections go to either worker: so many in a row are not all of one.
  for (let without = 0; without < 12;) {
    assert.ok(Date.now() < end, 'IDLE is still offered')
    if (/ IDLE /.test(await capabilities())) without = 0
    else without++
  }
})

test('SIGTERM says BYE to the clients of all workers', async (t) => {
  const server = await startServerProcess(t, { config })
  const clients = await signedIn(t, server, 6)
  const ends = clients.map((client) => client.next())
  assert.equal(await server.stop(), 0)
  for (const end of await Promise.all(ends)) assert.match(end ?? '', /^\* BYE/)
})
