import { changedFlags, type FlagMode, type FlagSet } from '../../model/flags.ts'
import { asModSeq } from '../../model/numbers.ts'
import { resultOf } from '../../model/operation.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import { rowOfUid } from '../../model/snapshot.ts'
import type { MailboxView } from '../../session/view.ts'
import { formatSet, type NumberSet } from '../../wire/number-set.ts'
import { defineCommand, type Command, type SessionIn } from '../command.ts'
import { parseFlags } from '../flags.ts'
import { code } from '../responses/codes.ts'
import { requireWritable, writeFlagUpdates, writeNewKeywords } from '../responses/updates.ts'

interface StoreArgs {
  readonly set: NumberSet
  readonly mode: FlagMode
  readonly silent: boolean
  readonly flags: FlagSet
  readonly unchangedSince: number | undefined
}

/** STORE and UID STORE, RFC 9051 §6.4.6 (RFC 3501 §6.4.6); UNCHANGEDSINCE, RFC 7162 §3.1.3. */
export const store: Command<'selected', StoreArgs> = defineCommand({
  name: 'STORE',
  state: 'selected',
  uid: 'also',
  effects: { usesSequenceNumbers: true },

  parse(cursor) {
    cursor.space()
    const set = cursor.sequenceSet()
    cursor.space()
    let unchangedSince: number | undefined
    if (cursor.tryChar('(')) {
      if (!cursor.tryWord('UNCHANGEDSINCE')) throw cursor.expected('UNCHANGEDSINCE')
      cursor.space()
      unchangedSince = cursor.number64('a mod-sequence')
      cursor.char(')')
      cursor.space()
    }
    const mode = cursor.tryChar('+') ? 'add' : cursor.tryChar('-') ? 'remove' : 'replace'
    const item = cursor.keyword('FLAGS')
    if (item !== 'FLAGS' && item !== 'FLAGS.SILENT') throw cursor.bad('FLAGS and FLAGS.SILENT can be stored')
    cursor.space()
    const flags = parseFlags(cursor)
    cursor.end()
    return { set, mode, silent: item === 'FLAGS.SILENT', flags, unchangedSince }
  },

  async run(session, { set, mode, silent, flags, unchangedSince }, { byUid }) {
    const { selected, login } = session
    requireWritable(selected)
    if (unchangedSince !== undefined) session.enableCondstore()
    const { view } = selected
    const { rows, someGone } = session.resolve(selected, set, byUid)
    const before = view.snapshot
    const uids = view.uidsOfRows(rows)
    const committed = await login.account.commit([
      {
        op: 'store',
        mailbox: view.mailbox,
        uids,
        mode,
        flags,
        ...(unchangedSince !== undefined && { unchangedSince: asModSeq(unchangedSince) }),
        ...(session.storeUser !== undefined && { user: session.storeUser }),
      },
    ])
    const { stored, modified } = resultOf(committed, 0, 'store')
    await tell(session, stored, { silent, before, mode, flags, byUid })

    const gone = someGone && !byUid && !silent // RFC 2180 §4.2: who wants no answer misses none
    if (modified.length > 0) {
      const numbers = byUid ? modified : modified.map((uid) => view.seqNumOfUid(uid))
      return { code: code.modified(formatSet(numbers)), text: 'Some messages changed meanwhile' }
    }
    return gone ? { no: true, code: 'EXPUNGEISSUED', text: 'Some messages are gone' } : { text: 'STORE completed' }
  },
})

/**
 * Answers with the new flags. `.SILENT` leaves them out, but not where another session's change came in between and
 * the flags are not what the client must think they are (RFC 9051 §6.4.6); MODSEQ is told even then (RFC 7162 §3.1.3).
 */
async function tell(
  session: SessionIn<'selected'>,
  stored: readonly number[],
  how: { silent: boolean; before: MailboxSnapshot; mode: FlagMode; flags: FlagSet; byUid: boolean },
): Promise<void> {
  const { view } = session.selected
  const latest = await session.login.account.snapshot(view.mailbox, session.storeUser)
  view.skip(Uint32Array.from(stored), latest.highestModSeq)
  writeNewKeywords(session, session.selected, latest)
  if (!how.silent) return writeStored(session, latest, stored, how.byUid, true)
  const expected = new Map<FlagSet, FlagSet>()
  const surprising: number[] = []
  const plain: number[] = []
  for (const uid of stored) {
    const now = flagsOf(latest, uid)
    const told = flagsOf(how.before, uid)
    if (!now || !told) continue
    let wanted = expected.get(told)
    if (!wanted) expected.set(told, (wanted = changedFlags(told, how.mode, how.flags)))
    const same = now.text.toLowerCase() === wanted.text.toLowerCase()
    if (same) plain.push(uid)
    else surprising.push(uid)
  }
  await writeStored(session, latest, surprising, how.byUid, true)
  if (session.condstore) await writeStored(session, latest, plain, how.byUid, false)
}

function flagsOf(snapshot: MailboxSnapshot, uid: number): FlagSet | undefined {
  const row = rowOfUid(snapshot.uids, uid)
  return row < 0 ? undefined : snapshot.flagSets[snapshot.flags.at(row)]
}

async function writeStored(
  session: SessionIn<'selected'>,
  latest: MailboxSnapshot,
  uids: readonly number[],
  byUid: boolean,
  withFlags: boolean,
): Promise<void> {
  const { view } = session.selected
  const seqNums = Uint32Array.from(uids, (uid) => view.seqNumOfUid(uid))
  const rows = Int32Array.from(uids, (uid) => rowOfUid(latest.uids, uid))
  const withUid = byUid || session.rev2 || session.condstore
  await writeFlagUpdates(session, viewOf(latest, view), { seqNums, rows, someGone: false }, { withUid, withFlags })
}

/** What `writeFlagUpdates` reads of a view, with the snapshot that the commit made. */
function viewOf(snapshot: MailboxSnapshot, view: MailboxView): Pick<MailboxView, 'snapshot' | 'isRecent'> {
  return { snapshot, isRecent: (uid) => view.isRecent(uid) }
}
