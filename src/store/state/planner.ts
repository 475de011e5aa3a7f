import type { Change } from '../../model/change.ts'
import { maxUid } from '../../model/limits.ts'
import { asMessageNum, asUid, type MailboxId, type MessageNum, type Uids } from '../../model/numbers.ts'
import type { Actor, AppendedEntry, Operation, OperationResult, StagedMessage } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import type { Rights } from '../../model/rights.ts'
import { firstRowFrom } from '../../model/snapshot.ts'
import { type FlagSet, flagSet, noFlags, permittedFlags, systemFlag } from '../../model/flags.ts'
import type { MessageKeys } from '../../mime/message.ts'
import type { CommitDraft } from './commit-draft.ts'
import { type MailboxDraft, rowsOfUids } from './mailbox-draft.ts'
import { copyMetadata, setMetadata, setSpecialUse } from './plan-metadata.ts'
import { setQuota } from './plan-quota.ts'
import { createMailbox, deleteMailbox, renameMailbox, subscribe } from './plan-tree.ts'
import { setAcl, setSeenPerUser } from './plan-sharing.ts'
import { store } from './plan-store.ts'

/** Of a message's References, the last so many are looked up; what is further back seldom adds anything. */
export const maxThreadReferences = 64

/** Which thread a message with a given Message-ID is in. Not part of the state: an engine keeps it as it can. */
export interface ThreadIndex {
  threadOf(messageId: string): number | undefined
  /** Called when a planned commit is applied, never on replay (entries carry their thread). */
  remember(messageId: string, thread: number): void
}

/** What the state has to know of a staged message. */
export interface StagedFacts {
  /** Octets. */
  readonly size: number
  readonly keys: Pick<MessageKeys, 'messageId' | 'references'>
}

/** A list of operations on its way to becoming a change set. */
export interface Planning {
  readonly draft: CommitDraft
  /** Whole seconds since 1970. */
  readonly now: number
  readonly maxMailboxes: number
  readonly threads: ThreadIndex
  readonly factsOf: (staged: StagedMessage) => StagedFacts
  readonly changes: Change[]
  readonly staged: { readonly staged: StagedMessage; readonly message: MessageNum }[]
  /** Threads by Message-ID that the commit adds to the index. */
  readonly newThreads: Map<string, number>
}

/** Does one operation in the draft and notes its changes. Throws `Refusal`; the draft is then to be dropped. */
export function planOperation(planning: Planning, operation: Operation): OperationResult {
  switch (operation.op) {
    case 'createMailbox':
      return createMailbox(planning, operation)
    case 'deleteMailbox':
      return deleteMailbox(planning, operation)
    case 'renameMailbox':
      return renameMailbox(planning, operation, moveAll)
    case 'subscribe':
      return subscribe(planning, operation)
    case 'append':
      return append(planning, operation)
    case 'store':
      return store(planning, operation)
    case 'copy': {
      const uids = notGivenYet(planning.draft, operation)
      const { from, to, uidValidity } = copyUids(planning, operation.from, uids, operation.to, operation)
      return { op: 'copy', uidValidity, from, to }
    }
    case 'move': {
      const { from, to, uidValidity } = copyUids(planning, operation.from, operation.uids, operation.to, operation)
      expungeUids(planning, operation.from, from)
      return { op: 'move', uidValidity, from, to }
    }
    case 'expunge':
      return expunge(planning, operation)
    case 'claimRecent':
      return claimRecent(planning, operation.mailbox)
    case 'setMetadata':
      return setMetadata(planning, operation)
    case 'setAcl':
      return setAcl(planning, operation)
    case 'setSeenPerUser':
      return setSeenPerUser(planning, operation)
    case 'setSpecialUse':
      return setSpecialUse(planning, operation)
    case 'setQuota':
      return setQuota(planning, operation)
  }
}

