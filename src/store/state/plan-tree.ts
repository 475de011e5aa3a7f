import { maxUid } from '../../model/limits.ts'
import { type Mailbox, normalMailboxName, parentNames, separator, type SpecialUse } from '../../model/mailbox.ts'
import type { MailboxId } from '../../model/numbers.ts'
import type { Operation, OperationResult } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import { checkMailboxName, checkSubscription } from './account-tree.ts'
import { nextMailboxId } from './commit-draft.ts'
import { checkUses, takeUses } from './plan-metadata.ts'
import { inherit } from './plan-sharing.ts'
import type { Planning } from './planner.ts'
import { isUsed, nextUidValidity } from './uid-validities.ts'

const inbox = 'INBOX'

/**
 * CREATE, with the superior names that are missing (RFC 9051 §6.3.4); attributes by RFC 6154 §3, which move here from a
 * mailbox that has them.
 */
export function createMailbox(
  planning: Planning,
  operation: Extract<Operation, { op: 'createMailbox' }>,
): OperationResult {
  const name = normalMailboxName(operation.name)
  const { specialUse = [], uidValidity } = operation
  checkMailboxName(name)
  if (planning.draft.tree.byName.has(name)) {
    throw new Refusal('ALREADYEXISTS', 'Mailbox exists')
  }
  checkUses(specialUse)
  if (uidValidity !== undefined) checkUidValidity(planning, uidValidity)
  takeUses(planning, undefined, specialUse)
  addParents(planning, name)
  return { op: 'createMailbox', mailbox: add(planning, name, specialUse, uidValidity) }
}

/** DELETE; inferior names stay (RFC 9051 §6.3.5). */
export function deleteMailbox(
  planning: Planning,
  operation: Extract<Operation, { op: 'deleteMailbox' }>,
): OperationResult {
  const mailbox = existing(planning, operation.mailbox)
  if (mailbox.name === inbox) throw new Refusal('CANNOT', 'INBOX cannot be deleted')
  planning.draft.delete(mailbox)
  planning.changes.push({ kind: 'mailboxDeleted', mailbox: mailbox.id })
  return { op: 'deleteMailbox' }
}

/** RENAME (RFC 9051 §6.3.6). `moveAll` brings the messages of INBOX to the new mailbox. */
export function renameMailbox(
  planning: Planning,
  operation: Extract<Operation, { op: 'renameMailbox' }>,
  moveAll: (planning: Planning, from: MailboxId, to: MailboxId) => void,
): OperationResult {
  const { draft, changes } = planning
  const mailbox = existing(planning, operation.mailbox)
  const to = normalMailboxName(operation.to)
  checkMailboxName(to)
  if (draft.tree.byName.has(to)) throw new Refusal('ALREADYEXISTS', 'Mailbox exists')
  if (mailbox.name === inbox) {
    addParents(planning, to)
    moveAll(planning, mailbox.id, add(planning, to, [], undefined))
    return { op: 'renameMailbox' }
  }
  const below = mailbox.name + separator
  if (to.startsWith(below)) throw new Refusal('CANNOT', 'A mailbox cannot be moved below itself')
  const names = new Map<MailboxId, string>()
  for (const { id, name } of draft.tree.byId.values()) {
    if (id !== mailbox.id && !name.startsWith(below)) continue
    const newName = to + name.slice(mailbox.name.length)
    checkMailboxName(newName)
    const holder = draft.tree.byName.get(newName)
    if (holder && !holder.name.startsWith(below) && holder !== mailbox)
      throw new Refusal('ALREADYEXISTS', 'An inferior mailbox exists')
    names.set(id, newName)
  }
  addParents(planning, to)
  draft.rename(names)
  for (const [id, name] of names) changes.push({ kind: 'mailboxRenamed', mailbox: id, name })
  return { op: 'renameMailbox' }
}

/** SUBSCRIBE and UNSUBSCRIBE, whether or not there is such a mailbox (RFC 9051 §6.3.7). */
export function subscribe(
  { draft, changes }: Planning,
  operation: Extract<Operation, { op: 'subscribe' }>,
): OperationResult {
  const { user, subscribed } = operation
  const name = normalMailboxName(operation.name)
  const before = draft.tree.subscriptions(user)
  if (before.has(name) !== subscribed) {
    if (subscribed) checkSubscription(name, before)
    draft.tree.subscribe(user, name, subscribed)
    changes.push({ kind: 'subscribed', user, name, subscribed })
  }
  return { op: 'subscribe' }
}

function existing({ draft }: Planning, id: MailboxId): Mailbox {
  const mailbox = draft.tree.byId.get(id)
  if (!mailbox) throw new Refusal('NONEXISTENT', 'No such mailbox')
  return mailbox
}

function addParents(planning: Planning, name: string): void {
  for (const parent of parentNames(name)) {
    if (!planning.draft.tree.byName.has(parent)) add(planning, parent, [], undefined)
  }
}

function add(planning: Planning, name: string, specialUse: readonly SpecialUse[], kept: number | undefined): MailboxId {
  const { draft, changes, now, maxMailboxes } = planning
  if (draft.tree.byId.size >= maxMailboxes) throw new Refusal('LIMIT', 'Too many mailboxes')
  const mailbox = nextMailboxId(draft)
  const uidValidity = kept ?? nextUidValidity(draft.counters.usedUidValidities, now)
  draft.create(mailbox, name, uidValidity, specialUse)
  changes.push({ kind: 'mailboxCreated', mailbox, name, uidValidity, specialUse })
  inherit(planning, mailbox, draft.tree.byName.get(parentNames(name).at(-1) ?? ''))
  return mailbox
}

function checkUidValidity({ draft }: Planning, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value > maxUid) throw new Refusal('CANNOT', 'Not a UIDVALIDITY')
  if (isUsed(draft.counters.usedUidValidities, value)) throw new Refusal('CANNOT', 'UIDVALIDITY was used before')
}
