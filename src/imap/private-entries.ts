import { maxMetadataEntries } from '../model/limits.ts'
import { entriesOf, hiddenPrefix, type MetadataChange, type MetadataEntries } from '../model/metadata.ts'
import { Refusal } from '../model/refusal.ts'
import type { MailboxReference } from './reference.ts'
import type { Login } from './state.ts'

/**
 * The private annotations of a user of another's mailbox. They are kept in the user's own account, under hidden names:
 * how many they are is the user's affair, and cannot become the owner's, who would neither see them nor be able to
 * take them away.
 */
type Other = Pick<MailboxReference, 'account' | 'mailbox'>

function prefixOf({ account, mailbox }: Other): string {
  return `${accountPrefix(account.id)}${mailbox.id}-${mailbox.uidValidity}`
}

function accountPrefix(id: string): string {
  return `${hiddenPrefix}private/${id}/`
}

/** A user's private entries of another's mailbox, by the names that clients give. */
export async function entriesOfOther({ account, identity }: Login, other: Other): Promise<Map<string, Uint8Array>> {
  const prefix = prefixOf(other)
  const all = entriesOf((await account.tree()).metadata(), identity.user)
  return new Map(
    [...all].flatMap(([name, value]) =>
      name.startsWith(prefix + '/') ? [[name.slice(prefix.length), value] as const] : [],
    ),
  )
}

/**
 * Sets private entries of another's mailbox; how to take that back. Those of mailboxes that the other account does not
 * have any more go on this occasion. Throws `Refusal` (`METADATA TOOMANY`).
 */
export async function setEntriesOfOther(
  { account, identity }: Login,
  other: Other,
  entries: readonly MetadataChange[],
): Promise<() => Promise<void>> {
  const { user } = identity
  const prefix = prefixOf(other)
  const before = entriesOf((await account.tree()).metadata(), user)
  const named = entries.map(([name, value]): MetadataChange => [prefix + name, value])
  requireFew(prefix, before, named)
  const stale = await staleNames(other, before.keys())
  const gone = stale.map((name): MetadataChange => [name, null])
  await account.commit([{ op: 'setMetadata', user, entries: [...named, ...gone] }])
  return async () => {
    const back = named.map(([name]): MetadataChange => [name, before.get(name) ?? null])
    await account.commit([{ op: 'setMetadata', user, entries: back }])
  }
}

/** Throws `Refusal` where there come to be more entries of a mailbox than may be: the store counts no hidden ones. */
function requireFew(prefix: string, before: MetadataEntries, changes: readonly MetadataChange[]): void {
  const names = new Set([...before.keys()].filter((name) => name.startsWith(prefix + '/')))
  const count = names.size
  for (const [name, value] of changes) {
    if (value === null) names.delete(name)
    else names.add(name)
  }
  if (names.size > Math.max(maxMetadataEntries, count)) {
    throw new Refusal('METADATA TOOMANY', `There may be ${maxMetadataEntries} entries at most`)
  }
}

async function staleNames({ account }: Other, names: Iterable<string>): Promise<string[]> {
  const tree = await account.tree()
  const live = new Set([...tree.byId.values()].map((mailbox) => prefixOf({ account, mailbox })))
  const start = accountPrefix(account.id)
  return [...names].filter(
    (name) => name.startsWith(start) && !live.has(name.slice(0, name.indexOf('/', start.length))),
  )
}
