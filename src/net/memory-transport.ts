import { duplexPair } from 'node:stream'
import type { Duplex } from 'node:stream'
import type { Transport } from './transport.ts'

/** How the server's side of a pair describes the connection. */
export interface MemoryTransportOptions {
  /** Default: true, as of a Unix socket. */
  readonly secure?: boolean
  readonly allowPlaintextLogin?: boolean
  readonly remoteAddress?: string
  readonly tlsExporter?: Buffer
  readonly certificateNames?: readonly string[]
  /** STARTTLS works, in that it makes the same octets count as protected. */
  readonly startTls?: boolean
}

/** Both ends of a connection inside the process: what one side writes the other reads, with back-pressure. */
export function transportPair(options: MemoryTransportOptions = {}): {
  readonly client: Duplex
  readonly server: Transport
} {
  const [client, stream] = duplexPair()
  // As sockets behave: who is told the end says it too, and what one side cuts is cut for the other.
  client.allowHalfOpen = false
  client.once('close', () => stream.destroy())
  stream.once('close', () => client.destroy())
  const { secure = true, allowPlaintextLogin = false, remoteAddress = 'local', tlsExporter, startTls = false } = options
  const server: Transport = {
    stream,
    secure,
    allowPlaintextLogin,
    remoteAddress,
    remotePort: 0,
    tlsExporter: () => (secure ? tlsExporter : undefined),
    certificateNames: () => (secure ? (options.certificateNames ?? []) : []),
  }
  if (!startTls || secure) return { client, server }
  const upgraded: Transport = {
    ...server,
    secure: true,
    tlsExporter: () => tlsExporter,
    certificateNames: () => options.certificateNames ?? [],
  }
  return {
    client,
    server: {
      ...server,
      startTls: async () => {
        stream.pause()
        stream.removeAllListeners('data').removeAllListeners('readable')
        while (stream.read() !== null); // as the listener does (RFC 9051 §6.2.1)
        return await Promise.resolve(upgraded)
      },
    },
  }
}
