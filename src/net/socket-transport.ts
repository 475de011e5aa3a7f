import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Transport } from './transport.ts'

/** What a transport says about the other side. */
export interface Peer {
  /** Without IPv6 dress, or `local` for a Unix socket. */
  readonly address: string
  readonly port: number
}

/** A connection without TLS; `upgrade` makes STARTTLS possible. */
export function plainTransport(
  socket: Socket,
  peer: Peer,
  options: {
    readonly isLocal: boolean
    readonly allowPlaintextLogin: boolean
    readonly upgrade: (() => Promise<TLSSocket>) | undefined
  },
): Transport {
  const { isLocal, allowPlaintextLogin, upgrade } = options
  let upgraded = false
  const transport: Transport = {
    stream: socket,
    secure: isLocal,
    allowPlaintextLogin,
    remoteAddress: peer.address,
    remotePort: peer.port,
    tlsExporter: () => undefined,
    certificateNames: () => [],
  }
  if (!upgrade) return transport
  return {
    ...transport,
    async startTls() {
      if (upgraded) throw new Error('TLS was started before')
      upgraded = true
      discardInput(socket)
      return tlsTransport(await upgrade(), peer)
    },
  }
}

/** A connection whose TLS handshake is done. */
export function tlsTransport(socket: TLSSocket, peer: Peer): Transport {
  return {
    stream: socket,
    secure: true,
    allowPlaintextLogin: false,
    remoteAddress: peer.address,
    remotePort: peer.port,
    tlsExporter: () => tlsExporter(socket),
    certificateNames: () => certificateNames(socket),
  }
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
