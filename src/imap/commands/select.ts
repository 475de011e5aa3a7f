import { systemFlag } from '../../model/flags.ts'
import type { MailboxTree } from '../../model/mailbox.ts'
import { asModSeq } from '../../model/numbers.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import { rowsChangedSince } from '../../session/view.ts'
import type { AccountStore, Vanished } from '../../store/store.ts'
import type { Cursor } from '../../wire/cursor.ts'
import { contains, formatRanges, normalise, type NumberSet } from '../../wire/number-set.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { offers } from '../capabilities.ts'
import { defineCommand, type Command, type Done, type SessionIn } from '../command.ts'
import { code, uidRequired } from '../responses/codes.ts'
import { mailboxObjectId, writeListResponse } from '../responses/list.ts'
import { isReadWrite } from '../reference.ts'
import { writeFlagsResponse, writeFlagUpdates, claimRecent } from '../responses/updates.ts'
import { intersection, without } from '../responses/ranges.ts'
import { writeUrlMechanisms } from '../responses/url-mech.ts'
import type { SelectedMailbox } from '../state.ts'

interface SelectArgs {
  /** Octets as sent. */
  readonly mailbox: string
  readonly condstore: boolean
  readonly qresync: QresyncArgs | undefined
}

/** What the client knew when it last left the mailbox (RFC 7162 §3.2.5). */
interface QresyncArgs {
  readonly uidValidity: number
  readonly modSeq: number
  readonly known: NumberSet | undefined
  /** Whether it counts messages, too (RFC 7162 §3.2.5.2). */
  readonly counts: boolean
}

/** SELECT, RFC 9051 §6.3.2 (RFC 3501 §6.3.1), with CONDSTORE and QRESYNC (RFC 7162 §3.1.8, §3.2.5). */
export const select: Command<'authenticated', SelectArgs> = selecting('SELECT', false)

/** EXAMINE, RFC 9051 §6.3.3 (RFC 3501 §6.3.2). */
export const examine: Command<'authenticated', SelectArgs> = selecting('EXAMINE', true)

function selecting(name: string, readOnly: boolean): Command<'authenticated', SelectArgs> {
  return defineCommand({
    name,
    state: 'authenticated',
    effects: { tellsNothing: true },
    parse: parseSelect,
    run: (session, args) => runSelect(session, args, name, readOnly),
  })
}

function parseSelect(cursor: Cursor): SelectArgs {
  cursor.space()
  const mailbox = cursor.mailbox()
  let condstore = false
  let qresync: QresyncArgs | undefined
  if (cursor.hasMore) {
    cursor.space()
    cursor.char('(', 'select parameters')
    do {
      if (cursor.tryWord('CONDSTORE')) condstore = true
      else if (cursor.tryWord('QRESYNC')) qresync = parseQresync(cursor)
      else throw cursor.bad('CONDSTORE and QRESYNC are the only parameters')
    } while (cursor.tryChar(' '))
    cursor.char(')')
  }
  cursor.end()
  return { mailbox, condstore, qresync }
}

/** RFC 7162 §7 select-param. */
function parseQresync(cursor: Cursor): QresyncArgs {
  cursor.space()
  cursor.char('(')
  const uidValidity = cursor.nzNumber('UIDVALIDITY')
  cursor.space()
  const modSeq = cursor.number64('a mod-sequence')
  let known: NumberSet | undefined
  let counts = false
  if (cursor.tryChar(' ')) {
    if (cursor.peek() !== '(') known = cursor.uidSet()
    if (known === undefined || cursor.tryChar(' ')) {
      // Sequence numbers with their UIDs help a server that forgot what was expunged; this one did not.
      counts = true
      cursor.char('(')
      cursor.uidSet() // sequence numbers, in which there is no * either
      cursor.space()
      cursor.uidSet()
      cursor.char(')')
    }
  }
  cursor.char(')')
  return { uidValidity, modSeq, known, counts }
}

