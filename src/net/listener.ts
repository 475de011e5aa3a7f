import { chmod, lstat, unlink } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Server as TlsServer, TLSSocket } from 'node:tls'
import type { Duplex } from 'node:stream'
import { silentLog } from '../model/log.ts'
import type { Log } from '../model/log.ts'
import { plainAddress, writeListenAddress } from './address.ts'
import type { ListenAddress } from './address.ts'
import type { Admission, CeilingReached, ConnectionLimits } from './connection-limits.ts'
import { readProxyHeader } from './proxy-protocol.ts'
import { plainTransport, tlsTransport } from './socket-transport.ts'
import type { Peer } from './socket-transport.ts'
import type { TlsContexts } from './tls-contexts.ts'
import type { Transport } from './transport.ts'

/** How a listener treats its connections. */
export interface ListenerOptions {
  readonly address: ListenAddress
  /** `implicit`: TLS from the first octet. `upgrade`: STARTTLS is possible. `none`: neither. */
  readonly tls: { readonly mode: 'implicit' | 'upgrade'; readonly contexts: TlsContexts } | { readonly mode: 'none' }
  readonly allowPlaintextLogin: boolean
  /** Every connection must begin with a PROXY v2 header, ahead of TLS. */
  readonly proxyProtocol: boolean
  readonly limits: ConnectionLimits
  /** Milliseconds for a TLS handshake or a PROXY header. */
  readonly handshakeTimeoutMs: number
  /** Rights of a Unix socket's file. */
  readonly unixMode?: number | undefined
  /** Other processes listen on the same port; the system gives each connection to one of them. */
  readonly sharesPort?: boolean
  readonly log?: Log | undefined
  /** Speaks the protocol and calls `onOver` when the connection is done; the listener then sees that it closes. */
  serve(transport: Transport, admission: Admission, onOver: () => void): void
  /** Says in the protocol's words why the connection is not served. */
  refuse(stream: Duplex, reason: CeilingReached): void
}

/** An open port. */
export interface Listener {
  /** Where it really listens: the port is the one the system chose when 0 was asked for. */
  readonly address: ListenAddress
  /** Takes no more connections; those that are open go on. */
  close(): Promise<void>
  /** Cuts the connections that are still open; the number of them. */
  cut(): number
  /** Uses the certificates that its `TlsContexts` now hold. Open connections keep theirs. */
  reload(): void
}

/** The address cannot be listened on; the message says why in one sentence. */
export class ListenFailure extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ListenFailure'
  }
}

/** Connections that are being refused at one time; more are cut without a word. */
const maxRefusals = 64
/** Milliseconds that a connection has to take in the last words. */
const lastWordsMs = 5000
/** Milliseconds of silence after which the system asks whether the other side still lives. */
const keepAliveAfterMs = 300_000

/** What is kept of a connection as long as it is open: little, since most are idle. */
interface OpenConnection {
  admission: Admission | undefined
  /** The stream to end, so that the end is said inside TLS where there is TLS. */
  outermost: Duplex
  /** While TLS is being put on it. */
  handshake: Handshake | undefined
}

