import type { Log } from '../model/log.ts'
import type { Store } from '../store/store.ts'
import type { LmtpLimits } from './limits.ts'

/** Whose mail an address means. */
export interface LmtpRecipient {
  /** The account's id in the store. */
  readonly account: string
  readonly user: string
  /** What stood behind the `+` of the address: a mailbox to prefer to INBOX. */
  readonly detail: string | undefined
}

/** Timers, so that tests need no waiting. */
export interface LmtpClock {
  /** Calls `run` once after `delayMs` milliseconds; returns the way to call it off. */
  after(delayMs: number, run: () => void): () => void
}

/** All that LMTP needs of the rest of the server. */
export interface LmtpServices {
  readonly store: Store
  /** Who receives mail for `address` (Unicode; a local part in quotes still has them); nobody: `undefined`. */
  readonly recipients: (address: string) => Promise<LmtpRecipient | undefined>
  readonly limits: LmtpLimits
  readonly log: Log
  readonly clock: LmtpClock
  /** The name in the greeting. */
  readonly hostname: string
}

/** The clock of a real server; its timers keep no process alive. */
export const lmtpSystemClock: LmtpClock = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
