import type { FlagMode, FlagSet } from './flags.ts'
import type { SpecialUse } from './mailbox.ts'
import type { MetadataChange } from './metadata.ts'
import type { MailboxId, MessageNum, ModSeq, Uid, Uids } from './numbers.ts'
import type { QuotaLimits } from './quota.ts'
import type { Rights } from './rights.ts'

/**
 * A message whose octets the store has taken in, but that no mailbox refers to yet.
 * It belongs to the one commit that names it; what is never committed is released.
 */
export interface StagedMessage {
  /** Octets. */
  readonly size: number
  /** Gives the space back; does nothing once the message is committed. */
  release(): void
}

/** One message of an append. */
export interface AppendedMessage {
  readonly staged: StagedMessage
  readonly flags: FlagSet
  /** Whole seconds since 1970; absent, the time of the commit. */
  readonly internalDate?: number
  /** A UID to keep, for imports; it must be at or above UIDNEXT, else the next free one is taken. */
  readonly uid?: Uid
}

/** Who does something that has to do with flags. */
export interface Actor {
  /** Decides whose `\Seen` it is where a mailbox keeps it per user. Absent: the owner. */
  readonly user?: string | undefined
  /**
   * Which flags the user may set and clear in the mailbox that is changed: `\Seen` with `s`, `\Deleted` with `t`, all
   * others with `w` (RFC 4314 §4); the rest stay, or are not set in new messages. Absent: all.
   */
  readonly rights?: Rights | undefined
}

/**
 * What can be asked of an account, as values: a commit takes a list of them and does all or none.
 * Conditions (does it exist, is it unchanged) are checked inside the commit, so they cannot be outrun.
 */
export type Operation =
  | {
      readonly op: 'createMailbox'
      readonly name: string
      readonly specialUse?: readonly SpecialUse[]
      /** For imports and restores: a UIDVALIDITY to keep; refused when it was ever used in the account. */
      readonly uidValidity?: number
    }
  | { readonly op: 'deleteMailbox'; readonly mailbox: MailboxId }
  /** Takes inferior names along. INBOX instead gives its messages to a new mailbox (RFC 9051 §6.3.6). */
  | { readonly op: 'renameMailbox'; readonly mailbox: MailboxId; readonly to: string }
  | { readonly op: 'subscribe'; readonly user: string; readonly name: string; readonly subscribed: boolean }
  | ({
      readonly op: 'append'
      readonly mailbox: MailboxId
      readonly messages: readonly AppendedMessage[]
    } & Actor)
  | ({
      readonly op: 'store'
      readonly mailbox: MailboxId
      /** Ascending. UIDs that are gone are passed over. */
      readonly uids: Uids
      readonly mode: FlagMode
      readonly flags: FlagSet
      /** Messages changed since are left alone and reported (RFC 7162 §3.1.3). */
      readonly unchangedSince?: ModSeq
    } & Actor)
  | ({
      readonly op: 'copy'
      readonly from: MailboxId
      readonly uids: Uids
      readonly to: MailboxId
      /** Passes over messages that the target was given from this UID on: since the caller saw which it has. */
      readonly unlessGivenSince?: number
    } & Actor)
  /** Copy and expunge in one (RFC 6851). */
  | ({
      readonly op: 'move'
      readonly from: MailboxId
      readonly uids: Uids
      readonly to: MailboxId
    } & Actor)
  | {
      readonly op: 'expunge'
      readonly mailbox: MailboxId
      readonly uids: Uids
      /** Only those that have `\Deleted` at the moment of the commit (EXPUNGE); else all (REPLACE). */
      readonly onlyDeleted: boolean
    }
  /** Makes all messages so far not recent any more; the answer says which ones were (RFC 3501 §2.3.2). */
  | { readonly op: 'claimRecent'; readonly mailbox: MailboxId }
  /** Annotations of a mailbox or, without one, of the account: the shared ones or, with a user, theirs alone. */
  | {
      readonly op: 'setMetadata'
      readonly mailbox?: MailboxId
      readonly user?: string
      /** Whoever gives a value does not change its octets any more. */
      readonly entries: readonly MetadataChange[]
    }
  /** What a mailbox is for (RFC 6154 §4); a use that another mailbox has is taken away from that one. */
  | { readonly op: 'setSpecialUse'; readonly mailbox: MailboxId; readonly specialUse: readonly SpecialUse[] }
  /**
   * The limits of the account or, with a mailbox, of it and all below it; those there were are forgotten. Without
   * limits, the default holds again, and a mailbox is a quota root no longer.
   */
  | { readonly op: 'setQuota'; readonly mailbox?: MailboxId; readonly limits: QuotaLimits | undefined }
  /** What an identifier is granted, or denied by one with `-` before it (RFC 4314 §3.1); with no right left, nothing. */
  | {
      readonly op: 'setAcl'
      readonly mailbox: MailboxId
      readonly identifier: string
      readonly mode: 'replace' | 'add' | 'remove'
      readonly rights: Rights
      /**
       * All identifiers of the user who asks: refused (`NOPERM`) where the list does not grant them the right `a` at the
       * moment of the commit. Absent: somebody who needs no grant.
       */
      readonly by?: readonly string[]
    }
  /** Whether each user other than the owner has a `\Seen` of their own. Nobody else has seen anything at first. */
  | { readonly op: 'setSeenPerUser'; readonly mailbox: MailboxId; readonly perUser: boolean }

