import { flagSet, systemFlag } from '../../model/flags.ts'
import { resultOf } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import { type MailboxSnapshot, rowOfUid } from '../../model/snapshot.ts'
import type { Selection } from '../../session/view.ts'
import { StoreFailure } from '../../store/store.ts'
import type { SessionIn } from '../command.ts'
import { writeNewKeywords } from '../responses/updates.ts'

/** The mailbox behind a commit that made messages `\Seen`. */
export interface Marked {
  /** Ascending. */
  readonly uids: Uint32Array
  readonly latest: MailboxSnapshot
}

const seen = flagSet(systemFlag.seen)

/**
 * Makes the messages `\Seen` that are not, in one commit, before anything of them is sent (RFC 9051 §6.4.5). Their
 * responses tell it, so the update at the end of the command need not.
 */
export async function markSeen(session: SessionIn<'selected'>, { rows }: Selection): Promise<Marked> {
  const { selected } = session
  const { view, account, user } = selected
  const current = await account.snapshot(view.mailbox, user)
  const none = { uids: new Uint32Array(0), latest: view.snapshot }
  const uids = unseenUids(view.snapshot, current, rows)
  if (uids.length === 0) return none
  try {
    const committed = await session.commit(account, [
      {
        op: 'store',
        mailbox: view.mailbox,
        uids,
        mode: 'add',
        flags: seen,
        ...(user !== undefined && { user }),
      },
    ])
    const { stored } = resultOf(committed, 0, 'store')
    const latest = await account.snapshot(view.mailbox, user)
    const marked = stored instanceof Uint32Array ? stored : Uint32Array.from(stored)
    view.skip(marked, latest.highestModSeq)
    writeNewKeywords(session, selected, latest)
    return { uids: marked, latest }
  } catch (error) {
    if (error instanceof Refusal && error.code === 'LIMIT') return none // too many have read here; reading is not refused
    if (!(error instanceof StoreFailure) || error.reason !== 'disk-full') throw error
    // A disk that is full is no reason to keep people from reading, nor from finding what to delete.
    session.services.log.warn({ err: error }, 'messages could not be marked as seen')
    return none
  }
}

/** UIDs of messages that are there and not `\Seen`. */
function unseenUids(view: MailboxSnapshot, current: MailboxSnapshot, rows: Int32Array): Uint32Array {
  const uids = new Uint32Array(rows.length)
  let count = 0
  for (const row of rows) {
    if (row < 0) continue
    const uid = view.uids[row]! // inside bounds
    const now = current.uids === view.uids ? row : rowOfUid(current.uids, uid)
    // Every number in the column has its set.
    if (now >= 0 && !(current.flagSets[current.flags.at(now)]!.system & systemFlag.seen)) uids[count++] = uid
  }
  return uids.subarray(0, count)
}