function append(
  { draft, now, factsOf, changes, staged, ...planning }: Planning,
  { mailbox, messages, user, rights }: Extract<Operation, { op: 'append' }>,
): OperationResult {
  const target = draft.mailbox(mailbox)
  const seenBy = seenByUser(draft, mailbox, user)
  const seenUids: number[] = []
  let { nextMessage, nextThread } = draft.counters
  let uidNext: number = target.counters.uidNext
  const entries = messages.map((message): AppendedEntry => {
    const uid = Math.max(uidNext, message.uid ?? 0)
    checkUid(uid)
    uidNext = uid + 1
    const { size, keys } = factsOf(message.staged)
    const thread = threadFor(planning, keys, nextThread)
    if (thread === nextThread) nextThread++
    const number = asMessageNum(nextMessage++)
    let flags = rights === undefined ? message.flags : permittedFlags(noFlags, message.flags, rights)
    if (seenBy !== undefined && flags.system & systemFlag.seen) {
      seenUids.push(uid)
      flags = withoutSeen(flags)
    }
    staged.push({ staged: message.staged, message: number })
    return {
      uid: asUid(uid),
      message: number,
      size,
      internalDate: message.internalDate ?? now,
      saveDate: now,
      thread,
      flags: canonical(target, flags),
    }
  })
  appendEntries(draft, changes, mailbox, entries)
  if (seenBy !== undefined) markSeen(draft, changes, mailbox, seenBy, seenUids)
  return { op: 'append', uidValidity: target.uidValidity, uids: entries.map(({ uid }) => uid) }
}

/** The thread of any message that this one names or that named it; else `fresh` (RFC 8474 §5.2). */
function threadFor(
  { threads, newThreads }: Pick<Planning, 'threads' | 'newThreads'>,
  { messageId, references }: StagedFacts['keys'],
  fresh: number,
): number {
  const names = references.slice(-maxThreadReferences)
  if (messageId !== undefined) names.push(messageId)
  const known = names.map((name) => newThreads.get(name) ?? threads.threadOf(name))
  const thread = known.findLast((number) => number !== undefined) ?? fresh
  names.forEach((name, n) => {
    if (known[n] === undefined) newThreads.set(name, thread)
  })
  return thread
}

interface CopiedUids {
  readonly uidValidity: number
  readonly from: Uint32Array
  readonly to: Uint32Array
}

function copyUids(
  { draft, now, changes }: Planning,
  from: MailboxId,
  uids: Uids,
  to: MailboxId,
  { user, rights }: Actor = {},
): CopiedUids {
  const source = draft.mailbox(from)
  const target = draft.mailbox(to)
  const seenInSource = seenByUser(draft, from, user)
  const seenInTarget = seenByUser(draft, to, user)
  const seenUids: number[] = []
  const rows = rowsOfUids(source.uids, uids)
  checkUid(target.counters.uidNext + rows.length - 1)
  const copiedFrom = new Uint32Array(rows.length)
  const copiedTo = new Uint32Array(rows.length)
  /** By the position of the set, doubled, and whether the one who copies has seen the message. */
  const flagsOf: ReturnType<typeof canonical>[] = []
  const firstUid = target.counters.uidNext
  const entries: AppendedEntry[] = []
  // Hot: once per message of COPY 1:*.
  for (let n = 0; n < rows.length; n++) {
    const row = rows[n]! // inside bounds
    const uid = asUid(firstUid + n)
    const set = source.flags.at(row)
    const own = source.flagsAt(row)
    const isSeen = seenInSource === undefined ? (own.system & systemFlag.seen) !== 0 : source.hasSeen(seenInSource, row)
    if (isSeen && seenInTarget !== undefined && rights?.includes('s') !== false) seenUids.push(uid)
    const flags = (flagsOf[set * 2 + (isSeen ? 1 : 0)] ??= canonical(
      target,
      copiedFlags(own, isSeen && seenInTarget === undefined, rights),
    ))
    entries.push(source.entryFrom(row, { uid, saveDate: now, flags }))
    copiedFrom[n] = source.uids[row]! // a row of the mailbox
    copiedTo[n] = uid
  }
  appendEntries(draft, changes, to, entries)
  if (seenInTarget !== undefined) markSeen(draft, changes, to, seenInTarget, seenUids)
  return { uidValidity: target.uidValidity, from: copiedFrom, to: copiedTo }
}

/** The messages to copy, without those that the target was given since the caller looked. */
function notGivenYet(draft: CommitDraft, operation: Extract<Operation, { op: 'copy' }>): Uids {
  const { from, uids, to, unlessGivenSince } = operation
  if (unlessGivenSince === undefined) return uids
  const target = draft.mailbox(to)
  const given = new Set(target.messages.subarray(firstRowFrom(target.uids, unlessGivenSince), target.uids.length))
  if (given.size === 0) return uids
  const source = draft.mailbox(from)
  const rows = rowsOfUids(source.uids, uids).filter((row) => !given.has(source.messages[row]!)) // rows of the mailbox
  return Uint32Array.from(rows, (row) => source.uids[row]!) // likewise
}