/** Opens a port or Unix socket. Throws {@link ListenFailure}. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { tls, log = silentLog } = options
  const open = new Map<Socket, OpenConnection>()
  const upgrades = tls.mode === 'none' ? undefined : tlsUpgrades(tls.contexts, options.handshakeTimeoutMs)
  const plain = {
    isLocal: options.address.kind === 'unix',
    allowPlaintextLogin: options.allowPlaintextLogin,
    upgrade: upgrades && upgrade,
  }
  let refusals = 0

  async function handle(socket: Socket, connection: OpenConnection): Promise<void> {
    const peer = await peerOf(socket, options)
    if (socket.destroyed) return
    const admission = options.limits.admit(peer.address)
    if (typeof admission === 'string') return await refuse(socket, peer, admission)
    connection.admission = admission
    const transport = await transportOf(socket, peer)
    // Not awaited: what a function holds while it waits would be held by every idle connection.
    options.serve(transport, admission, () => endSoon(connection.outermost, socket))
  }

  async function transportOf(socket: Socket, peer: Peer): Promise<Transport> {
    if (tls.mode === 'implicit') return tlsTransport(await upgrade(socket), peer)
    return plainTransport(socket, peer, plain)
  }

  async function upgrade(socket: Socket): Promise<TLSSocket> {
    const connection = open.get(socket)
    if (!upgrades || !connection) throw new Error('this connection cannot have TLS')
    connection.handshake = upgrades.begin(socket)
    try {
      const secured = await connection.handshake.secured
      connection.outermost = secured
      return secured
    } finally {
      connection.handshake = undefined
    }
  }

  async function refuse(socket: Socket, peer: Peer, reason: CeilingReached): Promise<void> {
    log.warn({ remoteAddress: peer.address, reason }, 'too many connections')
    if (refusals >= maxRefusals) {
      socket.destroy()
      return
    }
    refusals++
    socket.once('close', () => refusals--)
    const { stream } = await transportOf(socket, peer)
    stream.on('error', () => {}) // the refused may leave as they like
    options.refuse(stream, reason)
    endSoon(stream, socket)
  }

  const server = createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveAfterMs,
    allowHalfOpen: true,
  })
  // Protocols see failures where they read and write; this keeps one at any other moment from ending the process.
  const onError = (error: Error): void => log.debug({ err: error }, 'connection failed')
  function onClose(this: Socket): void {
    const connection = open.get(this)
    open.delete(this)
    connection?.admission?.release()
    connection?.handshake?.fail(new Error('the connection closed during the TLS handshake'))
  }
  server.on('connection', (socket) => {
    // Those that still owe their PROXY header are in no count yet, but must not be without number either.
    if (open.size >= options.limits.ceilings.total + maxRefusals) {
      socket.destroy()
      return
    }
    const connection: OpenConnection = { outermost: socket, admission: undefined, handshake: undefined }
    open.set(socket, connection)
    socket.on('error', onError).on('close', onClose)
    handle(socket, connection).catch((error: unknown) => {
      log.info({ err: error, remoteAddress: socket.remoteAddress }, 'connection ended early')
      socket.destroy()
    })
  })
  const address = await bind(server, options.address, options)
  server.on('error', (error) => log.error({ err: error }, 'listener failed'))

  return {
    address,
    close: () => new Promise((resolve) => (server.close(() => resolve()), open.size === 0 || resolve())),
    cut() {
      const count = open.size
      for (const socket of open.keys()) socket.destroy()
      return count
    },
    reload: () => upgrades?.reload(),
  }
}

async function peerOf(socket: Socket, { address, proxyProtocol, handshakeTimeoutMs }: ListenerOptions): Promise<Peer> {
  const peer: Peer =
    address.kind === 'unix'
      ? { address: 'local', port: 0 }
      : { address: plainAddress(socket.remoteAddress ?? 'unknown'), port: socket.remotePort ?? 0 }
  if (!proxyProtocol) return peer
  const source = await readProxyHeader(socket, handshakeTimeoutMs)
  return source ? { address: plainAddress(source.address), port: source.port } : peer
}

/** Ends a connection in order, and by force when the other side does not play along. */
function endSoon(stream: Duplex, socket: Socket): void {
  if (socket.destroyed) return
  if (stream.destroyed) {
    socket.destroy()
    return
  }
  stream.end()
  stream.resume() // what still comes is of no interest, but the end must be seen
  const timer = setTimeout(() => socket.destroy(), lastWordsMs)
  socket.once('close', () => clearTimeout(timer))
}

interface Handshake {
  /** Rejects when it fails. */
  readonly secured: Promise<TLSSocket>
  fail(error: Error): void
}

interface TlsUpgrades {
  /** Puts TLS on a connection. When that closes meanwhile, the caller lets the handshake fail. */
  begin(socket: Socket): Handshake
  reload(): void
}

