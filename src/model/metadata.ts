/**
 * Annotations (RFC 5464 §3.1): entries with a name and a value, of a mailbox or of the account as a whole. The store
 * compares names octet by octet; a protocol that does not brings them to one spelling first.
 */
import type { MailboxId } from './numbers.ts'

/** Values by name. */
export type MetadataEntries = ReadonlyMap<string, Uint8Array>

/** All annotations of one mailbox, or of the account. It never changes; a commit makes a new one. */
export interface Metadata {
  readonly shared: MetadataEntries
  /** Those that only one user sees, by user; the owner is a user like any other. */
  readonly private: ReadonlyMap<string, MetadataEntries>
}

/** What stands for the account itself where mailboxes are meant by number. */
export const theAccount = 0

/** A mailbox, or the account itself. */
export type MailboxOrAccount = MailboxId | typeof theAccount

/** Annotations by what they belong to; whatever has none is not in it. */
export type AllMetadata = ReadonlyMap<MailboxOrAccount, Metadata>

/** An entry to set, or, with `null`, to take away. */
export type MetadataChange = readonly [name: string, value: Uint8Array | null]

const noEntries: MetadataEntries = new Map()

/** Of what was never annotated. */
export const noMetadata: Metadata = { shared: noEntries, private: new Map() }

/** Names that begin with this are for the server's own use: no client sees them, and no copy of a mailbox has them. */
export const hiddenPrefix = '!'

/** The shared entries, or those of `user`. */
export function entriesOf({ shared, private: ofUsers }: Metadata, user: string | undefined): MetadataEntries {
  return user === undefined ? shared : (ofUsers.get(user) ?? noEntries)
}

/** The annotations after `changes` to the shared entries, or to those of `user`; the same object when nothing changes. */
export function withMetadata(before: Metadata, user: string | undefined, changes: readonly MetadataChange[]): Metadata {
  const old = entriesOf(before, user)
  const entries = new Map(old)
  for (const [name, value] of changes) {
    if (value === null) entries.delete(name)
    else if (!sameValue(entries.get(name), value)) entries.set(name, value)
  }
  if (entries.size === old.size && [...entries].every(([name, value]) => old.get(name) === value)) return before
  if (user === undefined) return { ...before, shared: entries }
  const ofUsers = new Map(before.private)
  if (entries.size > 0) ofUsers.set(user, entries)
  else ofUsers.delete(user)
  return { ...before, private: ofUsers }
}

/** Whether there is no entry left. */
export function isEmptyMetadata({ shared, private: ofUsers }: Metadata): boolean {
  return shared.size === 0 && ofUsers.size === 0
}

/** Octets of all names and values, hidden ones included. */
export function metadataBytes({ shared, private: ofUsers }: Metadata): number {
  let bytes = 0
  for (const entries of [shared, ...ofUsers.values()]) {
    for (const [name, value] of entries) bytes += Buffer.byteLength(name) + value.length
  }
  return bytes
}

/** Whether two values are octet by octet the same; `undefined` is no value. */
export function sameValue(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && Buffer.compare(a, b) === 0)
}
