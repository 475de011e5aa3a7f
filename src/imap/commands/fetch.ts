import { pageRows } from '../../model/column.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import { emptySelection, type Selection } from '../../session/view.ts'
import { type FetchItem, type FetchModifiers, parseFetchItems, parseFetchModifiers } from '../../wire/fetch-grammar.ts'
import type { NumberSet } from '../../wire/number-set.ts'
import { placesOf, type ResultRange } from '../../wire/result-range.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { defineCommand, type Command } from '../command.ts'
import { answerWithin, newestFirst, newestOf, requirePageWithin } from '../message-limit.ts'
import { writeFetched } from '../fetch/answer.ts'
import { Troubles } from '../fetch/troubles.ts'
import { writeVanished } from '../fetch/vanished.ts'
import { requireKnownItems } from '../gmail/labels.ts'

interface FetchArgs extends FetchModifiers {
  readonly set: NumberSet
  readonly items: readonly FetchItem[]
}

/**
 * FETCH and UID FETCH, RFC 9051 §6.4.5 (RFC 3501 §6.4.5), with BINARY (RFC 3516), CHANGEDSINCE and VANISHED
 * (RFC 7162 §3.1.4, §3.2.6), PARTIAL (RFC 9394 §3.3), PREVIEW (RFC 8970), SAVEDATE (RFC 8514), EMAILID and THREADID (RFC 8474),
 * and what is Gmail's.
 */
export const fetch: Command<'selected', FetchArgs> = defineCommand({
  name: 'FETCH',
  state: 'selected',
  uid: 'also',
  effects: { usesSequenceNumbers: true },

  parse(cursor, { byUid }) {
    cursor.space()
    const set = cursor.sequenceSet()
    cursor.space()
    const items = parseFetchItems(cursor)
    let modifiers: FetchModifiers = { vanished: false }
    if (cursor.startsWith(' (')) {
      cursor.space()
      modifiers = parseFetchModifiers(cursor)
    }
    cursor.end()
    if (modifiers.vanished && !byUid) throw new BadSyntax('VANISHED is for UID FETCH', 0) // RFC 7162 §3.2.6
    if (modifiers.partial && !byUid) throw new BadSyntax('PARTIAL is for UID FETCH', 0) // RFC 9394 §3.3
    return { set, items, ...modifiers }
  },

  async run(session, { set, items, changedSince, vanished, partial }, { byUid }) {
    const { selected } = session
    const { view } = selected
    if (vanished && !session.enabled.has('QRESYNC')) throw new BadSyntax('ENABLE QRESYNC first', 0) // RFC 7162 §3.2.6
    requireKnownItems(session, items)
    if (partial) requirePageWithin(session, partial)
    const named = session.resolve(selected, set, byUid)
    const asked = partial ? pageOf(named, partial) : named
    if (changedSince !== undefined || items.some(({ item }) => item === 'MODSEQ')) session.enableCondstore()
    const wanted = changedSince === undefined ? asked : changedAfter(view.snapshot, asked, changedSince)
    const { messages: selection, code: limitCode } = newestOf(session, view.snapshot, wanted)
    if (vanished && changedSince !== undefined) await writeVanished(session, set, changedSince)

    const troubles = new Troubles(session, asked.someGone)
    const answered = limitCode === undefined ? selection : newestFirst(selection)
    const withModSeq = changedSince !== undefined
    await writeFetched(session, { items, selection, answered, withUid: byUid, withModSeq }, troubles)
    return answerWithin(session, limitCode, troubles.done(byUid))
  },
})

/** A page of those messages of a selection that are there. */
function pageOf({ seqNums, rows, someGone }: Selection, range: ResultRange): Selection {
  if (someGone) {
    seqNums = seqNums.filter((_, n) => rows[n] !== -1)
    rows = rows.filter((row) => row !== -1)
  }
  const { start, end } = placesOf(range, rows.length)
  return { seqNums: seqNums.subarray(start, end), rows: rows.subarray(start, end), someGone: false }
}

/** Those of a selection with a higher mod-sequence (RFC 7162 §3.1.4.1); of pages without any, not a row is looked at. */
function changedAfter(snapshot: MailboxSnapshot, { seqNums, rows }: Selection, modSeq: number): Selection {
  const { modSeqs, pageModSeqs } = snapshot
  const chosen: number[] = []
  for (let n = 0; n < rows.length; n++) {
    const row = rows[n]! // inside bounds, as is its page
    if (row >= 0 && pageModSeqs[Math.floor(row / pageRows)]! > modSeq && modSeqs.at(row) > modSeq) chosen.push(n)
  }
  if (chosen.length === 0) return emptySelection
  return {
    seqNums: Uint32Array.from(chosen, (n) => seqNums[n]!), // inside bounds
    rows: Int32Array.from(chosen, (n) => rows[n]!),
    someGone: false,
  }
}
