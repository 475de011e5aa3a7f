import { formatSet } from '../../wire/number-set.ts'
import { type FlagSet, systemFlagNames } from '../../model/flags.ts'
import { countedKeywords, otherRegisteredKeywords } from '../../model/keywords.ts'
import { code } from './codes.ts'
import { Refusal } from '../../model/refusal.ts'
import type { Right } from '../../model/rights.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import type { MailboxView, Selection } from '../../session/view.ts'
import { StoreFailure } from '../../store/store.ts'
import { allows, noSuchMailbox } from '../reference.ts'
import { writeMetadataUpdates } from './metadata-updates.ts'
import type { SessionIn } from '../command.ts'
import type { ImapSession } from '../session.ts'
import type { SelectedMailbox } from '../state.ts'
import { writeUrlMechanisms } from './url-mech.ts'

/**
 * Tells the client what has changed in the selected mailbox: the one place that does (RFC 9051 §7.4.1, §7.5.1).
 * Without `mayExpunge` messages that are gone keep their numbers until later.
 */
export async function writeUpdates(session: ImapSession, mayExpunge: boolean): Promise<void> {
  const { selected } = session
  if (!selected) return
  if (selected.user !== undefined) await refreshRights(session, selected)
  const { view } = selected
  const latest = await selected.account.snapshot(view.mailbox, selected.user)
  const { out, notifications } = session
  if (notifications?.hidesSelected || (latest === view.snapshot && !(mayExpunge && view.holdsExpunges))) return
  const before = view.snapshot
  const uidsBefore = view.uids
  const { expunged, vanished, grew, changed } = view.update(latest, mayExpunge)

  const open = session as SessionIn<'selected'> // as it was found above
  if (selected.contexts) await selected.contexts.tellExpunged(open, vanished, uidsBefore)
  const tellsUids = session.uidOnly || session.enabled.has('QRESYNC') // RFC 9586 §3.6, RFC 7162 §3.2.10
  if (vanished.length > 0 && tellsUids) out.line('* VANISHED ' + formatSet(vanished))
  else for (const seqNum of expunged) out.line('* ' + seqNum + ' EXPUNGE')
  if (expunged.length > 0 && selected.saved.length > 0) {
    const gone = new Set(vanished)
    selected.saved = selected.saved.filter((uid) => !gone.has(uid))
  }
  if (grew) {
    out.line('* ' + view.exists + ' EXISTS')
    if (!session.rev2) await writeRecent(session, selected)
  }
  writeNewKeywords(session, selected, latest)
  const results = (await selected.contexts?.compare(open, before)) ?? []
  if (changed.seqNums.length > 0 && notifications?.tellsFlags !== false) {
    // RFC 5465 §5.1 has UID in any case.
    await writeFlagUpdates(session, view, changed, notifications && { withUid: true })
  }
  if (notifications || selected.contexts) {
    notifications?.selectedIsTold()
    if (grew) await (notifications ?? selected.contexts)?.tellArrivals(open, before.uidNext, results)
    await selected.contexts?.tell(open, results)
  }
}

/**
 * Looks again at what the user may do with another's mailbox; where that has changed the client is told which flags it
 * can store (RFC 4314 §5.1.1). Throws `Refusal` (`NONEXISTENT`) when the mailbox is no longer theirs to read.
 */
async function refreshRights(session: ImapSession, selected: SelectedMailbox): Promise<void> {
  const mailbox = (await selected.account.tree()).byId.get(selected.mailbox.id)
  if (mailbox === selected.mailbox) return
  const rights = mailbox ? selected.place.rightsTo(mailbox) : ''
  if (!mailbox || !allows({ rights }, 'r')) throw noSuchMailbox()
  const isOther = rights !== selected.rights
  selected.mailbox = mailbox
  selected.rights = rights
  if (isOther) writeFlagsResponse(session, selected, selected.view.snapshot)
}

/**
 * {@link writeUpdates} for the last time before the tagged answer. While expunges are held back, the client is told up
 * to where it knows everything, since the mod-sequences it sees are higher and it might come back with them (RFC 7162
 * §3.2, §6); and where it is again, once it knows.
 */
export async function writeLastUpdates(session: ImapSession, mayExpunge: boolean): Promise<void> {
  await writeUpdates(session, mayExpunge)
  await writeMetadataUpdates(session)
  await writeUrlMechanisms(session)
  const { selected } = session
  if (!selected || !session.enabled.has('QRESYNC')) return
  const { view } = selected
  if (view.holdsExpunges || selected.modSeqLags) {
    const text = view.holdsExpunges ? 'Expunges wait' : 'All is told'
    session.say('OK', code.highestModSeq(view.knownModSeq), text)
  }
  selected.modSeqLags = view.holdsExpunges
}

/** Claims what is recent for this session, where it may, and tells how many are (RFC 3501 §7.3.2). */
export async function writeRecent(session: ImapSession, selected: SelectedMailbox): Promise<void> {
  await claimRecent(session, selected)
  session.out.line('* ' + selected.view.countRecent() + ' RECENT')
}

