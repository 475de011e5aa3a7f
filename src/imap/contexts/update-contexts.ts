import { type MailboxSnapshot, rowOfUid } from '../../model/snapshot.ts'
import { searchFuzzily } from '../../search/fuzzy.ts'
import { partOf } from '../../search/part.ts'
import { placedAmong } from '../../search/place-among.ts'
import { sortRows } from '../../search/sort.ts'
import { rowsChangedSince } from '../../session/view.ts'
import type { FetchItem } from '../../wire/fetch-grammar.ts'
import type { SearchKey } from '../../wire/search-grammar.ts'
import type { SortCriterion } from '../../wire/sort-grammar.ts'
import { quoted } from '../../wire/strings.ts'
import type { SessionIn } from '../command.ts'
import { type Placed, writeResultChange } from '../responses/search.ts'
import { searchContext } from '../search-scope.ts'
import { Disconnected } from '../turns.ts'
import { writeArrivals } from './arrivals.ts'

/** Searches of one connection that are kept up to date. */
const maxContexts = 16
/** Messages that all of them may have found together: four octets are kept of each. */
const maxContextMembers = 1_000_000
/** Messages that are put into a sorted result one by one; where there are more, all of it is sorted again. */
const maxPlacedOneByOne = 32

type Selected = SessionIn<'selected'>

/** A search whose results the client wants to be kept up to date (RFC 5267 §4.3). */
export interface ContextRequest {
  readonly tag: string
  readonly byUid: boolean
  /** As it goes on being asked. */
  readonly key: SearchKey
  /** Of SORT; absent for SEARCH, whose results are in the order of the mailbox. */
  readonly criteria?: readonly SortCriterion[]
  /** What is sent of new messages that match (RFC 5465 §7). */
  readonly pushed: readonly FetchItem[]
}

interface Context extends ContextRequest {
  /** UIDs of what the client knows to match, in its order. */
  members: Uint32Array
}

/** What has changed in the results of one search. */
export interface ResultChange {
  readonly context: ContextRequest
  /** By UID, with places as they are to be told. */
  readonly removed: readonly Placed[]
  readonly added: readonly Placed[]
  readonly addedUids: ReadonlySet<number>
}

/**
 * The searches of one client in its selected mailbox that are kept up to date. Nothing is queued: when the view of the
 * mailbox moves on, those messages that differ are tested again, and no others.
 */
export class UpdateContexts {
  readonly #contexts: Map<string, Context> = new Map()

  has(tag: string): boolean {
    return this.#contexts.has(tag)
  }

