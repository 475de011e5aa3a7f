import { changedFlags, type FlagMode, type FlagSet, systemFlag } from '../../model/flags.ts'
import { asModSeq, type Uids } from '../../model/numbers.ts'
import { resultOf } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import type { Rights } from '../../model/rights.ts'
import { type MailboxSnapshot, rowsOfAll } from '../../model/snapshot.ts'
import type { MailboxView, Selection } from '../../session/view.ts'
import { formatSet, type NumberSet } from '../../wire/number-set.ts'
import { parseLabel } from '../../wire/search-grammar.ts'
import { defineCommand, type Command, type SessionIn } from '../command.ts'
import { parseFlags } from '../flags.ts'
import { storeLabels, type StoreLabelsArgs } from '../gmail/store-labels.ts'
import { answerWithin, newestUids } from '../message-limit.ts'
import { actorOf } from '../reference.ts'
import { code } from '../responses/codes.ts'
import { requireWritable, writeFlagUpdates, writeNewKeywords } from '../responses/updates.ts'
import type { SelectedMailbox } from '../state.ts'

interface StoreFlagsArgs {
  readonly labels?: never
  readonly set: NumberSet
  readonly mode: FlagMode
  readonly silent: boolean
  readonly flags: FlagSet
  readonly unchangedSince: number | undefined
}

type StoreArgs = StoreFlagsArgs | StoreLabelsArgs

/** STORE and UID STORE, RFC 9051 §6.4.6 (RFC 3501 §6.4.6); UNCHANGEDSINCE, RFC 7162 §3.1.3; labels of X-GM-EXT-1. */
export const store: Command<'selected', StoreArgs> = defineCommand({
  name: 'STORE',
  state: 'selected',
  uid: 'also',
  effects: { usesSequenceNumbers: true },

  parse(cursor): StoreArgs {
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
    if (/^X-GM-LABELS(?:\.SILENT)?$/.test(item) && unchangedSince === undefined) {
      cursor.space()
      const labels = cursor.peek() === '(' ? cursor.list(() => parseLabel(cursor)) : [parseLabel(cursor)]
      cursor.end()
      return { set, mode, silent: item.endsWith('.SILENT'), labels }
    }
    if (item !== 'FLAGS' && item !== 'FLAGS.SILENT') throw cursor.bad('FLAGS and FLAGS.SILENT can be stored')
    cursor.space()
    const flags = parseFlags(cursor)
    cursor.end()
    return { set, mode, silent: item === 'FLAGS.SILENT', flags, unchangedSince }
  },

  async run(session, args, { byUid }) {
    if (args.labels) return storeLabels(session, args, byUid)
    const { set, mode, silent, flags, unchangedSince } = args
    const { selected } = session
    requireWritable(selected)
    requireSome(selected, mode, flags)
    if (unchangedSince !== undefined) session.enableCondstore()
    const { account, view } = selected
    const { rows, someGone } = session.resolve(selected, set, byUid)
    const before = view.snapshot
    const { messages: uids, code: limitCode } = newestUids(session, view.uidsOfRows(rows))
    const committed = await session.commit(account, [
      {
        op: 'store',
        mailbox: view.mailbox,
        uids,
        mode,
        flags,
        ...(unchangedSince !== undefined && { unchangedSince: asModSeq(unchangedSince) }),
        ...actorOf(selected),
      },
    ])
    const { stored, modified } = resultOf(committed, 0, 'store')
    await tell(session, stored, { silent, before, mode, flags, byUid })

    const gone = someGone && !byUid && !silent // RFC 2180 §4.2: who wants no answer misses none
    if (modified.length > 0) {
      const numbers = byUid ? modified : Uint32Array.from(modified, (uid) => view.seqNumOfUid(uid))
      const done = { code: code.modified(formatSet(numbers)), text: 'Some messages changed meanwhile' }
      return answerWithin(session, limitCode, done)
    }
    const done = gone
      ? { no: true, code: 'EXPUNGEISSUED', text: 'Some messages are gone' }
      : { text: 'STORE completed' }
    return answerWithin(session, limitCode, done)
  },
})

/**
 * Throws `Refusal` (`NOPERM`) where the user may change none of the flags; those that they may are enough, and the others
 * stay as they are (RFC 4314 §4).
 */
function requireSome({ rights }: SelectedMailbox, mode: FlagMode, flags: FlagSet): void {
  const enough = mode === 'replace' ? 'swt' : rightsToChange(flags)
  if (enough === '' || Array.from(enough).some((right) => rights.includes(right))) return
  throw new Refusal('NOPERM', 'That takes a right to the flags of the mailbox')
}

