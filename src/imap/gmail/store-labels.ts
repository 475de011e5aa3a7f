/** STORE of X-GM-LABELS: puts messages into mailboxes, and takes them out of some. */
import { changedFlags, type FlagMode, type FlagSet, noFlags } from '../../model/flags.ts'
import type { Operation } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import { rowsOfAll } from '../../model/snapshot.ts'
import type { NumberSet } from '../../wire/number-set.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import type { Done, SessionIn } from '../command.ts'
import { answerWithin, newestUids, requireSaveWithin } from '../message-limit.ts'
import { placeNew } from '../namespaces.ts'
import { warnOfQuota } from '../quota-roots.ts'
import { actorOf, type MailboxReference, permitted, referenceTo, requireRight } from '../reference.ts'
import { requireWritable } from '../responses/updates.ts'
import { labelMailboxes, labelNamed, labelsOfRows, messagesIn, speaksGmail } from './labels.ts'

type Selected = SessionIn<'selected'>

/** Labels of one STORE. */
export const maxStoredLabels = 100

/** What STORE is given for labels. */
export interface StoreLabelsArgs {
  readonly set: NumberSet
  readonly mode: FlagMode
  readonly silent: boolean
  /** Octets as sent. */
  readonly labels: readonly string[]
}

/**
 * STORE and UID STORE of X-GM-LABELS. A label that there is no mailbox for is created. The selected mailbox loses a
 * message only where its own label is taken away by name; what would then be in no mailbox at all goes to the one that is
 * for all mail, or the archive. Throws `Refusal`: `CANNOT` where there is neither, and as COPY and EXPUNGE do.
 */
export async function storeLabels(session: Selected, args: StoreLabelsArgs, byUid: boolean): Promise<Done> {
  if (!speaksGmail(session)) throw new BadSyntax('FLAGS and FLAGS.SILENT can be stored', 0)
  const { selected } = session
  requireWritable(selected)
  if (args.labels.length > maxStoredLabels) {
    throw new Refusal('LIMIT', `One command may store ${maxStoredLabels} labels at most`)
  }
  const { view, account } = selected
  const { rows, someGone } = session.resolve(selected, args.set, byUid)
  if (someGone && !byUid) throw new Refusal('EXPUNGEISSUED', 'Some messages are gone; nothing was done')
  const { messages: uids, code: limitCode } = newestUids(session, view.uidsOfRows(rows))
  const wanted = await wantedOf(session, args)
  if (wanted.add.length > 0) requireSaveWithin(session, uids.length, uids)
  const operations = uids.length === 0 ? [] : await operationsFor(session, uids, wanted)
  if (operations.length > 0) {
    await session.commit(account, operations)
    for (const target of wanted.add) await warnOfQuota(session, target)
  }
  if (!args.silent) await tell(session, uids, byUid)
  return answerWithin(session, limitCode, { text: 'STORE completed' })
}

/** What is to become of the messages. */
interface Wanted {
  readonly add: readonly MailboxReference[]
  readonly remove: readonly MailboxReference[]
  readonly flags: readonly { readonly mode: 'add' | 'remove'; readonly flags: FlagSet }[]
}

async function wantedOf(session: Selected, { mode, labels }: StoreLabelsArgs): Promise<Wanted> {
  const named: MailboxReference[] = []
  let flags = noFlags
  for (const label of labels) {
    const found = await labelNamed(session, label)
    switch (found.kind) {
      case 'unknown':
        throw new BadSyntax('There is no such label', 0)
      case 'flag':
        flags = changedFlags(flags, 'add', found.flags)
        break
      case 'mailbox':
        named.push(found.mailbox)
        break
      case 'missing':
        if (mode !== 'remove') named.push(await created(session, label))
    }
  }
  if (mode === 'add') return { add: named, remove: [], flags: [{ mode, flags }] }
  if (mode === 'remove') return { add: [], remove: named, flags: [{ mode, flags }] }
  const kept = new Set([session.selected.view.mailbox, ...named.map(({ mailbox }) => mailbox.id)])
  const remove = (await labelMailboxes(session)).filter(({ mailbox }) => !kept.has(mailbox.id))
  const others = changedFlags(await everyFlag(session), 'remove', flags)
  return {
    add: named,
    remove,
    flags: [
      { mode: 'add', flags },
      { mode: 'remove', flags: others },
    ],
  }
}

/** All flags that are labels. */
async function everyFlag(session: Selected): Promise<FlagSet> {
  let flags = noFlags
  for (const label of ['\\Starred', '\\Important']) {
    const found = await labelNamed(session, label)
    if (found.kind === 'flag') flags = changedFlags(flags, 'add', found.flags)
  }
  return flags
}

/** Makes the mailbox of a label. What is for a use, and mailboxes of others, nobody makes by a label. */
async function created(session: Selected, label: string): Promise<MailboxReference> {
  const { selected, login } = session
  if (label.startsWith('\\')) throw new Refusal('NONEXISTENT', `No mailbox is for ${label.slice(1)}`)
  const { place, name } = await placeNew(session, login, session.mailboxName(label))
  if (place !== login.own || selected.user !== undefined) {
    throw new Refusal('NONEXISTENT', 'There is no such mailbox beside the selected one')
  }
  try {
    await session.commit(place.account, [{ op: 'createMailbox', name }])
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'ALREADYEXISTS')) throw error
    // Another session is making it, for the same label as a rule: it shows when that is durable, and so is this.
    await place.account.commit([])
  }
  const mailbox = (await place.account.tree()).byName.get(name)
  if (!mailbox) throw new Refusal('NONEXISTENT', 'The mailbox was deleted at once')
  return referenceTo(place, mailbox)
}