/** The flags of a message that get into the mailbox it is copied to. */
function copiedFlags(own: FlagSet, isSeen: boolean, rights: Rights | undefined): FlagSet {
  const wasSeen = (own.system & systemFlag.seen) !== 0
  const flags = isSeen === wasSeen ? own : flagSet(own.system ^ systemFlag.seen, own.keywords)
  return rights === undefined ? flags : permittedFlags(noFlags, flags, rights)
}

/** The user, where a `\Seen` of their own is kept for them in the mailbox. */
function seenByUser(draft: CommitDraft, mailbox: MailboxId, user: string | undefined): string | undefined {
  return user !== undefined && draft.tree.byId.get(mailbox)?.seenPerUser === true ? user : undefined
}

function withoutSeen(flags: FlagSet): FlagSet {
  return flagSet(flags.system & ~systemFlag.seen, flags.keywords)
}

/** Notes that a user has seen messages that have just come, if there is room for it. */
function markSeen(
  draft: CommitDraft,
  changes: Change[],
  mailbox: MailboxId,
  user: string,
  uids: readonly number[],
): void {
  const target = draft.mailbox(mailbox)
  if (uids.length === 0 || !target.keepsSeenOf(user)) return
  target.setSeen(user, true, [...rowsOfUids(target.uids, uids)])
  changes.push({ kind: 'seenChanged', mailbox, user, seen: true, uids })
}

/** What RENAME of INBOX does with its messages (RFC 9051 §6.3.6) and annotations. */
function moveAll(planning: Planning, from: MailboxId, to: MailboxId): void {
  const copied = copyUids(planning, from, planning.draft.mailbox(from).uids, to)
  expungeUids(planning, from, copied.from)
  copyMetadata(planning, from, to)
}

function appendEntries(draft: CommitDraft, changes: Change[], mailbox: MailboxId, entries: AppendedEntry[]): void {
  if (entries.length === 0) return
  draft.append(mailbox, entries)
  changes.push({ kind: 'appended', mailbox, entries })
}

function expungeUids({ draft, changes }: Planning, mailbox: MailboxId, uids: Uint32Array): void {
  if (uids.length === 0) return
  draft.expunge(mailbox, rowsOfUids(draft.mailbox(mailbox).uids, uids))
  changes.push({ kind: 'expunged', mailbox, uids })
}

function expunge(planning: Planning, operation: Extract<Operation, { op: 'expunge' }>): OperationResult {
  const mailbox = planning.draft.mailbox(operation.mailbox)
  let rows = rowsOfUids(mailbox.uids, operation.uids)
  if (operation.onlyDeleted) rows = rows.filter((row) => mailbox.flagsAt(row).system & systemFlag.deleted)
  const uids = rows.map((row) => mailbox.uids[row]!) // rows of the mailbox
  expungeUids(planning, operation.mailbox, uids)
  return { op: 'expunge', uids }
}

function claimRecent({ draft, changes }: Planning, mailbox: MailboxId): OperationResult {
  const { counters, uids } = draft.mailbox(mailbox)
  const { firstRecentUid: firstUid, uidNext } = counters
  // Nothing is worth a record in the log unless a message is there to be claimed.
  if (firstRowFrom(uids, firstUid) < uids.length) {
    draft.mailbox(mailbox).claimRecent(uidNext)
    changes.push({ kind: 'recentClaimed', mailbox, firstRecentUid: uidNext })
  }
  return { op: 'claimRecent', firstUid, uidNext }
}

/** The set in the mailbox's spelling, added to its table. */
function canonical(mailbox: MailboxDraft, flags: AppendedEntry['flags']): AppendedEntry['flags'] {
  return mailbox.table.sets[mailbox.table.intern(flags)] ?? flags
}

/** UIDNEXT has to fit into 32 bits as well. */
function checkUid(uid: number): void {
  if (uid >= maxUid) throw new Refusal('LIMIT', 'No UID is left in this mailbox')
}
