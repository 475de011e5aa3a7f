import { systemFlag } from '../../model/flags.ts'
import type { Mailbox, MailboxStatus } from '../../model/mailbox.ts'
import { Refusal } from '../../model/refusal.ts'
import type { Cursor } from '../../wire/cursor.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { offers } from '../capabilities.ts'
import type { MailboxReference } from '../reference.ts'
import type { ImapSession } from '../session.ts'
import { mailboxObjectId } from './list.ts'

/** The counters of a mailbox, with what takes a look at its messages where it was asked for. */
export interface FullStatus extends MailboxStatus {
  /** Octets of all messages with `\Deleted`. */
  readonly deletedStorage?: number
}

/** What STATUS can be asked for: RFC 9051 §6.3.11, RFC 3501 §6.3.10 (RECENT), RFC 7162, RFC 7889, RFC 8474, RFC 9208. */
const statusItems: Readonly<
  Record<StatusItem, (status: FullStatus, mailbox: Mailbox, session: ImapSession) => number | string>
> = {
  MESSAGES: (status) => status.messages,
  UIDNEXT: (status) => status.uidNext,
  UIDVALIDITY: (status) => status.uidValidity,
  UNSEEN: (status) => status.unseen,
  DELETED: (status) => status.deleted,
  'DELETED-STORAGE': (status) => status.deletedStorage ?? 0,
  SIZE: (status) => status.size,
  RECENT: (status) => status.recent,
  HIGHESTMODSEQ: (status) => status.highestModSeq,
  MAILBOXID: (_status, mailbox) => `(${mailboxObjectId(mailbox)})`,
  APPENDLIMIT: (_status, _mailbox, session) => session.services.limits.maxMessageBytes,
}

/** A name in the list behind STATUS. */
export type StatusItem =
  | 'MESSAGES'
  | 'UIDNEXT'
  | 'UIDVALIDITY'
  | 'UNSEEN'
  | 'DELETED'
  | 'DELETED-STORAGE'
  | 'SIZE'
  | 'RECENT'
  | 'HIGHESTMODSEQ'
  | 'MAILBOXID'
  | 'APPENDLIMIT'

/** Reads `(MESSAGES UNSEEN)`. Throws `BadSyntax` at an item that does not exist. */
export function parseStatusItems(cursor: Cursor): StatusItem[] {
  const items = cursor.list(() => {
    const name = cursor.keyword('a status item')
    if (!Object.hasOwn(statusItems, name)) throw cursor.bad(`There is no status item ${name}`)
    return name as StatusItem // it is a key of the table
  })
  if (items.length === 0) throw cursor.expected('a status item')
  return [...new Set(items)]
}

/** Throws `BadSyntax` at an item that the client's dialect does not have: RECENT is gone in IMAP4rev2, others may be off. */
export function checkStatusItems(session: ImapSession, items: readonly StatusItem[]): void {
  if (session.rev2 && items.includes('RECENT')) throw new BadSyntax('IMAP4rev2 has no RECENT', 0)
  if (items.includes('DELETED-STORAGE') && !offers(session, 'QUOTA=RES-STORAGE')) {
    throw new BadSyntax('There is no status item DELETED-STORAGE', 0)
  }
}

/** The text of a STATUS response (RFC 9051 §7.3.4). */
export function statusResponse(
  session: ImapSession,
  { mailbox, name }: Pick<MailboxReference, 'mailbox' | 'name'>,
  status: FullStatus,
  items: readonly StatusItem[],
): string {
  const values = items.map((item) => `${item} ${statusItems[item](status, mailbox, session)}`)
  return `* STATUS ${session.mailboxText(name)} (${values.join(' ')})`
}

/** The status with all that the items ask for. The messages are looked at only where any is deleted. */
export async function fullStatus(
  { account, mailbox, user }: Pick<MailboxReference, 'account' | 'mailbox' | 'user'>,
  status: MailboxStatus,
  items: readonly StatusItem[],
): Promise<FullStatus> {
  if (status.deleted === 0 || !items.includes('DELETED-STORAGE')) return status
  const { sizes, flags, flagSets } = await account.snapshot(mailbox.id, user)
  const isDeleted = flagSets.map(({ system }) => (system & systemFlag.deleted) !== 0)
  let deletedStorage = 0
  for (let row = 0; row < sizes.length; row++) if (isDeleted[flags.at(row)]) deletedStorage += sizes[row]!
  return { ...status, deletedStorage }
}

/**
 * The counters of mailboxes of one account: asked for all at once, and one by one when another session has deleted one
 * meanwhile; undefined for that one.
 */
export async function statusesThereAre(
  references: readonly MailboxReference[],
): Promise<readonly (MailboxStatus | undefined)[]> {
  const [first] = references
  if (!first) return []
  const { account, user } = first
  try {
    return await account.status(
      references.map(({ mailbox }) => mailbox.id),
      user,
    )
  } catch (error) {
    if (!isGone(error)) throw error
  }
  const found: (MailboxStatus | undefined)[] = []
  for (const { mailbox } of references) {
    try {
      found.push(...(await account.status([mailbox.id], user)))
    } catch (error) {
      if (!isGone(error)) throw error
      found.push(undefined)
    }
  }
  return found
}

const isGone = (error: unknown): boolean => error instanceof Refusal && error.code === 'NONEXISTENT'