/** All that has to be done, in one commit: first what adds, so that at no time a message is nowhere. */
async function operationsFor(session: Selected, uids: Uint32Array, wanted: Wanted): Promise<Operation[]> {
  const { selected } = session
  const { snapshot } = selected.view
  const from = snapshot.mailbox
  const messages = rowsOfAll(snapshot.uids, uids).map((row) => snapshot.messages[row] ?? 0)
  const known = new Set(messages)
  const operations: Operation[] = []
  const elsewhere = new Set<number>()

  for (const target of distinct(wanted.add)) {
    if (target.mailbox.id === from) continue
    permitted(target, 'i')
    const { uidNext } = await session.selected.account.snapshot(target.mailbox.id, target.user)
    const there = new Set<number>()
    await messagesIn(session, target, (message) => there.add(message))
    const missing = uids.filter((_, n) => !there.has(messages[n]!)) // as many
    for (const message of messages) elsewhere.add(message)
    if (missing.length > 0) {
      // Another session may put some of them there before this one does.
      const unlessGivenSince = uidNext
      operations.push({ op: 'copy', from, uids: missing, to: target.mailbox.id, unlessGivenSince, ...actorOf(target) })
    }
  }
  for (const { mode, flags } of wanted.flags) {
    if (flags.text === '') continue
    requireRight(selected, 'w')
    operations.push({ op: 'store', mailbox: from, uids, mode, flags, ...actorOf(selected) })
  }
  const removed = distinct(wanted.remove)
  for (const target of removed) {
    if (target.mailbox.id === from) continue
    const gone: number[] = []
    await messagesIn(session, target, (message, row, { uids: there }) => {
      if (known.has(message)) gone.push(there[row]!) // inside bounds
    })
    if (gone.length === 0) continue
    requireExpunge(target)
    operations.push({ op: 'expunge', mailbox: target.mailbox.id, uids: gone, onlyDeleted: false })
  }
  const own = removed.find(({ mailbox }) => mailbox.id === from)
  if (own) {
    requireExpunge(own)
    operations.push(...(await leave(session, uids, { removed, elsewhere, messages })))
  }
  return operations
}

/** Messages that are taken out of the selected mailbox. */
interface Leaving {
  readonly removed: readonly MailboxReference[]
  /** By UID, their numbers. */
  readonly messages: Int32Array
  /** Those that will be in some other mailbox for certain. */
  readonly elsewhere: Set<number>
}

/** Takes messages out of the selected mailbox, without losing any. */
async function leave(
  session: Selected,
  uids: Uint32Array,
  { removed, elsewhere, messages }: Leaving,
): Promise<Operation[]> {
  const { account, place, view } = session.selected
  const from = view.mailbox
  const known = new Set(messages)
  const without = new Set(removed.map(({ mailbox }) => mailbox.id))
  const others = [...(await account.tree()).byId.values()].filter(({ id }) => !without.has(id))
  for (const mailbox of others) {
    await messagesIn(session, referenceTo(place, mailbox), (message) => {
      if (known.has(message)) elsewhere.add(message)
    })
  }
  const last = uids.filter((_, n) => !elsewhere.has(messages[n]!)) // as many, here and below
  const rest = uids.filter((_, n) => elsewhere.has(messages[n]!))
  const operations: Operation[] = []
  if (last.length > 0) {
    const archive =
      others.find(({ specialUse }) => specialUse.includes('\\All')) ??
      others.find(({ specialUse }) => specialUse.includes('\\Archive'))
    if (!archive) throw new Refusal('CANNOT', 'Some messages would be in no mailbox, and there is none for the archive')
    const target = permitted(referenceTo(place, archive), 'i')
    operations.push({ op: 'move', from, uids: last, to: archive.id, ...actorOf(target) })
  }
  if (rest.length > 0) operations.push({ op: 'expunge', mailbox: from, uids: rest, onlyDeleted: false })
  return operations
}

/** What EXPUNGE of messages that are not marked takes (RFC 4314 §4). */
function requireExpunge(target: MailboxReference): void {
  requireRight(target, 't')
  requireRight(target, 'e')
}

function distinct(references: readonly MailboxReference[]): MailboxReference[] {
  return [...new Map(references.map((reference) => [reference.mailbox.id, reference])).values()]
}

/** Answers with the labels as they are now; of messages that left the mailbox, EXPUNGE will tell. */
async function tell(session: Selected, uids: Uint32Array, byUid: boolean): Promise<void> {
  const { out, uidOnly } = session
  const { account, user, view } = session.selected
  const latest = await account.snapshot(view.mailbox, user)
  const rows = rowsOfAll(latest.uids, uids)
  const labels = await labelsOfRows(session, latest, rows)
  const withUid = (byUid || session.rev2 || session.condstore) && !uidOnly
  for (let n = 0; n < uids.length; n++) {
    const row = rows[n]! // as many as UIDs
    const uid = uids[n]! // inside bounds
    if (row < 0) continue
    const start = uidOnly ? `* ${uid} UIDFETCH (` : `* ${view.seqNumOfUid(uid)} FETCH (` // RFC 9586 §3.6
    out.line(`${start}${withUid ? `UID ${uid} ` : ''}${labels(row)})`)
    if (out.full) await session.io.settled()
  }
}
