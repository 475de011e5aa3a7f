import type { FlagSet } from './flags.ts'
import type { SpecialUse } from './mailbox.ts'
import type { MetadataChange } from './metadata.ts'
import type { MailboxId, ModSeq, Uid, Uids } from './numbers.ts'
import type { AppendedEntry } from './operation.ts'
import type { QuotaLimits } from './quota.ts'
import type { Rights } from './rights.ts'

/**
 * A fact that a commit established, complete: applying the changes of all commits in order to an empty account gives
 * the account. They are what the redo log keeps, what a rebuild replays and what a follower is fed.
 */
export type Change =
  | {
      readonly kind: 'mailboxCreated'
      readonly mailbox: MailboxId
      readonly name: string
      readonly uidValidity: number
      readonly specialUse: readonly SpecialUse[]
    }
  | { readonly kind: 'mailboxDeleted'; readonly mailbox: MailboxId }
  | { readonly kind: 'mailboxRenamed'; readonly mailbox: MailboxId; readonly name: string }
  | { readonly kind: 'subscribed'; readonly user: string; readonly name: string; readonly subscribed: boolean }
  /** New entries at the end of a mailbox: an append, or the target's side of a copy or move. */
  | { readonly kind: 'appended'; readonly mailbox: MailboxId; readonly entries: readonly AppendedEntry[] }
  /** Flags as they are after the change, messages with equal flags together. */
  | {
      readonly kind: 'flagsChanged'
      readonly mailbox: MailboxId
      readonly groups: readonly { readonly flags: FlagSet; readonly uids: Uids }[]
    }
  /** `\Seen` of a user other than the owner, where the mailbox keeps it per user. */
  | {
      readonly kind: 'seenChanged'
      readonly mailbox: MailboxId
      readonly user: string
      readonly seen: boolean
      readonly uids: Uids
    }
  | { readonly kind: 'expunged'; readonly mailbox: MailboxId; readonly uids: Uids }
  | { readonly kind: 'recentClaimed'; readonly mailbox: MailboxId; readonly firstRecentUid: Uid }
  /** Annotations of a mailbox or, without one, of the account; with a user, theirs alone. */
  | {
      readonly kind: 'metadataSet'
      readonly mailbox?: MailboxId
      readonly user?: string
      readonly entries: readonly MetadataChange[]
    }
  | { readonly kind: 'specialUseSet'; readonly mailbox: MailboxId; readonly specialUse: readonly SpecialUse[] }
  /** Limits of the account or of a tree of mailboxes; undefined: none of their own any more. */
  | { readonly kind: 'quotaSet'; readonly mailbox?: MailboxId; readonly limits: QuotaLimits | undefined }
  /** The whole list, as it is after the change. */
  | { readonly kind: 'aclSet'; readonly mailbox: MailboxId; readonly acl: ReadonlyMap<string, Rights> }
  | { readonly kind: 'seenPerUserSet'; readonly mailbox: MailboxId; readonly perUser: boolean }

/** All changes of one commit; they share one mod-sequence and stand or fall together. */
export interface ChangeSet {
  readonly modSeq: ModSeq
  /** Whole seconds since 1970. */
  readonly time: number
  readonly changes: readonly Change[]
}
