import {
  type AllMetadata,
  type MailboxOrAccount,
  type MetadataChange,
  noMetadata,
  sameValue,
  theAccount,
  withMetadata,
} from '../../model/metadata.ts'
import type { Mailbox, MailboxTree, SpecialUse } from '../../model/mailbox.ts'
import type { MailboxId } from '../../model/numbers.ts'
import { astring } from '../../wire/strings.ts'
import { seenPerUserEntry, specialUseEntry } from '../metadata-names.ts'
import { type MailboxReference, type Place, referenceTo } from '../reference.ts'
import { event } from '../notify/request.ts'
import type { ImapSession } from '../session.ts'
import type { Login } from '../state.ts'
import { seesMetadata, visibleEntries } from './metadata.ts'

/**
 * What a client knows of the annotations of an account: those of the tree, which never changes, so that it costs
 * nothing to keep them, and what the client has set itself since.
 */
interface Told {
  readonly mailboxes: ReadonlyMap<MailboxId, Mailbox>
  readonly metadata: AllMetadata
}

/** What was told, by place, to the sessions that want to hear of changes; only those are in it. */
const toldTo = new WeakMap<ImapSession, { readonly login: Login; readonly places: Map<string, Told> }>()

/**
 * Tells a client that has enabled METADATA or METADATA-SERVER which annotations others have changed since it was told
 * last (RFC 5464 §4.4): names without values. It hears of its own account, and of another's while it has a mailbox of
 * it selected.
 */
export async function writeMetadataUpdates(session: ImapSession): Promise<void> {
  const { login, selected } = session
  if (!login || !wantsMetadata(session)) return
  let told = toldTo.get(session)
  if (told?.login !== login) toldTo.set(session, (told = { login, places: new Map() }))
  const places = [login.own, ...(session.notifications?.places ?? [])]
  if (selected) places.push(selected.place)
  for (const prefix of told.places.keys()) {
    if (!places.some((place) => place.prefix === prefix)) told.places.delete(prefix)
  }
  for (const place of places) {
    const tree = await place.account.tree()
    const before = told.places.get(place.prefix) // as it is now, where a place comes twice
    if (before?.mailboxes === tree.byId && before.metadata === tree.allMetadata) continue
    told.places.set(place.prefix, { mailboxes: tree.byId, metadata: tree.allMetadata })
    if (before) writeChanged(session, login, place, before, tree)
  }
}

function writeChanged(session: ImapSession, { identity }: Login, place: Place, before: Told, tree: MailboxTree): void {
  const changed = (target: MailboxOrAccount): string[] => {
    const old = visibleEntries(before.metadata.get(target) ?? noMetadata, identity.user)
    const now = visibleEntries(tree.allMetadata.get(target) ?? noMetadata, identity.user)
    return [...new Set([...old.keys(), ...now.keys()])].filter((name) => !sameValue(old.get(name), now.get(name)))
  }
  const write = (text: string, names: readonly string[]): void => {
    if (names.length > 0) session.out.line(`* METADATA ${text} ${names.map(astring).join(' ')}`)
  }
  const isOwn = place.user === undefined
  const { enabled, notifications } = session
  const hearsOfServer = hasEnabled(session) || notifications?.wants(event.serverMetadata)
  if (hearsOfServer && isOwn && before.metadata.get(theAccount) !== tree.allMetadata.get(theAccount)) {
    write('""', changed(theAccount))
  }
  if (!enabled.has('METADATA') && !notifications?.wants(event.mailboxMetadata)) return
  for (const mailbox of tree.byId.values()) {
    const isAnnotated = before.metadata.get(mailbox.id) !== tree.allMetadata.get(mailbox.id)
    const attributes = changedAttributes(before.mailboxes.get(mailbox.id), mailbox, isOwn)
    if (!isAnnotated && attributes.length === 0) continue
    const reference = referenceTo(place, mailbox)
    if (!seesMetadata(reference)) continue
    if (!enabled.has('METADATA') && !notifications?.wantsMetadataOf(reference.name, isOwn)) continue
    const names = isAnnotated ? changed(mailbox.id) : []
    write(session.mailboxText(reference.name), [...names, ...attributes])
  }
}

/** Entries for attributes of a mailbox that was there before and has others now. */
function changedAttributes(
  before: Mailbox | undefined,
  { specialUse, seenPerUser }: Mailbox,
  isOwn: boolean,
): string[] {
  if (!before) return []
  const hasOtherUses = isOwn && before.specialUse.join(' ') !== specialUse.join(' ')
  return [...(hasOtherUses ? [specialUseEntry] : []), ...(before.seenPerUser === seenPerUser ? [] : [seenPerUserEntry])]
}

/** Whether the client wants to hear of changes to annotations. */
export function wantsMetadata(session: ImapSession): boolean {
  return hasEnabled(session) || session.notifications?.wants(event.mailboxMetadata | event.serverMetadata) === true
}

function hasEnabled({ enabled }: ImapSession): boolean {
  return enabled.has('METADATA') || enabled.has('METADATA-SERVER')
}

/** What a client sets of a mailbox or, without one, of the server. */
export interface OwnChange {
  readonly reference?: MailboxReference
  readonly shared: readonly MetadataChange[]
  readonly ofUser: readonly MetadataChange[]
  readonly specialUse?: readonly SpecialUse[] | undefined
  readonly seenPerUser?: boolean | undefined
}

/** Notes what the client has set itself, so that it is not told of it (RFC 5464 §4.3). */
export function noteOwnChange(
  session: ImapSession,
  { reference, shared, ofUser, specialUse, seenPerUser }: OwnChange,
): void {
  const places = toldTo.get(session)?.places
  const prefix = reference?.place.prefix ?? ''
  const told = places?.get(prefix)
  if (!places || !told || !session.login) return
  const target = reference?.mailbox.id ?? theAccount
  let metadata = withMetadata(told.metadata.get(target) ?? noMetadata, undefined, shared)
  metadata = withMetadata(metadata, session.login.identity.user, ofUser)
  const mailboxes = new Map(told.mailboxes)
  if (reference && (specialUse || seenPerUser !== undefined)) {
    const attributes = { ...(specialUse && { specialUse }), ...(seenPerUser !== undefined && { seenPerUser }) }
    mailboxes.set(reference.mailbox.id, { ...reference.mailbox, ...attributes })
  }
  places.set(prefix, { mailboxes, metadata: new Map(told.metadata).set(target, metadata) })
}
