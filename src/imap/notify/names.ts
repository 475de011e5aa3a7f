import { separator } from '../../model/mailbox.ts'
import type { MailboxId } from '../../model/numbers.ts'
import type { MailboxNames } from '../../store/store.ts'
import { allows, type MailboxReference, type Place, referenceTo, visibleIn } from '../reference.ts'
import { listResponse, parentsOf } from '../responses/list.ts'
import type { ImapSession } from '../session.ts'

/** Mailboxes of an account at one moment, as far as the user may look them up. */
export interface Names {
  readonly place: Place
  readonly tree: MailboxNames
  readonly visible: ReadonlyMap<MailboxId, MailboxReference>
}

/** Those of some mailboxes (absent: of all) that are there and that the user may look up. */
export function namesOf(place: Place, tree: MailboxNames, among: Iterable<MailboxId> = tree.byId.keys()): Names {
  const visible = new Map<MailboxId, MailboxReference>()
  for (const id of among) {
    const mailbox = tree.byId.get(id)
    const reference = mailbox && referenceTo(place, mailbox)
    if (reference && isVisible(reference)) visible.set(id, reference)
  }
  return { place, tree, visible }
}

function isVisible(reference: MailboxReference): boolean {
  return reference.user === undefined || allows(reference, 'l')
}

/** What was compared last to a tree: as a rule all clients of an account ask for the same two. */
const compared: WeakMap<MailboxNames, { readonly before: MailboxNames['byId']; readonly changed: MailboxId[] }> =
  new WeakMap()

/** The mailboxes that came, went or changed in any way but by their messages. */
export function changedMailboxes(before: MailboxNames, after: MailboxNames): readonly MailboxId[] {
  if (before.byId === after.byId) return []
  const known = compared.get(after)
  if (known?.before === before.byId) return known.changed
  const changed: MailboxId[] = []
  compared.set(after, { before: before.byId, changed })
  for (const [id, mailbox] of after.byId) if (before.byId.get(id) !== mailbox) changed.push(id)
  for (const id of before.byId.keys()) if (!after.byId.has(id)) changed.push(id)
  return changed
}

/** Names of which there is something to say, each with the one it had before, where it was renamed. */
export type Affected = Map<string, string | undefined>

/**
 * The names that a MailboxName event is about (RFC 5465 §5.4): of what was created, deleted or renamed, and the direct
 * parents of the former two. What was renamed along with its superior mailbox is not among them.
 *
 * Deviates: RENAME of INBOX is told as the creation of the other mailbox, without OLDNAME, for that is what it is.
 */
export function changedNames(before: Names, after: Names): Affected {
  const affected: Affected = new Map()
  const renamed = new Map<string, string>()
  const comesOrGoes = (name: string): void => {
    affected.set(name, undefined)
    const parent = name.slice(0, Math.max(0, name.lastIndexOf(separator)))
    if (parent.length > before.place.prefix.length && !affected.has(parent)) affected.set(parent, undefined)
  }
  for (const [id, { name }] of before.visible) {
    const now = after.visible.get(id)
    if (!now) comesOrGoes(name)
    else if (now.name !== name) renamed.set(name, now.name)
  }
  for (const [id, { name }] of after.visible) if (!before.visible.has(id)) comesOrGoes(name)
  for (const [old, name] of renamed) if (!cameAlong(old, name, renamed)) affected.set(name, old)
  return affected
}

/** Whether a mailbox has its new name only since one above it was renamed. */
function cameAlong(old: string, name: string, renamed: ReadonlyMap<string, string>): boolean {
  for (let at = old.lastIndexOf(separator); at > 0; at = old.lastIndexOf(separator, at - 1)) {
    const above = renamed.get(old.slice(0, at))
    if (above !== undefined && above + old.slice(at) === name) return true
  }
  return false
}

/** Names of mailboxes that the user may look up, and can read no more, or again (RFC 5465 §5.9). */
export function changedAccess(before: Names, after: Names): string[] {
  const names: string[] = []
  for (const [id, reference] of after.visible) {
    const then = before.visible.get(id)
    if (then && allows(then, 'r') !== allows(reference, 'r')) names.push(reference.name)
  }
  for (const [id, { name }] of before.visible) if (!after.visible.has(id)) names.push(name)
  return names
}

const parentsOfTrees: WeakMap<MailboxNames, ReadonlySet<string>> = new WeakMap()

/** Names that have inferiors, for the owner: the same for all of the owner's clients. */
function parentsIn(tree: MailboxNames): ReadonlySet<string> {
  const parents = parentsOfTrees.get(tree) ?? parentsOf(tree.byName.keys())
  parentsOfTrees.set(tree, parents)
  return parents
}

/**
 * Writes LIST responses as they tell of changes (RFC 5465 §5.4, §5.5, §5.9). What is gone in another's account may have
 * been deleted, or be hidden from this user: nothing shows which.
 */
export async function writeNames(
  session: ImapSession,
  { place, tree }: Pick<Names, 'place' | 'tree'>,
  affected: Affected,
  subscribed: ReadonlySet<string>,
): Promise<void> {
  if (affected.size === 0) return
  const isOwn = place.user === undefined
  const parents = isOwn ? parentsIn(tree) : parentsOf(visibleIn(place, tree).map((visible) => visible.mailbox.name))
  for (const [name, oldName] of affected) {
    const ownName = name.slice(place.prefix.length)
    const mailbox = tree.byName.get(ownName)
    const reference = mailbox && referenceTo(place, mailbox)
    const isShown = reference !== undefined && isVisible(reference)
    const attributes: string[] = [...(isShown && isOwn ? reference.mailbox.specialUse : [])]
    if (!isShown) attributes.push('\\NonExistent')
    if (isShown ? !allows(reference, 'r') : !isOwn) attributes.push('\\NoAccess')
    if (subscribed.has(name)) attributes.push('\\Subscribed')
    attributes.push(parents.has(ownName) ? '\\HasChildren' : '\\HasNoChildren')
    const extended = oldName === undefined ? '' : ` ("OLDNAME" (${session.mailboxText(oldName)}))`
    session.out.line(listResponse(session, attributes, name, extended))
    if (session.out.full) await session.io.settled()
  }
}