async function runSelect(
  session: SessionIn<'authenticated'>,
  args: SelectArgs,
  name: string,
  readOnly: boolean,
): Promise<Done> {
  const { login } = session
  if (args.qresync && !session.enabled.has('QRESYNC')) {
    throw new BadSyntax('ENABLE QRESYNC first', 0) // RFC 7162 §3.2.5
  }
  if (args.qresync?.counts && session.uidOnly) throw uidRequired() // RFC 9586 §3.7
  if (session.selected) {
    session.deselect()
    session.say('OK', code.closed, 'Previous mailbox is now closed')
  }
  const reference = await session.mailboxNamed(login, args.mailbox, 'r')
  const { account, mailbox, user } = reference
  const snapshot = await account.snapshot(mailbox.id, user)
  const selected = session.select(login, reference, snapshot, readOnly)
  try {
    // All that can fail comes before anything is told: the mailbox may be deleted at this very moment.
    const vanished = await vanishedSince(account, snapshot, args.qresync)
    const tree = await account.tree()
    if (!session.rev2) await claimRecent(session, selected)
    writeSelected(session, selected, args, tree)
    await writeUrlMechanisms(session)
    if (args.qresync && vanished) await resynchronise(session, selected, args.qresync, vanished)
  } catch (error) {
    session.deselect() // a SELECT that fails leaves nothing selected (RFC 9051 §6.3.2)
    throw error
  }
  return { code: readOnly || !isReadWrite(selected) ? code.readOnly : code.readWrite, text: `${name} completed` }
}

/** Everything that is told of a mailbox when it is selected. */
function writeSelected(
  session: SessionIn<'authenticated'>,
  selected: SelectedMailbox,
  { mailbox: wire, condstore }: SelectArgs,
  tree: MailboxTree,
): void {
  const { out } = session
  const { place, mailbox, view } = selected
  const { snapshot } = view
  if (condstore && offers(session, 'CONDSTORE')) session.enable('CONDSTORE')

  writeFlagsResponse(session, selected, snapshot)
  out.line(`* ${snapshot.uids.length} EXISTS`)
  if (!session.rev2) {
    out.line(`* ${view.countRecent()} RECENT`)
    const unseen = session.uidOnly ? 0 : firstUnseen(snapshot) // RFC 9586 §3: no sequence number in any response
    if (unseen > 0) session.say('OK', code.unseen(unseen), 'First unseen')
  }
  session.say('OK', code.uidValidity(snapshot.uidValidity), 'UIDs valid')
  session.say('OK', code.uidNext(snapshot.uidNext), 'Predicted next UID')
  if (offers(session, 'CONDSTORE')) {
    session.say('OK', code.highestModSeq(snapshot.highestModSeq), 'Highest mod-sequence')
  }
  if (offers(session, 'OBJECTID')) session.say('OK', code.mailboxId(mailboxObjectId(mailbox)), 'Mailbox id')
  if (session.rev2) writeListResponse(session, { place, tree, name: mailbox.name }, wire)
}

/** What vanished since the client was here, if it is the same mailbox that it remembers (RFC 7162 §3.2.5.1). */
async function vanishedSince(
  account: AccountStore,
  snapshot: MailboxSnapshot,
  qresync: QresyncArgs | undefined,
): Promise<Vanished | undefined> {
  if (qresync?.uidValidity !== snapshot.uidValidity) return undefined
  return account.vanishedSince(snapshot.mailbox, asModSeq(qresync.modSeq))
}

/** Tells what vanished and what changed since the client's mod-sequence (RFC 7162 §3.2.5.1). */
async function resynchronise(
  session: SessionIn<'authenticated'>,
  { view }: SelectedMailbox,
  { modSeq, known }: QresyncArgs,
  { ranges }: Vanished,
): Promise<void> {
  const { snapshot } = view
  const knownRanges = known && normalise(known, snapshot.uidNext - 1)
  // What went after the snapshot is still counted in EXISTS, and will be told like any other expunge.
  const gone = without(ranges, snapshot.uids)
  const vanished = knownRanges ? intersection(gone, knownRanges) : gone
  if (vanished.length > 0) session.out.line('* VANISHED (EARLIER) ' + formatRanges(vanished))
  const changed = rowsChangedSince(snapshot, modSeq, snapshot.uids.length)
  const wanted = knownRanges ? changed.filter((row) => contains(knownRanges, snapshot.uids[row] ?? 0)) : changed
  await writeFlagUpdates(session, view, view.selectRows(wanted), { withUid: true })
}

/** The sequence number of the first message without `\Seen`, or 0. */
function firstUnseen({ uids, flags, flagSets }: MailboxSnapshot): number {
  for (let row = 0; row < uids.length; row++) {
    if (!(flagSets[flags.at(row)]!.system & systemFlag.seen)) return row + 1 // every number in the column has its set
  }
  return 0
}
