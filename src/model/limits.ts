/** Every limit of the store and of a mailbox, with its unit. What a site may change stands in the configuration. */

/** Octets of one message. */
export const defaultMaxMessageBytes: number = 64 * 1024 * 1024
/** Octets of a mailbox's whole name in UTF-8. */
export const maxMailboxNameBytes = 1000
/** Octets of one level of a mailbox's name in UTF-8. */
export const maxMailboxLevelBytes = 255
/** Levels of a mailbox's name. */
export const maxMailboxLevels = 32
/** Mailboxes of one account. */
export const defaultMaxMailboxes = 10_000
/** Subscriptions of one user in one account. */
export const maxSubscriptions = 20_000
/** Keywords ever used in one mailbox, registered ones (`keywords.ts`) not counted. */
export const defaultMaxKeywords = 256
/** Octets of one annotation's name in UTF-8, and of its value (RFC 5464 §4.1 asks for 1024 at least). */
export const maxMetadataNameBytes = 1024
export const maxMetadataValueBytes: number = 64 * 1024
/** Octets of a name in the store, where the server may have put something before it. */
export const maxStoredMetadataNameBytes = 1280
/**
 * Annotations of one mailbox or of the account, shared ones and those of each user apart (RFC 5464 §4.1: 10 at least).
 * Hidden ones are not counted; their octets are.
 */
export const maxMetadataEntries = 256
/** Octets of all annotations of one account, which are kept in memory while it is open. */
export const maxMetadataBytes: number = 4 * 1024 * 1024
/** Identifiers in one mailbox's access control list, and octets of one. */
export const maxAclEntries = 256
export const maxIdentifierBytes = 512
/** Users who have a `\Seen` of their own in one mailbox: one bit a message for each, in memory and in each checkpoint. */
export const maxSeenUsers = 1000
/** Quota roots of one account: itself, and mailboxes that limits were set for. */
export const maxQuotaRoots = 100
/** Octets of one keyword. */
export const maxKeywordBytes = 128
/** The highest UID, UIDVALIDITY and UIDNEXT: 32 bits, not zero (RFC 9051 §9 nz-number). */
export const maxUid = 0xffff_ffff
