import type { MailboxStatus } from '../../model/mailbox.ts'
import type { MailboxId, ModSeq } from '../../model/numbers.ts'
import type { MailboxNames } from '../../store/store.ts'
import { allows, type MailboxReference, type Place, referenceTo } from '../reference.ts'
import { statusesThereAre, statusResponse, type StatusItem } from '../responses/status.ts'
import type { ImapSession } from '../session.ts'
import { changedAccess, changedMailboxes, changedNames, type Names, namesOf, writeNames } from './names.ts'
import { allEvents, event, type Events, eventsOf, type NotifyRequest } from './request.ts'
import { type Told, ToldStatuses } from './told-statuses.ts'

/** Mailboxes whose counters are asked for at once. */
const statusesAtOnce = 500

/** Mod-sequences of the client's own commits that are remembered until the next telling. */
const maxOwnCommits = 1000

/** An account as one knows it before anything of it is shared. */
const nothingYet: MailboxNames = { byId: new Map(), byName: new Map() }

/**
 * What a client is told as its watch begins: nothing but what it may not read, also where mailboxes stand, or that all
 * of it is new.
 */
export type Beginning = 'silent' | 'status' | 'new'

/** In the place of a mod-sequence: there was more than one commit. */
const several = -1

/** What an account watch needs to know whenever it compares. */
export interface Watching {
  readonly session: ImapSession
  readonly request: NotifyRequest
  /** The user's subscriptions, by which `subscribed` goes. */
  readonly subscribed: ReadonlySet<string>
  /** How many more mailboxes may be watched. */
  readonly room: number
}

/** The client wants to hear of more mailboxes than it may. */
export class TooManyWatched extends Error {}

/**
 * What a client was last told of one account. It keeps no queue of events: what others commit marks mailboxes, and
 * telling compares them with what was told. Where a client does not read, marks stay and nothing grows.
 */
export class AccountWatch {
  readonly place: Place
  readonly #letGo: () => void
  readonly #told: ToldStatuses = new ToldStatuses()
  #tree: MailboxNames
  #subscribed: ReadonlySet<string>
  /** Mailboxes that others may have changed since the last telling, with the mod-sequence of the commit. */
  readonly #touched: Map<MailboxId, number> = new Map()
  /** The same of anything in the account. */
  #commit: number | undefined
  #lastCommit = 0
  readonly #own: Set<number> = new Set()

