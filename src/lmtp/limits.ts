import { defaultMaxMessageBytes } from '../model/limits.ts'

/** Every limit of an LMTP connection, with its unit. */
export interface LmtpLimits {
  /**
   * Octets of a command line with its CRLF. RFC 5321 §4.5.3.1.4 asks for 512, extensions add to it, and an address
   * in UTF-8 may need more.
   */
  readonly commandLineBytes: number
  /** Octets of one message, as SIZE announces it (RFC 1870 §4). */
  readonly messageBytes: number
  /** Recipients of one transaction; fewer than 100 would be a violation (RFC 5321 §4.5.3.1.8). */
  readonly recipients: number
  /** Commands that were not understood or came out of order, after which the connection is closed. */
  readonly badCommands: number
  /** Milliseconds to wait for a command; at least five minutes (RFC 5321 §4.5.3.2.7). */
  readonly commandTimeoutMs: number
  /** Milliseconds to wait for more octets of a message, and for the client to take our answers. */
  readonly dataTimeoutMs: number
  /** Milliseconds that a client has to close its side after we closed ours. */
  readonly closeTimeoutMs: number
}

/** What holds where the configuration says nothing else. */
export const defaultLmtpLimits: LmtpLimits = {
  commandLineBytes: 4096,
  messageBytes: defaultMaxMessageBytes,
  recipients: 100,
  badCommands: 20,
  commandTimeoutMs: 5 * 60_000,
  dataTimeoutMs: 5 * 60_000,
  closeTimeoutMs: 5_000,
}
