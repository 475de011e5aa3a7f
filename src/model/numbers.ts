/**
 * The numbers of a mail store, each its own type, so that mixing two of them is a type error.
 * Typed arrays hold plain numbers; the functions here are the one place that names what such a number is.
 */

declare const brand: unique symbol
type Branded<Name extends string> = number & { readonly [brand]: Name }

/** Unique identifier of a message in a mailbox, 1 to 2^32-1 (RFC 9051 §2.3.1.1). */
export type Uid = Branded<'Uid'>
/** Modification sequence, a positive 63-bit number, kept below 2^53 (RFC 7162 §3.1). */
export type ModSeq = Branded<'ModSeq'>
/** Number of a mailbox in its account; never used again after the mailbox is deleted. */
export type MailboxId = Branded<'MailboxId'>
/** Number of a message in its account, in order of arrival; all copies of a message share it. */
export type MessageNum = Branded<'MessageNum'>

/** Names a plain number as a UID. */
export const asUid = (n: number): Uid => n as Uid
/** Names a plain number as a mod-sequence. */
export const asModSeq = (n: number): ModSeq => n as ModSeq
/** Names a plain number as a mailbox's number. */
export const asMailboxId = (n: number): MailboxId => n as MailboxId
/** Names a plain number as a message's number. */
export const asMessageNum = (n: number): MessageNum => n as MessageNum

/** UIDs, as a rule ascending. Whoever is given them leaves them as they are. */
export type Uids = readonly number[] | Uint32Array
