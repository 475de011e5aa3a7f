import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Transport } from './transport.ts'

/** What a transport says about the other side. */
export interface Peer {
  /** Without IPv6 dress, or `local` for a Unix socket. */
  readonly address: string
  readonly port: number
}

/** Puts TLS on a connection. */
export type Upgrade = (socket: Socket) => Promise<TLSSocket>

interface PlainOptions {
  readonly isLocal: boolean
  readonly allowPlaintextLogin: boolean
}

// Classes and no closures: there is one transport for every idle connection.

/** A connection without TLS. */
class PlainTransport implements Transport {
  readonly stream: Socket
  readonly secure: boolean
  readonly allowPlaintextLogin: boolean
  readonly remoteAddress: string
  readonly remotePort: number

  constructor(socket: Socket, peer: Peer, options: PlainOptions) {
    this.stream = socket
    this.secure = options.isLocal
    this.allowPlaintextLogin = options.allowPlaintextLogin
    this.remoteAddress = peer.address
    this.remotePort = peer.port
  }

  tlsExporter(): undefined {
    return undefined
  }

  certificateNames(): readonly string[] {
    return []
  }
}

/** A connection without TLS on which STARTTLS is possible. */
class UpgradableTransport extends PlainTransport {
  #upgrade: Upgrade | undefined

  constructor(socket: Socket, peer: Peer, options: PlainOptions, upgrade: Upgrade) {
    super(socket, peer, options)
    this.#upgrade = upgrade
  }

  async startTls(): Promise<Transport> {
    const upgrade = this.#upgrade
    if (!upgrade) throw new Error('TLS was started before')
    this.#upgrade = undefined
    discardInput(this.stream)
    return tlsTransport(await upgrade(this.stream), { address: this.remoteAddress, port: this.remotePort })
  }
}

class TlsTransport implements Transport {
  readonly stream: TLSSocket
  readonly secure = true
  readonly allowPlaintextLogin = false
  readonly remoteAddress: string
  readonly remotePort: number

  constructor(socket: TLSSocket, peer: Peer) {
    this.stream = socket
    this.remoteAddress = peer.address
    this.remotePort = peer.port
  }

  tlsExporter(): Buffer | undefined {
    return tlsExporter(this.stream)
  }

  certificateNames(): readonly string[] {
    return certificateNames(this.stream)
  }
}

/** A connection without TLS; `upgrade` makes STARTTLS possible. */
export function plainTransport(
  socket: Socket,
  peer: Peer,
  options: PlainOptions & { readonly upgrade: Upgrade | undefined },
): Transport {
  const { upgrade } = options
  return upgrade ? new UpgradableTransport(socket, peer, options, upgrade) : new PlainTransport(socket, peer, options)
}

/** A connection whose TLS handshake is done. */
export function tlsTransport(socket: TLSSocket, peer: Peer): Transport {
  return new TlsTransport(socket, peer)
}

/**
 * Throws away what has arrived and was not read: whatever a third party slipped in ahead of TLS must not count as said
 * by the client inside it (RFC 9051 §6.2.1).
 */
function discardInput(socket: Socket): void {
  socket.pause()
  socket.removeAllListeners('data').removeAllListeners('readable')
  while (socket.read() !== null);
}

/** RFC 9266 §4: defined for TLS 1.3; earlier versions would need the extended master secret, which Node cannot show. */
function tlsExporter(socket: TLSSocket): Buffer | undefined {
  if (socket.getProtocol() !== 'TLSv1.3') return undefined
  return socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
}

function certificateNames(socket: TLSSocket): readonly string[] {
  if (!socket.authorized) return []
  const certificate = socket.getPeerCertificate()
  const commonName: unknown = certificate.subject?.CN // an array when there are several
  const names = [...mailNames(certificate.subjectaltname ?? ''), ...[commonName].flat()]
  return names.filter((name): name is string => typeof name === 'string' && name !== '')
}

/** The names of type email in Node's text of the extension, where a name with special characters is a JSON string. */
export function mailNames(subjectAltName: string): string[] {
  const entries = subjectAltName.matchAll(/(?:^|, )([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)/g)
  return [...entries]
    .filter(([, type]) => type === 'email')
    .map(([, , value = '']) => (value.startsWith('"') ? String(JSON.parse(value)) : value))
}
