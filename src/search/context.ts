import type { Collation } from '../mime/collations.ts'
import type { MailboxSnapshot } from '../model/snapshot.ts'
import type { AccountStore, Breathe } from '../store/store.ts'

export type { Breathe }

/** How far something is: of `goal` messages, `done`. A `goal` of 0 is not known. */
export interface Work {
  done: number
  goal: number
}

/** Where to search, sort or thread. */
export interface SearchScope {
  readonly account: AccountStore
  readonly snapshot: MailboxSnapshot
  readonly breathe: Breathe
  /** Kept up to date by what takes long, for whoever wants to know. */
  readonly work?: Work
  /** What texts are compared by where it is not i;unicode-casemap (RFC 5255 §4.2). */
  readonly collation?: Collation
  /** By row, how relevant the message is to the search (RFC 6203 §4). */
  readonly scores?: Uint8Array
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
}
