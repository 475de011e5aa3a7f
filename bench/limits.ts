/**
 * What nothing here can be faster than: a line to a bare server and one back, a fdatasync of a file whose blocks are
 * there, and both of them in one. docs/benchmarks.md compares them with rows of the table.
 *
 *     node bench/limits.ts [DIRECTORY]
 */
import { fork } from 'node:child_process'
import { fdatasync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpuMsBetween, readCpu } from './process-usage.ts'

const fileBytes = 16 * 1024 * 1024
const messageBytes = 8 * 1024
const answer = Buffer.alloc(80, 'x')
/** What asks for the answer, and what asks for it behind a message that is synced. */
const echo = Buffer.alloc(40, 'e')
const durable = Buffer.alloc(messageBytes, 'd')

/** Writes message after message into blocks that the file has already, from its beginning again when it is full. */
function syncedWriter(directory: string): (done: () => void) => void {
  const file = openSync(join(directory, 'log'), 'w+')
  for (let at = 0; at < fileBytes; at += messageBytes) writeSync(file, durable, 0, messageBytes, at)
  let next = 0
  return (done) => {
    writeSync(file, durable, 0, messageBytes, next)
    next = (next + messageBytes) % fileBytes
    fdatasync(file, (error) => {
      if (error) throw error
      done()
    })
  }
}

/** In a process of its own, whose time is taken. */
function serve(directory: string): void {
  const write = syncedWriter(directory)
  const server = createServer({ noDelay: true }, (socket) => {
    let got = 0
    socket.on('data', (chunk) => {
      got += chunk.length
      if (chunk[0] === echo[0]) {
        got = 0
        socket.write(answer)
      } else if (got === messageBytes) {
        got = 0
        write(() => socket.write(answer))
      }
    })
    socket.on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port)) // it listens on TCP
  process.on('disconnect', () => process.exit())
}

async function exchange(socket: Socket, request: Buffer): Promise<void> {
  const answered = new Promise((resolve) => socket.once('data', resolve))
  socket.write(request)
  await answered
}

async function report(name: string, pid: number, times: number, once: () => Promise<void>): Promise<void> {
  for (let n = 0; n < times / 4; n++) await once()
  const before = readCpu(pid)
  const start = performance.now()
  for (let n = 0; n < times; n++) await once()
  const wallUs = ((performance.now() - start) / times) * 1000
  const cpuUs = (cpuMsBetween(before, readCpu(pid)) / times) * 1000
  console.log(`${name}: ${wallUs.toFixed(0)} us, ${cpuUs.toFixed(0)} us of processor time`)
}

async function main(directory: string): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['--serve', directory])
  const port = await new Promise<number>((resolve) => child.once('message', (message) => resolve(Number(message))))
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  const pid = child.pid ?? 0
  await report('a line there and one back', pid, 20_000, () => exchange(socket, echo))
  await report('8 KiB there, written and synced, a line back', pid, 2000, () => exchange(socket, durable))
  socket.destroy()
  child.disconnect()
  const write = syncedWriter(directory)
  await report('8 KiB written and synced', process.pid, 2000, () => new Promise(write))
}

const [, , first, second = ''] = process.argv
if (first === '--serve') serve(second)
else {
  const directory = mkdtempSync(join(first ?? tmpdir(), 'limits-'))
  try {
    await main(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