/** The rights that the flags of a set are changed with. */
function rightsToChange({ system, keywords }: FlagSet): Rights {
  const others = system & ~(systemFlag.seen | systemFlag.deleted)
  const seen = system & systemFlag.seen ? 's' : ''
  const deleted = system & systemFlag.deleted ? 't' : ''
  return seen + deleted + (others !== 0 || keywords.length > 0 ? 'w' : '')
}

/**
 * Answers with the new flags. `.SILENT` leaves them out, but not where another session's change came in between and
 * the flags are not what the client must think they are (RFC 9051 §6.4.6); MODSEQ is told even then (RFC 7162 §3.1.3).
 */
async function tell(
  session: SessionIn<'selected'>,
  stored: Uids,
  how: { silent: boolean; before: MailboxSnapshot; mode: FlagMode; flags: FlagSet; byUid: boolean },
): Promise<void> {
  const { account, user, view } = session.selected
  const latest = await account.snapshot(view.mailbox, user)
  view.skip(stored instanceof Uint32Array ? stored : Uint32Array.from(stored), latest.highestModSeq)
  writeNewKeywords(session, session.selected, latest)
  if (how.silent && stored.length === 0) return
  const rows = rowsOfAll(latest.uids, stored)
  const { before, byUid } = how
  if (!how.silent) return writeStored(session, latest, { uids: stored, rows, byUid, withFlags: true })

  const told = before.uids === latest.uids ? rows : rowsOfAll(before.uids, stored)
  const isExpected = expectation(before, latest, how)
  const { condstore } = session
  const surprising: number[] = []
  const plain: number[] = []
  for (let n = 0; n < rows.length; n++) {
    const now = rows[n]! // inside bounds
    const then = told[n]! // as many
    if (now < 0 || then < 0) continue
    if (!isExpected(before.flags.at(then), latest.flags.at(now))) surprising.push(n)
    else if (condstore) plain.push(n)
  }
  const some = (places: readonly number[], withFlags: boolean): StoredAnswer => {
    const picked = Uint32Array.from(places, (n) => stored[n]!) // places inside bounds
    return { uids: picked, rows: Int32Array.from(places, (n) => rows[n]!), byUid, withFlags }
  }
  await writeStored(session, latest, some(surprising, true))
  await writeStored(session, latest, some(plain, false))
}

/** Tells for two positions in the tables of flags whether the client must think that the one became the other. */
function expectation(
  before: MailboxSnapshot,
  latest: MailboxSnapshot,
  { mode, flags }: { readonly mode: FlagMode; readonly flags: FlagSet },
): (told: number, now: number) => boolean {
  const tables = latest.flagSets.length
  const known: (boolean | undefined)[] = []
  return (told, now) => {
    const pair = told * tables + now
    let same = known[pair]
    if (same === undefined) {
      const wanted = changedFlags(before.flagSets[told]!, mode, flags) // every number in the column has its set
      same = latest.flagSets[now]!.text.toLowerCase() === wanted.text.toLowerCase()
      known[pair] = same
    }
    return same
  }
}

interface StoredAnswer {
  readonly uids: Uids
  /** In the latest snapshot; -1 for a message that is gone. */
  readonly rows: Int32Array
  readonly byUid: boolean
  readonly withFlags: boolean
}

async function writeStored(
  session: SessionIn<'selected'>,
  latest: MailboxSnapshot,
  { uids, rows, byUid, withFlags }: StoredAnswer,
): Promise<void> {
  if (rows.length === 0) return
  const { view } = session.selected
  const inView = view.uids === latest.uids ? rows : rowsOfAll(view.uids, uids)
  const seqNums = new Uint32Array(rows.length)
  for (let n = 0; n < rows.length; n++) seqNums[n] = inView[n]! + 1 // as many
  const withUid = byUid || session.rev2 || session.condstore
  const selection: Selection = { seqNums, rows, someGone: false }
  await writeFlagUpdates(session, viewOf(latest, view), selection, { withUid, withFlags })
}

/** What `writeFlagUpdates` reads of a view, with the snapshot that the commit made. */
function viewOf(snapshot: MailboxSnapshot, view: MailboxView): Pick<MailboxView, 'snapshot' | 'isRecent'> {
  return { snapshot, isRecent: (uid) => view.isRecent(uid) }
}
