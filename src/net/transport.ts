import type { Duplex } from 'node:stream'

/**
 * A connection as a protocol gets it: octets in and out and what is known of the other side. The listener made
 * it; tests make one from a pair of streams.
 */
export interface Transport {
  readonly stream: Duplex
  /** Whether octets are protected: TLS, or a Unix socket. */
  readonly secure: boolean
  /** Whether passwords may be sent although `secure` is false: the listener says so. */
  readonly allowPlaintextLogin: boolean
  /** Address of the client (behind a PROXY header, the one it names), or `local` on a Unix socket. */
  readonly remoteAddress: string
  readonly remotePort: number
  /** Channel binding `tls-exporter` (RFC 9266), 32 octets; `undefined` without TLS 1.3. */
  tlsExporter(): Buffer | undefined
  /** Names that a verified client certificate vouches for. */
  certificateNames(): readonly string[]
  /**
   * Present where STARTTLS is possible: the same connection with TLS on it. The caller has stopped reading and has
   * thrown away what it had read; octets that `stream` still held are thrown away too (RFC 9051 §6.2.1).
   */
  startTls?(): Promise<Transport>
}