  /** Keeps a search up to date from now on; false where that would be too many. `uids`: what it has found. */
  add(request: ContextRequest, uids: Uint32Array): boolean {
    if (this.#contexts.size >= maxContexts || this.#members + uids.length > maxContextMembers) return false
    this.#contexts.set(request.tag, { ...request, members: uids })
    return true
  }

  /** Ends it; nothing happens where it has ended before. */
  cancel(tag: string): void {
    this.#contexts.delete(tag)
  }

  get #members(): number {
    let members = 0
    for (const context of this.#contexts.values()) members += context.members.length
    return members
  }

  /** Takes out messages that the client is about to be told of as expunged: while their numbers count (RFC 5267 §4.3.4). */
  async tellExpunged(session: Selected, vanished: readonly number[], viewUids: Uint32Array): Promise<void> {
    if (vanished.length === 0) return
    const gone = new Set(vanished)
    for (const context of this.#contexts.values()) {
      const removed = placesOf(context, gone)
      if (removed.length === 0) continue
      context.members = context.members.filter((uid) => !gone.has(uid))
      await tell(session, { context, removed, added: [], addedUids: new Set() }, viewUids)
    }
  }

  /** What has changed in the results since a snapshot, when the view has moved on and expunges are told. */
  async compare(session: Selected, before: MailboxSnapshot): Promise<readonly ResultChange[]> {
    if (this.#contexts.size === 0) return []
    const { snapshot } = session.selected.view
    const rows = rowsChangedSince(snapshot, before.highestModSeq, snapshot.uids.length)
    if (rows.length === 0) return []
    const part = partOf(snapshot, rows)
    const changes: ResultChange[] = []
    for (const context of this.#contexts.values()) {
      try {
        changes.push(await compareOne(session, context, part))
        if (this.#members <= maxContextMembers) continue
        refuseUpdates(session, context.tag, 'Too many messages match')
      } catch (error) {
        if (error instanceof Disconnected) throw error
        session.services.log.warn({ err: error }, 'a search could not be kept up to date')
        refuseUpdates(session, context.tag, 'The search failed')
      }
      this.cancel(context.tag)
    }
    return changes
  }

  /** Sends of new messages what is asked for of results. */
  async tellArrivals(session: Selected, uidNextBefore: number, changes: readonly ResultChange[]): Promise<void> {
    await writeArrivals(session, uidNextBefore, changes)
  }

  /** Tells the client of them. */
  async tell(session: Selected, changes: readonly ResultChange[]): Promise<void> {
    for (const change of changes) {
      if (change.removed.length + change.added.length > 0) await tell(session, change, session.selected.view.uids)
    }
  }
}

/** Says that the results of a search will not be kept up to date (RFC 5267 §4.3.1). */
export function refuseUpdates({ out }: Selected, tag: string, why: string): void {
  out.line(`* NO [NOUPDATE ${quoted(tag)}] ${why}`)
}

async function compareOne(session: Selected, context: Context, part: MailboxSnapshot): Promise<ResultChange> {
  const { rows: found } = await searchFuzzily(context.key, { ...searchContext(session), snapshot: part })
  const matching = new Set(Array.from(found, (place) => part.uids[place]!)) // rows of the part
  const leaving = new Set<number>()
  for (const uid of changedMembers(context, part.uids)) if (!matching.delete(uid)) leaving.add(uid)
  const removed = placesOf(context, leaving)
  if (leaving.size > 0) context.members = context.members.filter((uid) => !leaving.has(uid))
  const added = context.criteria ? await addSorted(session, context, matching) : addInOrder(context, matching)
  return { context, removed, added, addedUids: matching }
}

/** Those of the UIDs (ascending) that are members: looked for among these, where they ascend, too. */
function changedMembers({ members, criteria }: Context, uids: Uint32Array): Uint32Array {
  if (!criteria) return uids.filter((uid) => rowOfUid(members, uid) >= 0)
  const changed = new Set(uids)
  return members.filter((uid) => changed.has(uid))
}

function addInOrder(context: Context, uids: ReadonlySet<number>): Placed[] {
  if (uids.size === 0) return []
  const { members } = context
  const all = new Uint32Array(members.length + uids.size)
  all.set(members)
  all.set([...uids], members.length)
  const [first = 0] = uids
  context.members = first > (members.at(-1) ?? 0) ? all : all.sort() // nearly always they are new
  return [{ place: 0, uids: [...uids] }]
}

async function addSorted(session: Selected, context: Context, uids: ReadonlySet<number>): Promise<Placed[]> {
  if (uids.size === 0) return []
  const { criteria = [], members } = context
  const scope = searchContext(session)
  const column = scope.snapshot.uids
  // A member that is gone, of which the client does not know yet, can be compared with nothing.
  const there = session.selected.view.holdsExpunges ? members.filter((uid) => rowOfUid(column, uid) >= 0) : members
  const rows = there.map((uid) => rowOfUid(column, uid))
  const added = Uint32Array.from(uids, (uid) => rowOfUid(column, uid))
  const sorted = await (added.length > maxPlacedOneByOne
    ? sortRows(Uint32Array.from([...rows, ...added]).sort(), criteria, scope)
    : placedAmong(rows, added, criteria, scope))
  context.members = withGone(
    sorted.map((row) => column[row]!), // rows of the snapshot
    members,
    there.length,
  )
  // Told from the first place on, each stands where it will when those before it are there.
  return placesOf(context, uids).toReversed()
}

/** Puts members that are gone behind those that they stood behind. */
function withGone(sorted: Uint32Array, members: Uint32Array, there: number): Uint32Array {
  if (members.length === there) return sorted
  const present = new Set(sorted)
  const behind = Map.groupBy(
    Array.from(members.entries()).filter(([, uid]) => !present.has(uid)),
    ([place]) => members.subarray(0, place).findLast((uid) => present.has(uid)) ?? 0,
  )
  const goneBehind = (uid: number): number[] => (behind.get(uid) ?? []).map(([, gone]) => gone)
  return Uint32Array.from([...goneBehind(0), ...Array.from(sorted).flatMap((uid) => [uid, ...goneBehind(uid)])])
}

/**
 * Where some of the members stand, neighbours together, the last ones first: so that taking out one does not move
 * those that follow. For SEARCH the client knows the order, and the place is 0 (RFC 5267 §4.3.4).
 */
function placesOf({ members, criteria }: Context, uids: ReadonlySet<number>): Placed[] {
  if (uids.size === 0) return []
  const placed: { place: number; uids: number[] }[] = []
  members.forEach((uid, n) => {
    if (!uids.has(uid)) return
    const last = placed.at(-1)
    if (last && (!criteria || last.place - 1 + last.uids.length === n)) last.uids.push(uid)
    else placed.push({ place: criteria ? n + 1 : 0, uids: [uid] })
  })
  return placed.reverse()
}

async function tell(session: Selected, change: ResultChange, viewUids: Uint32Array): Promise<void> {
  const { context, removed, added } = change
  const numberOf = (uid: number): number => (context.byUid ? uid : rowOfUid(viewUids, uid) + 1)
  await writeResultChange(session, context, { removed, added, numberOf })
}
