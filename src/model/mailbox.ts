import type { AllMetadata, Metadata } from './metadata.ts'
import type { MailboxId, ModSeq, Uid } from './numbers.ts'

/** The hierarchy separator in every name. */
export const separator = '/'

/** Attributes that say what a mailbox is for (RFC 6154 §2, RFC 8457 §4, RFC 9979 §8), as printed. */
export const specialUses = [
  '\\All',
  '\\Archive',
  '\\Drafts',
  '\\Flagged',
  '\\Important',
  '\\Junk',
  '\\Memos',
  '\\Scheduled',
  '\\Sent',
  '\\Snoozed',
  '\\Trash',
] as const
/** One attribute of {@link specialUses}. */
export type SpecialUse = (typeof specialUses)[number]

/** A mailbox as the catalogue knows it; what is in it is a snapshot's. */
export interface Mailbox {
  readonly id: MailboxId
  /** The whole name, normalised Unicode (NFC), with `/` between levels. INBOX is always in capitals. */
  readonly name: string
  /** Never used before by any mailbox of the account (RFC 9051 §2.3.1.1). */
  readonly uidValidity: number
  readonly specialUse: readonly SpecialUse[]
  /** Access rights by identifier (RFC 4314); the owner of the account has all of them without an entry. */
  readonly acl: ReadonlyMap<string, string>
  /** Whether each user other than the owner has a `\Seen` of their own. */
  readonly seenPerUser: boolean
}

/** All mailboxes of an account, at one moment. */
export interface MailboxTree {
  /** Grows with each change to the tree; equal versions are equal trees. */
  readonly version: number
  /** By name, in the order of creation. */
  readonly byName: ReadonlyMap<string, Mailbox>
  readonly byId: ReadonlyMap<MailboxId, Mailbox>
  /** Names that `user` subscribes to, whether or not such mailboxes exist (RFC 9051 §6.3.7). */
  subscriptions(user: string): ReadonlySet<string>
  /** The annotations of a mailbox or, without one, of the account; the same object until one of them changes. */
  metadata(mailbox?: MailboxId): Metadata
  /** All of them; the same object until any changes. */
  readonly allMetadata: AllMetadata
}

/** The counters of a mailbox, as STATUS asks for them (RFC 9051 §6.3.11). */
export interface MailboxStatus {
  readonly mailbox: MailboxId
  readonly messages: number
  readonly unseen: number
  readonly deleted: number
  /** Sum of the sizes of all messages, in octets (RFC 8438). */
  readonly size: number
  readonly recent: number
  readonly uidNext: Uid
  readonly uidValidity: number
  readonly highestModSeq: ModSeq
}

/**
 * The names between the root and `name`, outermost first: `a/b/c` has `a` and `a/b`.
 */
export function parentNames(name: string): string[] {
  const parents: string[] = []
  for (let at = name.indexOf(separator); at !== -1; at = name.indexOf(separator, at + 1)) {
    parents.push(name.slice(0, at))
  }
  return parents
}

/** The name as the catalogue keeps it: NFC, and INBOX as the first level in capitals (RFC 9051 §5.1). */
export function normalMailboxName(name: string): string {
  const composed = name.normalize('NFC')
  return /^inbox(?:$|\/)/i.test(composed) ? 'INBOX' + composed.slice(5) : composed
}