/** Makes what is recent so in this session and, where it may, in no other one (RFC 3501 §2.3.2). */
export async function claimRecent({ services }: ImapSession, { account, user, view }: SelectedMailbox): Promise<void> {
  const { firstRecentUid, uidNext } = view.snapshot
  if (firstRecentUid >= uidNext) return
  // What is recent to the owner is not others' to claim.
  if (view.readOnly || user !== undefined) return view.addRecent(firstRecentUid, uidNext)
  try {
    const { results } = await account.commit([{ op: 'claimRecent', mailbox: view.mailbox }])
    const claimed = results[0]
    // What arrived after the snapshot is recent here too, and will be told with its EXISTS.
    if (claimed?.op === 'claimRecent') view.addRecent(claimed.firstUid, claimed.uidNext)
  } catch (error) {
    if (!(error instanceof StoreFailure) || error.reason !== 'disk-full') throw error
    // A disk that is full is no reason to keep people from their mail; it will be recent to somebody else, too.
    services.log.warn({ err: error }, 'recent messages could not be claimed')
    view.addRecent(view.snapshot.firstRecentUid, view.snapshot.uidNext)
  }
}

/** FLAGS and PERMANENTFLAGS, when there are keywords that the client has not seen listed (RFC 9051 §7.3.5). */
export function writeNewKeywords(session: ImapSession, selected: SelectedMailbox, snapshot: MailboxSnapshot): void {
  if (snapshot.keywords.length > selected.keywordsTold) writeFlagsResponse(session, selected, snapshot)
}

/** Those names of flags that the user may change (RFC 4314 §5.1.1). */
function permittedNames(selected: SelectedMailbox, names: string): string {
  const rightOf = (name: string): Right => (name === '\\Seen' ? 's' : name === '\\Deleted' ? 't' : 'w')
  const permitted = names.split(' ').filter((name) => allows(selected, rightOf(name)))
  return permitted.join(' ')
}

/** FLAGS and PERMANENTFLAGS (RFC 9051 §7.3.5, §7.1); `\*` as long as clients may make more keywords. */
export function writeFlagsResponse(session: ImapSession, selected: SelectedMailbox, snapshot: MailboxSnapshot): void {
  const takesMore = countedKeywords(snapshot.keywords) < session.services.limits.maxKeywords
  // Where a client cannot make keywords any more, it can still use those that everybody knows.
  const known = takesMore ? [] : otherRegisteredKeywords(snapshot.keywords)
  const names = [...systemFlagNames.map(([name]) => name), ...snapshot.keywords, ...known].join(' ')
  session.out.line(`* FLAGS (${names})`)
  if (selected.view.readOnly) session.say('OK', code.permanentFlags(''), 'Read-only')
  else {
    const more = takesMore ? ' \\*' : ''
    const kept = selected.user === undefined ? names + more : permittedNames(selected, names + more)
    session.say('OK', code.permanentFlags(kept), 'Flags kept')
  }
  selected.keywordsTold = snapshot.keywords.length
}

/** The flags of a message as this session sees them: the text between the parentheses of FLAGS. */
export function flagText(
  session: ImapSession,
  view: Pick<MailboxView, 'isRecent'>,
  flags: FlagSet,
  uid: number,
): string {
  if (session.rev2 || !view.isRecent(uid)) return flags.text
  return flags.text === '' ? '\\Recent' : '\\Recent ' + flags.text
}

/** Sends FETCH responses with the flags of messages, as changes of flags are told (RFC 7162 §3.2.4). */
export async function writeFlagUpdates(
  session: ImapSession,
  view: Pick<MailboxView, 'snapshot' | 'isRecent'>,
  { seqNums, rows }: Selection,
  form: { readonly withUid?: boolean; readonly withFlags?: boolean } = {},
): Promise<void> {
  const { out, condstore, uidOnly } = session
  const { snapshot } = view
  const withUid = form.withUid ?? (condstore || session.rev2)
  const withFlags = form.withFlags ?? true
  for (let i = 0; i < seqNums.length; i++) {
    const row = rows[i]! // inside bounds, as are the columns below
    if (row < 0) continue
    const uid = snapshot.uids[row]!
    let items = withUid && !uidOnly ? 'UID ' + uid : ''
    if (withFlags) {
      const flags = snapshot.flagSets[snapshot.flags.at(row)]! // every number in the column has its set
      items += (items && ' ') + 'FLAGS (' + flagText(session, view, flags, uid) + ')'
    }
    if (condstore) items += (items && ' ') + 'MODSEQ (' + snapshot.modSeqs.at(row) + ')'
    out.line((uidOnly ? '* ' + uid + ' UIDFETCH (' : '* ' + seqNums[i]! + ' FETCH (') + items + ')') // RFC 9586 §3.6
    if (out.full) await session.io.settled()
  }
}

/** Refuses what only an own or writable mailbox allows (RFC 9051 §6.3.3). */
export function requireWritable(selected: SelectedMailbox): void {
  if (selected.view.readOnly) throw new Refusal('NOPERM', 'The mailbox is selected read-only')
}