/**
 * A TLS server that listens nowhere: connections are given to it one by one, as node:tls documents for its
 * `connection` event. Which handshake is whose it does not tell; the addresses of the two ends do.
 */
function tlsUpgrades(contexts: TlsContexts, handshakeTimeoutMs: number): TlsUpgrades {
  const server: TlsServer = createTlsServer(contexts.serverOptions(handshakeTimeoutMs))
  const waiting = new Map<string, readonly WaitingSocket[]>()
  const find = (secured: Socket): WaitingSocket | undefined => {
    const [first, ...others] = waiting.get(remoteEnd(secured)) ?? []
    // Node keeps each address that it was asked for; so the local one is asked for only where there is a doubt.
    if (others.length === 0) return first
    return [first, ...others].find((entry) => entry && localEnd(entry.socket) === localEnd(secured))
  }
  server.on('secureConnection', (secured) => find(secured)?.resolve(secured))
  server.on('tlsClientError', (error, failed) => {
    find(failed)?.reject(error)
    failed.destroy()
  })
  return {
    begin(socket) {
      const remote = remoteEnd(socket)
      const entry: WaitingSocket = { socket, ...Promise.withResolvers<TLSSocket>() }
      const over = (): void => {
        const left = (waiting.get(remote) ?? []).filter((other) => other !== entry)
        if (left.length > 0) waiting.set(remote, left)
        else waiting.delete(remote)
      }
      entry.promise.then(over, over)
      waiting.set(remote, [...(waiting.get(remote) ?? []), entry])
      server.emit('connection', socket)
      return { secured: entry.promise, fail: entry.reject }
    },
    reload: () => server.setSecureContext(contexts.defaultOptions()),
  }
}

interface WaitingSocket extends PromiseWithResolvers<TLSSocket> {
  readonly socket: Socket
}

const remoteEnd = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
const localEnd = ({ localAddress, localPort }: Socket): string => `${localAddress} ${localPort}`

/**
 * Makes a server listen; the address it really got. A Unix socket that a killed server left behind is replaced, and
 * its file gets the rights `unixMode`. Throws {@link ListenFailure}.
 */
export async function bind(
  server: Server,
  address: ListenAddress,
  { unixMode = 0o660, sharesPort = false }: Pick<ListenerOptions, 'unixMode' | 'sharesPort'> = {},
): Promise<ListenAddress> {
  if (address.kind === 'unix') await removeStaleSocket(address.path)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(address, error)))
    server.listen(
      address.kind === 'unix'
        ? { path: address.path }
        : { host: address.host, port: address.port, reusePort: sharesPort },
      resolve,
    )
  })
  server.removeAllListeners('error')
  if (address.kind === 'unix') {
    await chmod(address.path, unixMode)
    return address
  }
  const { port } = server.address() as AddressInfo // it listens on TCP
  return { ...address, port }
}

/** A socket that nobody listens on is what a server that was killed left behind. Any other file stays. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined) // what is in the way, `listen` will say
  if (!found?.isSocket()) return
  const isRefused = await new Promise<boolean>((resolve) => {
    const probe = connect({ path })
    probe.once('connect', () => (probe.destroy(), resolve(false)))
    probe.once('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'))
  })
  if (isRefused) await unlink(path)
}

function listenFailure(address: ListenAddress, cause: Error): ListenFailure {
  const where = writeListenAddress(address)
  const code = 'code' in cause ? cause.code : undefined
  return new ListenFailure(`cannot listen on ${where}: ${reasonOf(code, address) ?? cause.message}`, { cause })
}

function reasonOf(code: unknown, address: ListenAddress): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return address.kind === 'unix'
        ? 'another program listens there, or it is another kind of file'
        : 'another program uses this port'
    case 'EACCES':
      return address.kind === 'tcp' && address.port < 1024
        ? 'ports below 1024 need the right to bind them (CAP_NET_BIND_SERVICE or root)'
        : 'this user has no right to listen there'
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'there is no host of that name'
    case 'ENOENT':
      return 'there is no such directory'
    default:
      return undefined
  }
}
