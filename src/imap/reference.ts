import type { Mailbox, MailboxTree } from '../model/mailbox.ts'
import type { Actor } from '../model/operation.ts'
import { Refusal } from '../model/refusal.ts'
import type { Right, Rights } from '../model/rights.ts'
import type { AccountStore } from '../store/store.ts'

/** An account as a session may use it: the user's own, or one of which something is shared with the user. */
export interface Place {
  readonly account: AccountStore
  /** What stands before its names of mailboxes for this client: nothing, or `Other Users/bob/`. */
  readonly prefix: string
  /** Whom the store is to take for the reader (whose `\Seen` it is): absent for the owner. */
  readonly user: string | undefined
  /** By which its access control lists mean the user; absent where the user needs no grant. */
  readonly identifiers?: readonly string[]
  /** What the user may do with a mailbox of it, or, where none is given, above all of them. */
  readonly rightsTo: (mailbox: Mailbox | undefined) => Rights
}

/** A mailbox as a session may use it: the one way in which commands are given mailboxes. */
export interface MailboxReference {
  readonly place: Place
  /** The account that the mailbox is in; all work on it goes there. */
  readonly account: AccountStore
  /** As in {@link Place.user}: to be named to the store in reads and STORE. */
  readonly user: string | undefined
  readonly mailbox: Mailbox
  readonly rights: Rights
  /** Its whole name as this client names it; `mailbox.name` is what its account calls it. */
  readonly name: string
}

/** The reference to a mailbox of a place, whatever the rights. */
export function referenceTo(place: Place, mailbox: Mailbox): MailboxReference {
  const { account, user, prefix } = place
  return { place, account, user, mailbox, rights: place.rightsTo(mailbox), name: prefix + mailbox.name }
}

/** What the user may do with the mailbox by now: nothing, where it is gone. */
export async function rightsNow(reference: MailboxReference): Promise<Rights> {
  return (await asItIsNow(reference))?.rights ?? ''
}

async function asItIsNow({ place, account, mailbox }: MailboxReference): Promise<MailboxReference | undefined> {
  const now = (await account.tree()).byId.get(mailbox.id)
  return now && referenceTo(place, now)
}

/** Whether the user has a right to the mailbox. */
export function allows({ rights }: Pick<MailboxReference, 'rights'>, right: Right): boolean {
  return rights.includes(right)
}

/** Refuses (`NOPERM`) what takes a right that the user does not have to a mailbox that they may know of. */
export function requireRight(reference: Pick<MailboxReference, 'rights'>, right: Right): void {
  if (!allows(reference, right)) throw new Refusal('NOPERM', `That takes the right ${right} to the mailbox`)
}

/**
 * Whether SELECT is to say READ-WRITE: the user may insert, expunge, or change flags that others see, too (RFC 4314
 * §5.2).
 */
export function isReadWrite({ mailbox, rights, user }: Pick<MailboxReference, 'mailbox' | 'rights' | 'user'>): boolean {
  const isSeenShared = user === undefined || !mailbox.seenPerUser
  return Array.from(isSeenShared ? 'iewts' : 'iewt').some((right) => rights.includes(right))
}

/** Who changes a mailbox, as operations of the store name it: the owner needs no name. */
export function actorOf({ user, rights }: Pick<MailboxReference, 'user' | 'rights'>): Actor {
  return user === undefined ? {} : { user, rights }
}

/** What is said of a mailbox that does not exist, or of which this user is not to know whether it does. */
export function noSuchMailbox(missing: 'NONEXISTENT' | 'TRYCREATE' = 'NONEXISTENT'): Refusal {
  return new Refusal(missing, 'No such mailbox')
}

/**
 * The reference, if it may be used with a right. Throws `Refusal`: `NOPERM`, and as for one that does not exist where
 * the user may not look it up either (RFC 4314 §6).
 */
export function permitted(
  reference: MailboxReference | undefined,
  right: Right,
  missing: 'NONEXISTENT' | 'TRYCREATE' = 'NONEXISTENT',
): MailboxReference {
  if (reference && allows(reference, right)) return reference
  if (!reference || !allows(reference, 'l')) throw noSuchMailbox(missing)
  requireRight(reference, right)
  return reference
}

/** {@link permitted} of the mailbox as it is now: for what was found before something that takes long. */
export async function stillPermitted(
  reference: MailboxReference,
  right: Right,
  missing?: 'NONEXISTENT' | 'TRYCREATE',
): Promise<MailboxReference> {
  return permitted(await asItIsNow(reference), right, missing)
}

/** Those mailboxes of a place that the user may look up, in the order of their creation. */
export function visibleIn(place: Place, tree: Pick<MailboxTree, 'byId'>): MailboxReference[] {
  const visible: MailboxReference[] = []
  for (const mailbox of tree.byId.values()) {
    const reference = referenceTo(place, mailbox)
    if (place.user === undefined || allows(reference, 'l')) visible.push(reference)
  }
  return visible
}
