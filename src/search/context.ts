import type { MailboxSnapshot } from '../model/snapshot.ts'
import type { AccountStore } from '../store/store.ts'
import type { Needle } from './needle.ts'
import type { RowSet } from './row-set.ts'

/**
 * Waits now and then so that others have their turn: where there is a promise, wait for it. It rejects when nobody
 * wants the result any more, which ends the work.
 */
export type Breathe = () => Promise<void> | undefined

/** Where to search, sort or thread. */
export interface SearchScope {
  readonly account: AccountStore
  readonly snapshot: MailboxSnapshot
  readonly breathe: Breathe
}

/** Where to search, and what keys mean that depend on who searches and when. */
export interface SearchContext extends SearchScope {
  /** UIDs in the order of the client's sequence numbers: all of the snapshot's, and those of messages now gone. */
  readonly viewUids: Uint32Array
  /** What `$` stands for, as UIDs (RFC 9051 §6.4.4.1). */
  readonly saved: Uint32Array
  /** Whether the message is `\Recent` to the client (RFC 3501 §2.3.2). */
  readonly isRecent: (uid: number) => boolean
  /** Seconds since 1970, for OLDER and YOUNGER (RFC 5032 §3). */
  readonly now: number
  readonly index?: TextIndex
}

/** What may know, without reading messages, which of them cannot hold a text. */
export interface TextIndex {
  /**
   * Rows that may match; every other surely does not. `undefined` when the index cannot tell for this needle.
   * Messages that it has not seen yet are among the rows.
   */
  mayMatch(needle: Needle, snapshot: MailboxSnapshot): Promise<RowSet | undefined>
}
