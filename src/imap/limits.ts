import { defaultMaxKeywords } from '../model/limits.ts'
import type { FramerLimits } from '../wire/framer.ts'

/** What one client may ask of the server. Each is a setting; DESIGN promises that each holds. */
export interface ImapLimits {
  /** Octets of one line of a command before login, and after it (RFC 9051 §4 names no limit; RFC 7162 §4 asks for 8192). */
  readonly maxLineBytesBeforeLogin: number
  readonly maxLineBytes: number
  /** Octets of one command with the literals that are kept in memory, before login and after it. */
  readonly maxCommandBytesBeforeLogin: number
  readonly maxCommandBytes: number
  /** Octets of one message (APPENDLIMIT, RFC 7889). */
  readonly maxMessageBytes: number
  /** Keywords of one mailbox, as the store limits them: at so many the client hears that it can make no more. */
  readonly maxKeywords: number
  /** Messages that one command may work on (MESSAGELIMIT, RFC 9738); 0 for any number. */
  readonly messageLimit: number
  /** Messages that one COPY or APPEND may save, where there is no such limit (SAVELIMIT, RFC 9738); 0 for any number. */
  readonly saveLimit: number
  /** Messages of one APPEND (RFC 3502). */
  readonly maxAppendMessages: number
  /** Octets that the URLs of one APPEND or REPLACE may name together (RFC 4469): a short URL can name a long message. */
  readonly maxCatenatedBytes: number
  /** Mailboxes whose messages one client is notified of (RFC 5465): 40 octets are kept of each. */
  readonly maxNotifyMailboxes: number
  /** Time to sign in, in milliseconds. */
  readonly loginTimeoutMs: number
  /** Time without a command until autologout, in milliseconds; at least 30 minutes (RFC 9051 §5.4). */
  readonly idleTimeoutMs: number
  /** Time in which a client that reads nothing must read something, in milliseconds. */
  readonly stalledTimeoutMs: number
  /** Octets sent and not yet read by the client before generation stops. */
  readonly maxUnreadBytes: number
  /** Commands with BAD as their answer, one after the other, until the connection is closed. */
  readonly maxBadCommands: number
  /** Failed sign-ins on one connection until it is closed. */
  readonly maxFailedLogins: number
  /** Connections signed in to one account at the same time. */
  readonly maxConnectionsPerAccount: number
}

/** What holds where nothing else is set. */
export const defaultImapLimits: ImapLimits = {
  maxLineBytesBeforeLogin: 8_192,
  maxLineBytes: 1_048_576,
  maxCommandBytesBeforeLogin: 16_384,
  maxCommandBytes: 2_097_152,
  maxMessageBytes: 64 * 1024 * 1024,
  maxKeywords: defaultMaxKeywords,
  messageLimit: 0,
  saveLimit: 0,
  maxAppendMessages: 1_000,
  maxCatenatedBytes: 256 * 1024 * 1024,
  maxNotifyMailboxes: 10_000,
  loginTimeoutMs: 60_000,
  idleTimeoutMs: 30 * 60_000,
  stalledTimeoutMs: 5 * 60_000,
  maxUnreadBytes: 256 * 1024,
  maxBadCommands: 20,
  maxFailedLogins: 5,
  maxConnectionsPerAccount: 50,
}

/** What of that the framer holds a client to. */
export function framerLimits(limits: ImapLimits, signedIn: boolean): FramerLimits {
  const maxCommandBytes = signedIn ? limits.maxCommandBytes : limits.maxCommandBytesBeforeLogin
  return {
    maxLineBytes: signedIn ? limits.maxLineBytes : limits.maxLineBytesBeforeLogin,
    maxCommandBytes,
    maxGatheredLiteralBytes: maxCommandBytes,
    maxLiterals: 2 * limits.maxAppendMessages, // a message may have several parts
  }
}
