import type { MailboxSnapshot } from '../../model/snapshot.ts'
import type { MailboxView, Selection } from '../../session/view.ts'
import type { FetchItem } from '../../wire/fetch-grammar.ts'
import type { SessionIn } from '../command.ts'
import { labelsToFetch } from '../gmail/labels.ts'
import { allows } from '../reference.ts'
import { FlagColumns } from './flag-columns.ts'
import { markSeen } from './mark-seen.ts'
import { marksSeen, planFetch } from './plan.ts'
import { FetchResponses } from './responses.ts'
import { Troubles } from './troubles.ts'

/** What is to be fetched of which messages. */
export interface Fetching {
  readonly items: readonly FetchItem[]
  /** Those to be marked as seen, where an item does that. */
  readonly selection: Selection
  /** The same in the order to be answered in, where that is another. */
  readonly answered?: Selection
  /** Whether UID and MODSEQ are told although no item asks for them. */
  readonly withUid: boolean
  readonly withModSeq: boolean
}

/** Writes FETCH responses, one per message; what could not be read is noted in `troubles`. */
export async function writeFetched(
  session: SessionIn<'selected'>,
  { items, selection, answered = selection, withUid, withModSeq }: Fetching,
  troubles: Troubles = new Troubles(session, false),
): Promise<void> {
  const { selected } = session
  const { view } = selected
  const marks = !view.readOnly && allows(selected, 's') && items.some(marksSeen)
  const { latest, uids } = marks ? await markSeen(session, selection) : nothingMarked(view.snapshot)
  const flags = new FlagColumns(view, latest, uids, !session.rev2)
  const plan = planFetch(items, {
    snapshot: view.snapshot,
    flags,
    withUid: withUid && !session.uidOnly,
    withModSeq,
    condstore: session.condstore,
    uidInFront: session.uidOnly,
    ...(await labelsToFetch(session, items, selection)),
  })
  await new FetchResponses(session, plan, troubles).write(session.uidOnly ? byUids(view, answered) : answered)
}

function nothingMarked(latest: MailboxSnapshot): { readonly latest: MailboxSnapshot; readonly uids: Uint32Array } {
  return { latest, uids: new Uint32Array(0) }
}

/** The same messages, those that are there, by UID instead of sequence number (RFC 9586 §3.3). */
function byUids(view: MailboxView, { rows }: Selection): Selection {
  const there = rows.includes(-1) ? rows.filter((row) => row !== -1) : rows
  return { seqNums: view.uidsOfRows(there), rows: there, someGone: false }
}
