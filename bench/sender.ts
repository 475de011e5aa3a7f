/**
 * What a Node process that does nothing else can send over loopback: the ceiling for FETCH of whole bodies, which has
 * pieces of 112 KiB. `node bench/sender.ts`; the best of several runs, processor time of the sender.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectPlain, createServer as createPlain } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, createServer as createTls } from 'node:tls'
import { makeSelfSigned } from '../src/net/certificate.ts'

const megabytes = 80
const runs = 7
const pieceKib = [16, 64, 112, 256]
/** Octets that may wait to be sent. */
const maxUnsent = 256 * 1024

if (process.argv[2] === 'receive') receive(Number(process.argv[3]), process.argv[4] === 'TLS')
else await measureAll()

/** Asks for octets once for each message from the parent, and tells how long it took until all were there. */
function receive(port: number, tls: boolean): void {
  const host = '127.0.0.1'
  const socket = tls ? connectTls({ host, port, rejectUnauthorized: false }) : connectPlain({ host, port })
  let left = 0
  let start = 0
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left <= 0) process.send?.(performance.now() - start)
  })
  process.on('message', (octets: number) => {
    left = octets
    start = performance.now()
    socket.write('.')
  })
  socket.once(tls ? 'secureConnect' : 'connect', () => process.send?.('ready'))
}

async function measureAll(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'crispin-sender-'))
  const path = join(directory, 'octets')
  writeFileSync(path, Buffer.alloc(megabytes * 1e6, 'mail'))
  const fd = openSync(path, 'r')
  const { cert, key } = await makeSelfSigned(['localhost'], Date.now())
  console.log(`${megabytes} MB over loopback`)
  for (const tls of [false, true]) {
    for (const kib of pieceKib) {
      for (const from of ['memory', 'file'] as const) {
        const piece = Buffer.alloc(kib * 1024, 'mail')
        const next = (at: number): Buffer => {
          const length = Math.min(piece.length, megabytes * 1e6 - at)
          if (from === 'file') readSync(fd, piece, 0, length, at)
          return piece.subarray(0, length)
        }
        const onSocket = (socket: Socket): void => void socket.on('data', () => void sendAll(socket, next))
        const server = tls ? createTls({ cert, key }, onSocket) : createPlain(onSocket)
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
        // A server that listens on TCP has such an address.
        const { port } = server.address() as AddressInfo
        const { wallMs, cpuMs } = await bestOf(port, tls)
        server.close()
        const rate = `${((megabytes * 1000) / wallMs).toFixed(0).padStart(6)} MB/s`
        const cost = `${(cpuMs / megabytes).toFixed(2)} ms CPU each MB`
        console.log(`${tls ? 'TLS  ' : 'plain'} from ${from.padEnd(6)} ${String(kib).padStart(4)} KiB ${rate}  ${cost}`)
      }
    }
  }
  closeSync(fd)
  rmSync(directory, { recursive: true })
}

async function sendAll(socket: Socket, next: (at: number) => Buffer): Promise<void> {
  for (let at = 0; at < megabytes * 1e6;) {
    const piece = next(at)
    at += piece.length
    socket.write(piece) // which octets arrive does not matter, so the piece is used again at once
    if (socket.writableLength >= maxUnsent) await once(socket, 'drain')
  }
}

async function bestOf(port: number, tls: boolean): Promise<{ readonly wallMs: number; readonly cpuMs: number }> {
  const receiver = fork(import.meta.filename, ['receive', String(port), tls ? 'TLS' : 'plain'])
  await once(receiver, 'message')
  let wallMs = Infinity
  let cpuMs = Infinity
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage()
    receiver.send(megabytes * 1e6)
    const [ms] = (await once(receiver, 'message')) as [number] // as `receive` sends it
    const { user, system } = process.cpuUsage(before)
    wallMs = Math.min(wallMs, ms)
    cpuMs = Math.min(cpuMs, (user + system) / 1000)
  }
  receiver.kill()
  return { wallMs, cpuMs }
}
