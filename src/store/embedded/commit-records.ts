import type { Change, ChangeSet } from '../../model/change.ts'
import { flagSet } from '../../model/flags.ts'
import type { MailboxId } from '../../model/numbers.ts'
import type { AppendedEntry } from '../../model/operation.ts'
import type { NewRecord } from './log-writer.ts'
import { recordType } from './record.ts'

/** Where a message came to. */
export interface AppendedTo {
  readonly mailbox: MailboxId
  readonly entry: AppendedEntry
}

/** To which mailbox each message of a change set came last, and how. */
export function entriesByMessage({ changes }: ChangeSet): Map<number, AppendedTo> {
  const entries = new Map<number, AppendedTo>()
  for (const change of changes) {
    if (change.kind !== 'appended') continue
    for (const entry of change.entries) entries.set(entry.message, { mailbox: change.mailbox, entry })
  }
  return entries
}

/** The record of a message. */
export function messageRecord(message: number, octets: Buffer, to: AppendedTo | undefined): NewRecord {
  const { system } = to?.entry.flags ?? flagSet(0)
  return {
    type: recordType.message,
    payload: octets.length > 0 ? [octets] : [],
    message,
    mailbox: to?.mailbox ?? 0,
    uid: to?.entry.uid ?? 0,
    internalDate: to?.entry.internalDate ?? 0,
    systemFlags: system,
  }
}

/** Whether a change may wait a second for its sync: what a client can set again without harm. */
export function isLazy({ kind }: Change): boolean {
  return kind === 'flagsChanged' || kind === 'seenChanged' || kind === 'recentClaimed' || kind === 'subscribed'
}
