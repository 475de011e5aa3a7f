/**
 * Limits on the messages of one command, where the operator has set any: MESSAGELIMIT and SAVELIMIT, RFC 9738 §3. What
 * goes beyond is left undone from the oldest message on, and the client is told how far the command came.
 */
import { Refusal } from '../model/refusal.ts'
import { systemFlag } from '../model/flags.ts'
import { type MailboxSnapshot, rowOfUid } from '../model/snapshot.ts'
import { reachOf } from '../search/reach.ts'
import type { SearchContext } from '../search/context.ts'
import type { Selection } from '../session/view.ts'
import { star } from '../wire/number-set.ts'
import type { SearchKey } from '../wire/search-grammar.ts'
import type { ResultRange } from '../wire/result-range.ts'
import { offers } from './capabilities.ts'
import type { Done } from './command.ts'
import { code } from './responses/codes.ts'
import type { ImapSession } from './session.ts'

/** Messages that one command may work on; infinite where the operator has set no limit. */
export function messageLimit(session: ImapSession): number {
  const { messageLimit: limit } = session.services.limits
  return limit > 0 && offers(session, 'MESSAGELIMIT') ? limit : Infinity
}

/** Messages that one COPY or APPEND may save. */
export function saveLimit(session: ImapSession): number {
  const { saveLimit: limit } = session.services.limits
  const all = messageLimit(session)
  return all === Infinity && limit > 0 && offers(session, 'SAVELIMIT') ? limit : all
}

/** What of a command's messages it may work on. */
export interface Allowed<Messages> {
  readonly messages: Messages
  /** Where some are left out: the response code that says so. */
  readonly code: string | undefined
}

/** The newest of some UIDs (ascending), as many as one command may work on. */
export function newestUids(session: ImapSession, uids: Uint32Array): Allowed<Uint32Array> {
  const limit = messageLimit(session)
  if (uids.length <= limit) return { messages: uids, code: undefined }
  const messages = uids.subarray(uids.length - limit)
  return { messages, code: code.messageLimit(limit, messages[0]) }
}

/**
 * The newest messages of a selection, as many as one command may work on; those that are gone count for nothing, and are
 * left out where any other is.
 */
export function newestOf(session: ImapSession, { uids }: MailboxSnapshot, selection: Selection): Allowed<Selection> {
  const limit = messageLimit(session)
  const { rows, seqNums, someGone } = selection
  if (rows.length <= limit) return { messages: selection, code: undefined }
  let first = rows.length
  for (let left = limit; first > 0 && left > 0;) if (rows[--first]! >= 0) left-- // inside bounds
  if (!rows.subarray(0, first).some((row) => row >= 0)) return { messages: selection, code: undefined }
  const messages = { seqNums: seqNums.subarray(first), rows: rows.subarray(first), someGone }
  return { messages, code: code.messageLimit(limit, uids[rows[first]!]) } // inside bounds, and a row of the snapshot
}

/** The same selection, the newest first, as whoever leaves out the oldest has to answer (RFC 9738 §3.1). */
export function newestFirst({ seqNums, rows, someGone }: Selection): Selection {
  return { seqNums: seqNums.toReversed(), rows: rows.toReversed(), someGone }
}

/** Refuses a page of more messages than one command may work on (RFC 9738 §3.1). Throws `Refusal`. */
export function requirePageWithin(session: ImapSession, { first, last }: ResultRange): void {
  const limit = messageLimit(session)
  if (Math.abs(last - first) + 1 > limit) throw tooMany(limit)
}

/** Refuses to save more messages than one command may, all of them (RFC 9738 §3.1). Throws `Refusal`. */
export function requireSaveWithin(session: ImapSession, count: number, uids?: Uint32Array): void {
  const limit = saveLimit(session)
  if (count > limit) throw tooMany(limit, uids?.at(-limit))
}

function tooMany(limit: number, lowestUid?: number): Refusal {
  return new Refusal(code.messageLimit(limit, lowestUid), `One command may be about ${limit} messages at most`)
}

/** Of those UIDs, ascending, that one UID EXPUNGE is to remove if they are `\Deleted`, the newest that it may. */
export function newestDeleted(
  session: ImapSession,
  { uids, flags, flagSets }: MailboxSnapshot,
  asked: readonly number[],
): Allowed<readonly number[] | Uint32Array> {
  if (asked.length <= messageLimit(session)) return { messages: asked, code: undefined }
  const isDeleted = (uid: number): boolean => {
    const row = rowOfUid(uids, uid)
    return row >= 0 && (flagSets[flags.at(row)]!.system & systemFlag.deleted) !== 0 // every number has its set
  }
  return newestUids(session, Uint32Array.from(asked.filter(isDeleted)))
}

/** A search of the newest messages that it is about, as many as it may look at (RFC 9738 §3.1). */
export function newestIn(session: ImapSession, key: SearchKey, context: SearchContext): Allowed<SearchKey> {
  const limit = messageLimit(session)
  const { uids } = context.snapshot
  if (uids.length <= limit) return { messages: key, code: undefined }
  const reach = reachOf(key, context)
  if (reach.length <= limit) return { messages: key, code: undefined }
  const lowest = uids[reach[reach.length - limit]!]! // rows of the snapshot
  const newest: SearchKey = { key: 'UID', set: { saved: false, ranges: [[lowest, star]] } }
  return { messages: { key: 'AND', operands: [key, newest] }, code: code.messageLimit(limit, lowest) }
}

/** Refuses what can only be done with all messages or none (RFC 9738 §3.3). Throws `Refusal`. */
export function requireAllWithin(session: ImapSession, key: SearchKey, context: SearchContext): void {
  const limit = messageLimit(session)
  if (context.snapshot.uids.length > limit && reachOf(key, context).length > limit) throw tooMany(limit)
}

/** The answer with the code that says how far the command came; untagged where it has a code of its own (RFC 9738 §3.1). */
export function answerWithin(session: ImapSession, limitCode: string | undefined, done: Done): Done {
  if (limitCode === undefined) return done
  if (done.code === undefined) return { ...done, code: limitCode, text: `${done.text} for the newest messages` }
  session.say('NO', limitCode, 'Only the newest messages')
  return done
}
