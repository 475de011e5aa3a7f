/** What a server's process holds: for one big message, and for thousands of clients that do nothing. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { missing } from './programs.ts'
import { RawClient } from './raw-client.ts'
import { password, residentKiB, startServerProcess, temporaryDirectory } from './server-process.ts'
import type { ServerProcess } from './server-process.ts'

const notLinux = process.platform !== 'linux' && 'memory is read from /proc'
const messageBytes = 50 * 1024 * 1024
/** How far a message of {@link messageBytes} may move the process, in KiB. */
const maxGrowthKiB = 8 * 1024

/** What one idle client may add to the heap that its socket takes in any server (DESIGN: under 4 KiB), in octets. */
const maxAddedHeapBytes = 4 * 1024
const heapProbe = join(import.meta.dirname, 'heap-probe.ts')

/** The most that the process held while `work` ran, in KiB. */
async function peakDuring(pid: number, work: () => Promise<void>): Promise<number> {
  let peak = await residentKiB(pid)
  let over = false
  const watch = (async () => {
    while (!over) {
      peak = Math.max(peak, await residentKiB(pid))
      await sleep(3)
    }
  })()
  await work()
  over = true
  await watch
  return peak
}

/** Sends a message of `bytes` and reads it back, holding neither. */
async function appendAndFetch(server: ServerProcess, bytes: number): Promise<void> {
  const socket = connect({ host: server.host, port: server.imapPort })
  try {
    const line = `${'abcdefg '.repeat(9)}abc\r\n`
    const head = 'Subject: big\r\n\r\n'
    const piece = Buffer.from(line.repeat(Math.ceil(65_536 / line.length)))
    await answer(socket, '* OK')
    socket.write(`a LOGIN alice "${password}"\r\n`)
    await answer(socket, 'a OK')
    socket.write(`b APPEND INBOX {${bytes}}\r\n`)
    await answer(socket, '+')
    socket.write(head)
    for (let left = bytes - head.length; left > 0; left -= piece.length) {
      if (!socket.write(piece.subarray(0, left))) await new Promise((resolve) => socket.once('drain', resolve))
    }
    socket.write('\r\n')
    await answer(socket, 'b OK')
    socket.write('c EXAMINE INBOX\r\nd UID FETCH * BODY.PEEK[]\r\n')
    assert.ok((await answer(socket, 'd OK')) > bytes)
    socket.write(`e FETCH * BODY.PEEK[TEXT]<1000.${bytes >> 1}>\r\n`)
    assert.ok((await answer(socket, 'e OK')) >= bytes >> 1)
  } finally {
    socket.destroy()
  }
}

/** Reads until a line begins with `start`; the number of octets that came. */
function answer(socket: import('node:net').Socket, start: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let count = 0
    let tail = ''
    const onData = (chunk: Buffer): void => {
      count += chunk.length
      tail = (tail + chunk.toString('latin1')).slice(-1000)
      if (!('\n' + tail).includes('\n' + start) || !tail.endsWith('\r\n')) return
      socket.off('data', onData).off('close', onClose)
      resolve(count)
    }
    const onClose = (): void => reject(new Error(`no ${start}; the end was: ${tail}`))
    socket.on('data', onData).on('close', onClose)
  })
}

test('a message of 50 MiB, in and out', { skip: notLinux }, async (t) => {
  const server = await startServerProcess(t)
  // Code, threads and the collector's young generation come with the first messages, and stay.
  for (let n = 0; n < 3; n++) await appendAndFetch(server, 4 * 1024 * 1024)
  const small = await residentKiB(server.pid)
  const first = await peakDuring(server.pid, () => appendAndFetch(server, messageBytes))
  const growths: number[] = []
  for (let n = 0; n < 4; n++) {
    growths.push((await peakDuring(server.pid, () => appendAndFetch(server, messageBytes))) - small)
  }
  t.diagnostic(`above ${small} KiB, which messages of 4 MiB left: ${first - small}, then ${growths.join(', ')} KiB`)
  assert.ok(first - small < maxGrowthKiB, `the first moved it by ${first - small} KiB`)
  const median = growths.toSorted((x, y) => x - y)[1] ?? Infinity
  assert.ok(median < maxGrowthKiB, `it grew by ${growths.join(', ')} KiB`)
})

