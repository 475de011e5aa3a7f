import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'

/** Octets of a path that every system takes as the name of a Unix socket. */
const maxPathBytes = 100

/** A directory for the sockets between the processes of one server. */
export interface SocketDirectory {
  readonly path: string
  remove(): void
}

/** Makes the directory, which nobody else may enter: in the data directory unless its path is too long. */
export function makeSocketDirectory(dataDirectory: string): SocketDirectory {
  const usual = join(dataDirectory, 'workers')
  const isShort = Buffer.byteLength(socketPath(usual, 999)) <= maxPathBytes
  const path = isShort ? usual : mkdtempSync(join(tmpdir(), 'crispin-'))
  if (isShort) {
    rmSync(path, { recursive: true, force: true }) // sockets of a server that was killed
    mkdirSync(path, { mode: 0o700 })
  }
  chmodSync(path, 0o700)
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

function socketPath(directory: string, worker: number): string {
  return join(directory, `${worker}.sock`)
}

/** Lets other processes connect to the one with the number `worker`, until the returned function is called. */
export async function acceptWorkers(
  directory: string,
  worker: number,
  serve: (stream: Duplex) => void,
): Promise<() => void> {
  const path = socketPath(directory, worker)
  rmSync(path, { force: true }) // that of a process whose place this one takes
  const open = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    serve(socket)
  })
  server.listen(path)
  await once(server, 'listening')
  return () => {
    server.close()
    for (const socket of open) socket.destroy()
  }
}

/** Connects to another process. Rejects while it is not there. */
export async function connectToWorker(directory: string, worker: number): Promise<Duplex> {
  const socket = connect(socketPath(directory, worker))
  await once(socket, 'connect')
  return socket
}
