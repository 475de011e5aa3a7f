import { maxAclEntries, maxIdentifierBytes } from '../../model/limits.ts'
import type { Mailbox } from '../../model/mailbox.ts'
import type { MailboxId } from '../../model/numbers.ts'
import type { Operation, OperationResult } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import { type Rights, rightsOf, withoutRights, withRights } from '../../model/rights.ts'
import type { MailboxDraft } from './mailbox-draft.ts'
import type { Planning } from './planner.ts'

/** SETACL and DELETEACL (RFC 4314 §3.1, §3.2). An entry without any right is none. */
export function setAcl(planning: Planning, operation: Extract<Operation, { op: 'setAcl' }>): OperationResult {
  const { mailbox, identifier, by } = operation
  if (identifier === '' || Buffer.byteLength(identifier) > maxIdentifierBytes) {
    throw new Refusal('CANNOT', 'Not an identifier')
  }
  const { acl } = existing(planning, mailbox)
  if (by && !rightsOf(acl, by).includes('a')) throw new Refusal('NOPERM', 'That takes the right a to the mailbox')
  const before = acl.get(identifier) ?? ''
  const after = rightsAfter(before, operation)
  if (after === before) return { op: 'setAcl' }
  const changed = new Map(acl)
  if (after === '') changed.delete(identifier)
  else changed.set(identifier, after)
  if (changed.size > Math.max(maxAclEntries, acl.size)) {
    throw new Refusal('LIMIT', `An access control list has ${maxAclEntries} entries at most`)
  }
  putAcl(planning, mailbox, changed)
  return { op: 'setAcl' }
}

function rightsAfter(before: Rights, { mode, rights }: Extract<Operation, { op: 'setAcl' }>): Rights {
  if (mode === 'add') return withRights(before, rights)
  return mode === 'remove' ? withoutRights(before, rights) : withRights('', rights)
}

/**
 * Switches whether each user has a `\Seen` of their own. What others see of the flags changes then without any message
 * having changed, so all messages count as changed, for those who keep a copy.
 */
export function setSeenPerUser(
  planning: Planning,
  { mailbox, perUser }: Extract<Operation, { op: 'setSeenPerUser' }>,
): OperationResult {
  const { acl, seenPerUser } = existing(planning, mailbox)
  if (seenPerUser === perUser) return { op: 'setSeenPerUser' }
  putSeenPerUser(planning, mailbox, perUser)
  if (acl.size > 0) touchAll(planning, mailbox)
  return { op: 'setSeenPerUser' }
}

/** A new mailbox is shared as its superior one is (RFC 4314 §4, CREATE). */
export function inherit(planning: Planning, mailbox: MailboxId, parent: Mailbox | undefined): void {
  if (!parent) return
  if (parent.acl.size > 0) putAcl(planning, mailbox, parent.acl)
  if (parent.seenPerUser) putSeenPerUser(planning, mailbox, true)
}

function putAcl({ draft, changes }: Planning, mailbox: MailboxId, acl: ReadonlyMap<string, Rights>): void {
  draft.alter(mailbox, { acl })
  changes.push({ kind: 'aclSet', mailbox, acl })
}

function putSeenPerUser({ draft, changes }: Planning, mailbox: MailboxId, perUser: boolean): void {
  draft.alter(mailbox, { seenPerUser: perUser })
  changes.push({ kind: 'seenPerUserSet', mailbox, perUser })
}

function touchAll({ draft, changes }: Planning, mailbox: MailboxId): void {
  const target = draft.mailbox(mailbox)
  const uidsBySet = Map.groupBy(target.uids, (_uid, row) => target.flags.at(row))
  const groups = [...uidsBySet].map(([set, uids]) => ({ flags: flagsIn(target, set), uids, set }))
  if (groups.length === 0) return
  for (let row = 0; row < target.uids.length; row++) target.setFlags(row, target.flags.at(row))
  changes.push({ kind: 'flagsChanged', mailbox, groups: groups.map(({ flags, uids }) => ({ flags, uids })) })
}

function flagsIn(target: MailboxDraft, set: number): ReturnType<MailboxDraft['flagsAt']> {
  return target.table.sets[set]! // every row names a set of the table
}

function existing({ draft }: Planning, id: MailboxId): Mailbox {
  const mailbox = draft.tree.byId.get(id)
  if (!mailbox) throw new Refusal('NONEXISTENT', 'No such mailbox')
  return mailbox
}
