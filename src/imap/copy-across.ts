import { type FlagSet, noFlags } from '../model/flags.ts'
import type { Uids } from '../model/numbers.ts'
import { type AppendedMessage, resultOf, type StagedMessage } from '../model/operation.ts'
import { Refusal } from '../model/refusal.ts'
import type { Right } from '../model/rights.ts'
import { type MailboxSnapshot, rowOfUid } from '../model/snapshot.ts'
import type { Work } from '../search/context.ts'
import type { AccountStore } from '../store/store.ts'
import type { SessionIn } from './command.ts'
import { actorOf, type MailboxReference, stillPermitted } from './reference.ts'

/** What COPY and MOVE came to. */
export interface Copied {
  readonly uidValidity: number
  /** UIDs that were copied, and theirs in the target, pair by pair (RFC 4315 §3). */
  readonly from: Uids
  readonly to: Uids
  /** Of the source's account. */
  readonly modSeq: number
}

/** Octets that are read and staged at once. */
const pieceBytes = 64 * 1024

/** Messages, and octets of them all, that go to another account in one command. A single one may be larger. */
const maxAcrossMessages = 5000
const maxAcrossBytes: number = 128 * 1024 * 1024

/**
 * Copies or moves messages from the selected mailbox to another account. The octets are read and taken in anew, since
 * accounts have no messages in common; all of them are in the target, durably, before a MOVE takes any away. A crash in
 * between leaves them in both.
 */
export async function copyAcross(
  session: SessionIn<'selected'>,
  op: 'copy' | 'move',
  uids: Uint32Array,
  target: MailboxReference,
): Promise<Copied> {
  const { account, user, view } = session.selected
  if (uids.length > maxAcrossMessages) throw tooMuch()
  const source = await account.snapshot(view.mailbox, user)
  const rows = uids.map((uid) => rowOfUid(source.uids, uid) + 1)
  if (rows.includes(0)) throw new Refusal('EXPUNGEISSUED', 'Some messages are gone; nothing was done')
  requireFew(source, rows)
  const staged: StagedMessage[] = []
  try {
    const work = { done: 0, goal: rows.length }
    for (const row of rows) work.done = staged.push(await stageCopy(session, source, row - 1, target.account, work))
    const messages = staged.map((message, n): AppendedMessage => {
      const row = rows[n]! - 1 // as many
      return { staged: message, flags: flagsAt(source, row), internalDate: source.internalDates[row]! } // inside bounds
    })
    // Reading and staging took as long as they took, and rights may have gone meanwhile.
    for (const right of op === 'move' ? moving : copying) await stillPermitted(session.selected, right)
    const into = await stillPermitted(target, 'i', 'TRYCREATE')
    const committed = await session.commit(target.account, [
      { op: 'append', mailbox: target.mailbox.id, messages, ...actorOf(into) },
    ])
    const { uidValidity, uids: to } = resultOf(committed, 0, 'append')
    if (op === 'copy') return { uidValidity, from: uids, to, modSeq: source.highestModSeq }
    const { modSeq } = await session.commit(account, [
      { op: 'expunge', mailbox: view.mailbox, uids, onlyDeleted: false },
    ])
    return { uidValidity, from: uids, to, modSeq }
  } finally {
    for (const message of staged) message.release() // does nothing to those that are committed
  }
}

/** Rights that it takes to the mailbox that messages come from (RFC 4314 §4). */
const copying: readonly Right[] = ['r']
const moving: readonly Right[] = ['r', 't', 'e']

/** Throws `Refusal` (`LIMIT`) where more octets would have to be held at once than one client may have us hold. */
function requireFew({ sizes }: MailboxSnapshot, rows: Uint32Array): void {
  const octets = rows.reduce((sum, row) => sum + sizes[row - 1]!, 0) // inside bounds
  if (octets > Math.max(maxAcrossBytes, sizes[(rows[0] ?? 1) - 1] ?? 0)) throw tooMuch()
}

function tooMuch(): Refusal {
  return new Refusal(
    'LIMIT',
    `To another account go ${maxAcrossMessages} messages at once, and ${maxAcrossBytes} octets`,
  )
}

async function stageCopy(
  { selected, io }: SessionIn<'selected'>,
  source: MailboxSnapshot,
  row: number,
  into: AccountStore,
  work: Work,
): Promise<StagedMessage> {
  const message = source.messages[row]! // inside bounds, as is its size
  const size = source.sizes[row]!
  const stager = into.stage()
  try {
    for (let offset = 0; offset < size;) {
      // The stager may keep what it is given, so each piece is its own.
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, size - offset))
      const read = await selected.account.readBlob(message, offset, piece)
      if (read === 0) throw new Refusal('EXPUNGEISSUED', 'A message is gone; nothing was done')
      await stager.write(piece.subarray(0, read))
      offset += read
      await io.breatheWhile(work)
    }
    return await stager.finish()
  } catch (error) {
    await stager.abort()
    throw error
  }
}

function flagsAt({ flags, flagSets }: MailboxSnapshot, row: number): FlagSet {
  return flagSets[flags.at(row)] ?? noFlags
}
