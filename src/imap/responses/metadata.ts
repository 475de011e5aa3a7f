import { entriesOf, hiddenPrefix, type Metadata } from '../../model/metadata.ts'
import { Refusal } from '../../model/refusal.ts'
import { astring, literal, string } from '../../wire/strings.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { offers } from '../capabilities.ts'
import { isPrivate, seenPerUserEntry, specialUseEntry } from '../metadata-names.ts'
import { entriesOfOther } from '../private-entries.ts'
import { allows, type MailboxReference } from '../reference.ts'
import type { ImapSession } from '../session.ts'
import type { Login } from '../state.ts'

/** The entries that one user sees of a mailbox, or of the server: values by name. */
export type VisibleEntries = ReadonlyMap<string, Uint8Array>

/** Any of these, besides `l`, lets a user read annotations (RFC 5464 §3.3). */
const readingRights = ['r', 's', 'w', 'i', 'p'] as const

/** Whether the user may read a mailbox's annotations (RFC 5464 §3.3). */
export function seesMetadata(reference: MailboxReference): boolean {
  return allows(reference, 'l') && readingRights.some((right) => allows(reference, right))
}

/** Throws `BadSyntax` where only the server has annotations, since those of mailboxes are switched off. */
export function requireMailboxMetadata(session: ImapSession): void {
  if (!offers(session, 'METADATA')) throw new BadSyntax('Mailboxes have no annotations here', 0)
}

/** Throws `Refusal` (`NOPERM`) where the user may not read a mailbox's annotations. */
export function requireMetadata(reference: MailboxReference): void {
  if (!seesMetadata(reference)) throw new Refusal('NOPERM', 'You may look this mailbox up and nothing more')
}

/** A mailbox's annotations, shared ones and the user's own, and attributes that are told as such (RFC 6154 §4). */
export async function mailboxEntries(
  login: Login,
  { account, mailbox, user }: Pick<MailboxReference, 'account' | 'mailbox' | 'user'>,
): Promise<VisibleEntries> {
  const tree = await account.tree()
  const { specialUse, seenPerUser } = tree.byId.get(mailbox.id) ?? mailbox
  const visible = visibleEntries(tree.metadata(mailbox.id), user === undefined ? login.identity.user : undefined)
  if (user !== undefined) {
    for (const [name, value] of await entriesOfOther(login, { account, mailbox })) visible.set(name, value)
  }
  // A mailbox of somebody else's is what it is for that one, not for this user (RFC 6154 §2).
  if (user === undefined && specialUse.length > 0) visible.set(specialUseEntry, Buffer.from(specialUse.join(' ')))
  if (seenPerUser) visible.set(seenPerUserEntry, Buffer.from('true'))
  return visible
}

/** The server's annotations: those of its configuration, and the user's own. */
export async function serverEntries({ services }: ImapSession, { account, identity }: Login): Promise<VisibleEntries> {
  const own = visibleEntries((await account.tree()).metadata(), identity.user)
  for (const name of own.keys()) if (!isPrivate(name)) own.delete(name)
  return new Map([...own, ...(services.sharedMetadata ?? [])])
}

/** The shared entries and, with a user, theirs, without hidden ones. */
export function visibleEntries(metadata: Metadata, user: string | undefined): Map<string, Uint8Array> {
  const all = user === undefined ? [...metadata.shared] : [...metadata.shared, ...entriesOf(metadata, user)]
  return new Map(all.filter(([name]) => !name.startsWith(hiddenPrefix)))
}

/** `* METADATA INBOX (/shared/comment "text")`; entries without a value have NIL (RFC 5464 §4.4.1). */
export function metadataResponse(
  mailboxText: string,
  entries: Iterable<readonly [name: string, value: Uint8Array | undefined]>,
): string {
  const pairs = Array.from(entries, ([name, value]) => `${astring(name)} ${valueText(value)}`)
  return `* METADATA ${mailboxText} (${pairs.join(' ')})`
}

/** A value as nstring or literal8 (RFC 5464 §5): only the latter may hold NUL. */
function valueText(value: Uint8Array | undefined): string {
  if (value === undefined) return 'NIL'
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')
  return text.includes('\0') ? '~' + literal(text) : string(text)
}
