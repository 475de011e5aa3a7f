import { maxMetadataEntries, maxMetadataValueBytes, maxStoredMetadataNameBytes } from '../../model/limits.ts'
import { type SpecialUse, specialUses } from '../../model/mailbox.ts'
import {
  entriesOf,
  hiddenPrefix,
  type MetadataChange,
  type MetadataEntries,
  sameValue,
  theAccount,
} from '../../model/metadata.ts'
import type { MailboxId } from '../../model/numbers.ts'
import type { Operation, OperationResult } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import type { Planning } from './planner.ts'

/** SETMETADATA (RFC 5464 §4.3). All entries are set or none. */
export function setMetadata(
  planning: Planning,
  { mailbox, user, entries }: Extract<Operation, { op: 'setMetadata' }>,
): OperationResult {
  const target = planning.draft.mailboxOrAccount(mailbox)
  const before = entriesOf(planning.draft.tree.metadata(target), user)
  for (const [name, value] of entries) {
    if (name === '' || Buffer.byteLength(name) > maxStoredMetadataNameBytes) throw new Refusal('CANNOT', 'Not a name')
    if (value !== null && value.length > maxMetadataValueBytes) {
      const code = `METADATA MAXSIZE ${maxMetadataValueBytes}` as const
      throw new Refusal(code, `A value may have ${maxMetadataValueBytes} octets at most`)
    }
  }
  const differing = entries.filter(([name, value]) => !sameValue(before.get(name), value ?? undefined))
  put(planning, mailbox, user, differing)
  const after = entriesOf(planning.draft.tree.metadata(target), user)
  // Counted only where it may matter.
  if (after.size > maxMetadataEntries && countOf(after) > Math.max(maxMetadataEntries, countOf(before))) {
    throw new Refusal('METADATA TOOMANY', `There may be ${maxMetadataEntries} entries at most`)
  }
  return { op: 'setMetadata' }
}

function countOf(entries: MetadataEntries): number {
  let count = 0
  for (const name of entries.keys()) if (!name.startsWith(hiddenPrefix)) count++
  return count
}

/**
 * What RENAME of INBOX does with its annotations: the new mailbox has them, too (RFC 5464 §4.1), but for those that are
 * the server's own.
 */
export function copyMetadata(planning: Planning, from: MailboxId, to: MailboxId): void {
  const { shared, private: ofUsers } = planning.draft.tree.metadata(from)
  put(planning, to, undefined, visible(shared))
  for (const [user, entries] of ofUsers) put(planning, to, user, visible(entries))
}

function visible(entries: Iterable<readonly [string, Uint8Array]>): MetadataChange[] {
  return [...entries].filter(([name]) => !name.startsWith(hiddenPrefix))
}

function put(
  { draft, changes }: Planning,
  mailbox: MailboxId | undefined,
  user: string | undefined,
  entries: readonly MetadataChange[],
): void {
  if (entries.length === 0) return
  draft.tree.setMetadata(mailbox ?? theAccount, user, entries)
  const what = { ...(mailbox !== undefined && { mailbox }), ...(user !== undefined && { user }) }
  changes.push({ kind: 'metadataSet', ...what, entries })
}

/** Gives a mailbox other special uses (RFC 6154 §4). */
export function setSpecialUse(
  planning: Planning,
  { mailbox, specialUse }: Extract<Operation, { op: 'setSpecialUse' }>,
): OperationResult {
  const before = planning.draft.tree.byId.get(mailbox)
  if (!before) throw new Refusal('NONEXISTENT', 'No such mailbox')
  checkUses(specialUse)
  const wanted = specialUses.filter((use) => specialUse.includes(use))
  takeUses(planning, mailbox, wanted)
  if (wanted.length !== before.specialUse.length || wanted.some((use) => !before.specialUse.includes(use))) {
    assign(planning, mailbox, wanted)
  }
  return { op: 'setSpecialUse' }
}

/** Throws `Refusal` (`USEATTR`) where one of them is no use that there is. */
export function checkUses(uses: readonly SpecialUse[]): void {
  if (uses.some((use) => !specialUses.includes(use))) throw new Refusal('USEATTR', 'Unknown special use')
}

/** Takes special uses away from all mailboxes but one, since they are about to be that one's (RFC 6154 §5.4). */
export function takeUses(planning: Planning, by: MailboxId | undefined, uses: readonly SpecialUse[]): void {
  if (uses.length === 0) return
  for (const { id, specialUse } of planning.draft.tree.byId.values()) {
    if (id === by || !specialUse.some((use) => uses.includes(use))) continue
    assign(
      planning,
      id,
      specialUse.filter((use) => !uses.includes(use)),
    )
  }
}

function assign({ draft, changes }: Planning, mailbox: MailboxId, specialUse: readonly SpecialUse[]): void {
  draft.alter(mailbox, { specialUse })
  changes.push({ kind: 'specialUseSet', mailbox, specialUse })
}