/** What an operation came to; the n-th result is the n-th operation's. */
export type OperationResult =
  | { readonly op: 'createMailbox'; readonly mailbox: MailboxId }
  | {
      readonly op:
        | 'deleteMailbox'
        | 'renameMailbox'
        | 'subscribe'
        | 'setMetadata'
        | 'setSpecialUse'
        | 'setQuota'
        | 'setAcl'
        | 'setSeenPerUser'
    }
  | { readonly op: 'append'; readonly uidValidity: number; readonly uids: readonly number[] }
  | {
      readonly op: 'store'
      /** UIDs whose flags are now as asked, changed or not. */
      readonly stored: Uids
      /** UIDs left alone because of UNCHANGEDSINCE (RFC 7162 §3.1.3, response code MODIFIED). */
      readonly modified: Uids
    }
  | {
      readonly op: 'copy' | 'move'
      readonly uidValidity: number
      /** UIDs that were copied, and theirs in the target, pair by pair (RFC 4315 §3). */
      readonly from: Uids
      readonly to: Uids
    }
  | { readonly op: 'expunge'; readonly uids: Uids }
  /** UIDs from `firstUid` to below `uidNext` were recent, and the caller is the one to be told. */
  | { readonly op: 'claimRecent'; readonly firstUid: Uid; readonly uidNext: Uid }

/** A commit's outcome. */
export interface Committed {
  /** The mod-sequence of all changes of the commit; unchanged when it changed nothing. */
  readonly modSeq: ModSeq
  readonly results: readonly OperationResult[]
  /** It changed nothing, and so `modSeq` is of a commit before, perhaps another's. */
  readonly changedNothing?: true
}

/** The results whose `op` may be `Op`. */
type ResultOf<Op, Result = OperationResult> = Result extends { readonly op: infer Some }
  ? Op extends Some
    ? Result
    : never
  : never

/** The result of the operation at `position`, which must have been an `op`. */
export function resultOf<Op extends OperationResult['op']>(
  committed: Committed,
  position: number,
  op: Op,
): ResultOf<Op> {
  const result = committed.results[position]
  if (result?.op !== op) throw new Error(`operation ${position} was ${result?.op ?? 'not there'}, not ${op}`)
  return result as ResultOf<Op> // checked in the line above
}

/** One message as a change records it. */
export interface AppendedEntry {
  readonly uid: Uid
  readonly message: MessageNum
  readonly size: number
  readonly internalDate: number
  readonly saveDate: number
  readonly thread: number
  readonly flags: FlagSet
}