  private constructor({ session, request, subscribed }: Watching, place: Place, tree: MailboxNames, wake: () => void) {
    this.place = place
    this.#tree = tree
    this.#subscribed = subscribed
    // Rights to others' mailboxes may change with any commit, and names and annotations where those are wanted.
    const wantsAny = place.user !== undefined || (allEvents(request) & ~(event.messages | event.flags)) !== 0
    const stop = place.account.watch((mailboxes, modSeq) => {
      this.#lastCommit = modSeq
      let isDue = wantsAny || mailboxes.length === 0
      for (const mailbox of mailboxes) {
        const isTold = this.#told.has(mailbox)
        if (isTold) this.#touched.set(mailbox, this.#touched.has(mailbox) ? several : modSeq)
        isDue ||= isTold || !this.#tree.byId.has(mailbox)
      }
      if (!isDue) return
      this.#commit = this.#commit === undefined ? modSeq : several
      wake()
    })
    const release = session.others.hold(place.account.id)
    this.#letGo = () => {
      stop()
      release()
    }
  }

  /**
   * Begins to watch: what happens from now on is told, and first what `beginning` says (RFC 5465 §3.1). Throws
   * {@link TooManyWatched}.
   */
  static async start(watching: Watching, place: Place, wake: () => void, beginning: Beginning): Promise<AccountWatch> {
    const tree = beginning === 'new' ? nothingYet : await place.account.tree()
    const watch = new AccountWatch(watching, place, tree, wake)
    try {
      if (beginning === 'new') await watch.tell(watching)
      else await watch.#begin(watching, beginning === 'status')
      return watch
    } catch (error) {
      watch.stop()
      throw error
    }
  }

  /** How many mailboxes it watches for messages. */
  get size(): number {
    return this.#told.size
  }

  get isDue(): boolean {
    return this.#commit !== undefined
  }

  /** The mod-sequence of the last commit that it has seen. */
  get lastCommit(): number {
    return this.#lastCommit
  }

  stop(): void {
    this.#letGo()
  }

  /** Notes a commit of this client's own, of which it knows (RFC 5465 §5). */
  noteOwn(modSeq: ModSeq): void {
    if (this.#own.size < maxOwnCommits) this.#own.add(modSeq)
  }

  async #begin(watching: Watching, tellsStatus: boolean): Promise<void> {
    this.#tree = await this.place.account.tree()
    const names = namesOf(this.place, this.#tree)
    const denied = [...names.visible.values()].filter((one) => this.#eventsOf(watching, one) && !allows(one, 'r'))
    const affected = new Map(denied.map(({ name }) => [name, undefined]))
    await writeNames(watching.session, names, affected, new Set())
    const wanted = this.#wanted(watching, names)
    if (wanted.length > watching.room) throw new TooManyWatched()
    const statuses = await statusesOf(wanted)
    this.#told.change(
      new Set(),
      [...statuses.values()].map(({ status }) => status),
    )
    if (!tellsStatus) return
    for (const { reference, status } of statuses.values()) {
      if (this.#isSelected(watching, reference.mailbox.id)) continue
      const items: StatusItem[] = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', 'UNSEEN']
      if (this.#eventsOf(watching, reference) & event.flags) items.push('HIGHESTMODSEQ')
      await writeStatus(watching.session, reference, status, items)
    }
  }

  /** Tells what others have changed since it was last told. Throws {@link TooManyWatched}. */
  async tell(watching: Watching): Promise<void> {
    const isOwn = this.#commit !== several && this.#own.has(this.#commit ?? several)
    this.#commit = undefined
    const touched = new Map(this.#touched)
    this.#touched.clear()
    const own = new Set(this.#own)
    this.#own.clear()
    const replaced = await this.#compareTrees(watching, isOwn)
    const changed = [...new Set([...touched.keys(), ...replaced])].flatMap((id) => {
      const mailbox = this.#told.has(id) ? this.#tree.byId.get(id) : undefined // what is watched, may be read
      return mailbox ? [referenceTo(this.place, mailbox)] : []
    })
    for (const { reference, status } of (await statusesOf(changed)).values()) {
      const commit = touched.get(status.mailbox) ?? several
      // The counters may be of a later commit than the mark, and that one another's.
      const isOnlyOwn = own.has(commit) && status.highestModSeq <= commit
      const isKnown = isOnlyOwn || this.#isSelected(watching, status.mailbox)
      const items = isKnown ? [] : this.#itemsToTell(watching, reference, status)
      this.#told.update(status)
      if (items.length > 0) await writeStatus(watching.session, reference, status, items)
    }
  }

  /** Tells of names; returns the mailboxes whose counters are to be compared although nothing has touched them. */
  async #compareTrees(watching: Watching, isOwn: boolean): Promise<readonly MailboxId[]> {
    const { session, subscribed } = watching
    const tree = await this.place.account.tree()
    const wasSubscribed = this.#subscribed
    // Which mailboxes are meant may depend on any subscription.
    const changed = changedMailboxes(this.#tree, tree)
    const scope = wasSubscribed === subscribed ? changed : new Set([...tree.byId.keys(), ...changed])
    const before = namesOf(this.place, this.#tree, scope)
    const after = namesOf(this.place, tree, scope)
    this.#tree = tree
    this.#subscribed = subscribed
    if (changed.length === 0 && wasSubscribed === subscribed) return []
    if (!isOwn) {
      const wants = (name: string, events: Events): boolean =>
        ((this.#eventsOf(watching, { name }) | this.#eventsOf({ ...watching, subscribed: wasSubscribed }, { name })) &
          events) !==
        0
      const affected = changedNames(before, after)
      for (const [name, old] of affected) {
        if (!wants(name, event.names) && !(old !== undefined && wants(old, event.names))) affected.delete(name)
      }
      if (this.place.user !== undefined) {
        for (const name of changedAccess(before, after)) {
          if (wants(name, ~0) && !affected.has(name)) affected.set(name, undefined)
        }
      }
      for (const name of this.#subscriptionsChanged(wasSubscribed, subscribed)) {
        if (wants(name, event.subscriptions) && !affected.has(name)) affected.set(name, undefined)
      }
      await writeNames(session, after, affected, subscribed)
    }
    return this.#watchAnew(watching, before, after, isOwn)
  }

  /** Names in the one set and not in the other. All subscriptions are the own account's to tell. */
  #subscriptionsChanged(before: ReadonlySet<string>, after: ReadonlySet<string>): Iterable<string> {
    if (before === after || this.place.user !== undefined) return []
    return [...before, ...after].filter((name) => before.has(name) !== after.has(name))
  }

  /**
   * Watches what there is to watch by now. Of a mailbox that was not there, or not readable, the client knows nothing:
   * what is in it is told, and with FlagChange also that it has a UIDVALIDITY of its own (RFC 5465 §5.1).
   */
  async #watchAnew(watching: Watching, before: Names, after: Names, isOwn: boolean): Promise<readonly MailboxId[]> {
    const wanted = this.#wanted(watching, after)
    const wanting = new Set(wanted.map(({ mailbox }) => mailbox.id))
    const added = wanted.filter(({ mailbox }) => !this.#told.has(mailbox.id))
    const dropped = new Set([...before.visible.keys()].filter((id) => this.#told.has(id) && !wanting.has(id)))
    if (added.length === 0 && dropped.size === 0) return []
    if (this.#told.size - dropped.size + added.length > watching.room) throw new TooManyWatched()
    const readableBefore = (id: MailboxId): boolean => {
      const then = before.visible.get(id)
      return then !== undefined && allows(then, 'r')
    }
    const told: Told[] = []
    const unknown: MailboxId[] = []
    for (const { reference, status } of (await statusesOf(added)).values()) {
      const { mailbox, highestModSeq, uidNext } = status
      const hasNews = uidNext > 1 || (this.#eventsOf(watching, reference) & event.flags) !== 0
      const isUnknown = hasNews && !isOwn && !readableBefore(mailbox)
      if (isUnknown) unknown.push(mailbox)
      told.push(isUnknown ? { mailbox, highestModSeq, messages: -1, uidNext, unseen: -1 } : status)
    }
    this.#told.change(dropped, told)
    return unknown
  }

  /** The mailboxes whose messages are to be watched. */
  #wanted(watching: Watching, { visible }: Names): MailboxReference[] {
    return [...visible.values()].filter(
      (one) => allows(one, 'r') && (this.#eventsOf(watching, one) & event.messages) !== 0,
    )
  }

  #eventsOf({ request, subscribed }: Watching, { name }: Pick<MailboxReference, 'name'>): Events {
    return eventsOf(request, name, this.place.user === undefined, subscribed)
  }

  /** The selected mailbox has a way of its own to be told of. */
  #isSelected({ session: { selected } }: Watching, mailbox: MailboxId): boolean {
    return selected?.account === this.place.account && selected.view.mailbox === mailbox
  }

  /** What a STATUS response has to say (RFC 5465 §5.1 to §5.3); nothing, where the client knows it all. */
  #itemsToTell(watching: Watching, reference: MailboxReference, status: MailboxStatus): StatusItem[] {
    const { condstore } = watching.session
    const { mailbox, unseen, highestModSeq } = status
    const countsDiffer = this.#told.countsDiffer(status)
    const isOtherUnseen = this.#told.unseen(mailbox) !== unseen
    const wantsFlags = (this.#eventsOf(watching, reference) & event.flags) !== 0
    const flagsDiffer = wantsFlags && (isOtherUnseen || (condstore && this.#told.modSeq(mailbox) !== highestModSeq))
    if (!countsDiffer && !flagsDiffer) return []
    const items: StatusItem[] = countsDiffer ? ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY'] : ['UIDVALIDITY']
    // With new messages unasked: it is what most clients would ask for next.
    if (countsDiffer || isOtherUnseen) items.push('UNSEEN')
    if (condstore) items.push('HIGHESTMODSEQ')
    return items
  }
}

interface Counted {
  readonly reference: MailboxReference
  readonly status: MailboxStatus
}

/** The counters of mailboxes of one account; those that are gone by now are left out. */
async function statusesOf(references: readonly MailboxReference[]): Promise<Map<MailboxId, Counted>> {
  const found = new Map<MailboxId, Counted>()
  for (let from = 0; from < references.length; from += statusesAtOnce) {
    const some = references.slice(from, from + statusesAtOnce)
    const statuses = await statusesThereAre(some)
    for (const [n, reference] of some.entries()) {
      const status = statuses[n]
      if (status) found.set(reference.mailbox.id, { reference, status })
    }
  }
  return found
}

async function writeStatus(
  session: ImapSession,
  reference: MailboxReference,
  status: MailboxStatus,
  items: readonly StatusItem[],
): Promise<void> {
  session.out.line(statusResponse(session, reference, status, items))
  if (session.out.full) await session.io.settled()
}
