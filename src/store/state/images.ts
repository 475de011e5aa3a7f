import type { FlagSet } from '../../model/flags.ts'
import type { Mailbox } from '../../model/mailbox.ts'
import type { AllMetadata, MailboxOrAccount, Metadata } from '../../model/metadata.ts'
import type { MailboxId, ModSeq, Uid } from '../../model/numbers.ts'
import type { QuotaLimits } from '../../model/quota.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'

/** What is kept in memory of every mailbox, loaded or not. Plain data; an image of it goes into a checkpoint. */
export interface MailboxHead extends Mailbox {
  readonly uidNext: Uid
  readonly highestModSeq: ModSeq
  readonly firstRecentUid: Uid
  readonly messages: number
  readonly unseen: number
  readonly deleted: number
  /** Messages with `firstRecentUid` or a higher UID. */
  readonly recent: number
  /** Octets of all messages together. */
  readonly size: number
  /** Every keyword ever used, in order of first use and in its first spelling. */
  readonly keywords: readonly string[]
  /** How many messages each user other than the owner has seen, where `seenPerUser`. */
  readonly seenCounts: ReadonlyMap<string, number>
}

/** Expunged UIDs by the mod-sequence of their expunge: the n-th range is `firsts[n]` to `lasts[n]`, both included. */
export interface TombstoneImage {
  /** Expunges up to this mod-sequence are no longer remembered. */
  readonly floor: ModSeq
  /** Ascending. */
  readonly modSeqs: Float64Array
  readonly firsts: Uint32Array
  readonly lasts: Uint32Array
}

/** What a mailbox holds, as {@link LoadMailbox} gives it. The state takes the arrays over; nobody else may change them. */
export interface MailboxImage {
  readonly uids: Uint32Array
  readonly messages: Uint32Array
  readonly sizes: Uint32Array
  readonly internalDates: Float64Array
  readonly saveDates: Float64Array
  readonly threads: Uint32Array
  /** Per row, the position in `flagSets`. */
  readonly flags: Uint32Array
  readonly flagSets: readonly FlagSet[]
  readonly modSeqs: Float64Array
  readonly tombstones: TombstoneImage
  /** Per user other than the owner, one bit per row (row r is bit r & 31 of word r >>> 5); rows past the end are unseen. */
  readonly seen: ReadonlyMap<string, Uint32Array>
}

/** Reads a mailbox's columns as of the last checkpoint. */
export type LoadMailbox = (mailbox: MailboxId) => MailboxImage

/** The numbers an account counts with. */
export interface AccountCounters {
  readonly modSeq: ModSeq
  /** The next number that was never used. */
  readonly nextMailbox: number
  readonly nextMessage: number
  readonly nextThread: number
  /** Every UIDVALIDITY that any mailbox of the account ever had: ascending, disjoint ranges, both ends included. */
  readonly usedUidValidities: readonly (readonly [first: number, last: number])[]
  /** Messages of all mailboxes together, and their octets: the sums of what the heads say. */
  readonly messages: number
  readonly size: number
}

/** All of an account but the mailboxes' columns. */
export interface CatalogueImage {
  readonly counters: AccountCounters
  /** Ascending by id. */
  readonly mailboxes: readonly MailboxHead[]
  readonly subscriptions: ReadonlyMap<string, ReadonlySet<string>>
  readonly metadata: AllMetadata
  /** Limits that were set, by quota root. */
  readonly quotas: ReadonlyMap<MailboxOrAccount, QuotaLimits>
  /** How many entries refer to a message, by its number, where it is more than one. */
  readonly references: ReadonlyMap<number, number>
}

/** What changed in a mailbox since the last checkpoint. */
export interface MailboxDelta {
  readonly head: MailboxHead
  /** The owner's view, all columns; undefined when only the head changed (a new name, recent messages claimed). */
  readonly snapshot: MailboxSnapshot | undefined
  /** Rows from here on are to be written in all columns, and rows there were beyond the end are gone. */
  readonly fromRow: number
  /** Pages before `fromRow`'s (of 1,024 rows) whose flags and mod-sequences changed. Ascending. */
  readonly flagPages: readonly number[]
  readonly tombstones: TombstoneImage | undefined
  /** As in {@link MailboxImage}; whole, since it is small. */
  readonly seen: ReadonlyMap<string, Uint32Array>
}

/** What a checkpoint has to write: everything published that the one before did not have. */
export interface Checkpoint {
  readonly counters: AccountCounters
  readonly mailboxes: readonly MailboxDelta[]
  readonly deleted: readonly MailboxId[]
  /** All subscriptions, when any changed. */
  readonly subscriptions: ReadonlyMap<string, ReadonlySet<string>> | undefined
  /** All annotations of each mailbox, or of the account, of which any changed. */
  readonly metadata: ReadonlyMap<MailboxOrAccount, Metadata>
  /** All limits, when any changed. */
  readonly quotas: ReadonlyMap<MailboxOrAccount, QuotaLimits> | undefined
  /** Changed numbers of {@link CatalogueImage.references}; 0 and 1 mean that the message has no line there. */
  readonly references: ReadonlyMap<number, number>
}