test('idle clients over TLS', { skip: notLinux || missing('sh') }, async (t) => {
  // Each needs a socket here and one there; some are for other things.
  const openFiles = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1024)
  const count = Math.min(2000, Math.floor(openFiles * 0.8))
  const users = Array.from({ length: Math.ceil(count / 40) }, (_, n) => `user${n}`)
  const config = '[limits]\nconnectionsPerAddress = 10000\nconnections = 10000\n'
  const probe = join(await temporaryDirectory(t), 'heap')
  const env = { HEAP_PROBE: probe, NODE_OPTIONS: `--import ${heapProbe}` }
  const server = await startServerProcess(t, { users, config, env })
  const sockets: TLSSocket[] = []
  t.after(() => sockets.forEach((socket) => socket.destroy()))

  async function open(n: number): Promise<void> {
    const socket = connectTls({ host: server.host, port: server.imapsPort, rejectUnauthorized: false })
    sockets.push(socket)
    await answer(socket, '* OK')
    socket.write(`a LOGIN user${Math.floor(n / 40)} "${password}"\r\n`)
    await answer(socket, 'a OK')
    socket.write('b SELECT INBOX\r\n')
    await answer(socket, 'b OK')
    socket.write('c IDLE\r\n')
    await answer(socket, '+')
  }
  const openAll = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n += 20) {
      await Promise.all(Array.from({ length: Math.min(20, to - n) }, (_, k) => open(n + k)))
    }
  }
  const warm = Math.floor(count / 10)
  await openAll(0, warm)
  const before = await atRest(server.pid)
  const heapBefore = await heapInUse(probe)
  await openAll(warm, count)
  const after = await atRest(server.pid)
  const heapEach = (await heapInUse(probe)) - heapBefore
  const each = (after - before) / (count - warm)
  t.diagnostic(`${count} connections over TLS, signed in, selected and idling: ${each.toFixed(1)} KiB each`)
  assert.ok(each < 100, `${each} KiB each`)
  const heap = heapEach / (count - warm)
  const bare = await bareHeapEach(t, join(server.dataDirectory, 'tls'))
  const added = heap - bare
  t.diagnostic(`V8 heap: ${Math.round(heap)} octets each, of which a bare TLS socket takes ${Math.round(bare)}`)
  assert.ok(added < maxAddedHeapBytes, `${added} octets more than a bare socket`)

  const witness = await RawClient.connect({ host: server.host, port: server.imapPort })
  await witness.ok(`LOGIN user0 "${password}"`)
  const told = answer(sockets[0] ?? assert.fail(), '* 1 EXISTS')
  await witness.append('INBOX', 'Subject: x\r\n\r\n')
  await told
  witness.close()
})

/** What a TLS connection takes of the heap of a server that does nothing, in octets. */
async function bareHeapEach(t: TestContext, certificates: string): Promise<number> {
  const probe = join(await temporaryDirectory(t), 'heap')
  const program = join(import.meta.dirname, 'bare-tls-server.ts')
  const child = spawn(process.execPath, ['--expose-gc', '--import', heapProbe, program, certificates], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, HEAP_PROBE: probe },
  })
  t.after(() => child.kill())
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { port } = JSON.parse(line) as AddressInfo // as the program prints it
  const openBare = (count: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false })
        t.after(() => socket.destroy())
        await answer(socket, '* OK')
      }),
    )
  await openBare(50)
  const before = await heapInUse(probe)
  for (let n = 0; n < 10; n++) await openBare(20)
  return ((await heapInUse(probe)) - before) / 200
}

/** The heap in use, in octets, of a process that has loaded the probe. */
async function heapInUse(probe: string): Promise<number> {
  return Number(await text(connect(probe)))
}

/** The memory of a process once it no longer shrinks, in KiB. */
async function atRest(pid: number): Promise<number> {
  let least = await residentKiB(pid)
  for (let n = 0; n < 10; n++) {
    await sleep(200)
    least = Math.min(least, await residentKiB(pid))
  }
  return least
}
