import type { Change, ChangeSet } from '../../model/change.ts'
import type { MailboxId, Uids } from '../../model/numbers.ts'
import { rowOfUid } from '../../model/snapshot.ts'
import type { AccountState } from '../state/account-state.ts'

/**
 * Applies a change set to a state that lacks some of what came before it, since records of the log were lost: what can
 * still be done is done, and mailboxes whose creation was lost are made under a name that says so.
 */
export function applyMended(state: AccountState, { modSeq, time, changes }: ChangeSet): readonly number[] {
  const released: number[] = []
  for (const change of changes) {
    for (const fitting of fit(state, change)) {
      released.push(...state.apply({ modSeq, time, changes: [fitting] }).released)
      state.publish()
    }
  }
  return released
}

function fit(state: AccountState, change: Change): Change[] {
  if (change.kind === 'subscribed') return [change]
  const { byId, byName } = state.tree()
  if (change.mailbox === undefined) return [change]
  const known = byId.has(change.mailbox)
  switch (change.kind) {
    case 'mailboxCreated':
      if (known) return []
      return [byName.has(change.name) ? { ...change, name: recoveredName(change.mailbox) } : change]
    case 'mailboxDeleted':
      return known ? [change] : []
    case 'mailboxRenamed':
      if (byName.has(change.name)) return []
      return known ? [change] : [created(state, change.mailbox, change.name)]
    case 'appended': {
      if (!known) return [created(state, change.mailbox, recoveredName(change.mailbox)), change]
      const { uidNext } = state.snapshot(change.mailbox)
      return [{ ...change, entries: change.entries.filter(({ uid }) => uid >= uidNext) }]
    }
    case 'flagsChanged': {
      if (!known) return []
      const groups = change.groups.map((group) => ({ ...group, uids: present(state, change.mailbox, group.uids) }))
      return [{ ...change, groups: groups.filter(({ uids }) => uids.length > 0) }]
    }
    case 'seenChanged':
    case 'expunged':
      return known ? [{ ...change, uids: present(state, change.mailbox, change.uids) }] : []
    case 'recentClaimed':
    case 'metadataSet':
    case 'specialUseSet':
    case 'aclSet':
    case 'seenPerUserSet':
    case 'quotaSet':
      return known ? [change] : []
  }
}

function present(state: AccountState, mailbox: MailboxId, uids: Uids): Uids {
  const snapshot = state.snapshot(mailbox)
  return Uint32Array.from(uids).filter((uid) => rowOfUid(snapshot.uids, uid) !== -1)
}

function created(state: AccountState, mailbox: MailboxId, name: string): Change {
  const used = [...state.tree().byId.values()].map(({ uidValidity }) => uidValidity)
  return { kind: 'mailboxCreated', mailbox, name, uidValidity: Math.max(0, ...used) + 1, specialUse: [] }
}

/** The name of a mailbox whose own is lost. */
function recoveredName(mailbox: MailboxId): string {
  return `Recovered-${mailbox}`
}
