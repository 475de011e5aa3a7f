import type { ModSeq } from '../../model/numbers.ts'
import type { AccountStore } from '../../store/store.ts'
import type { FetchItem } from '../../wire/fetch-grammar.ts'
import type { SessionIn } from '../command.ts'
import { writeArrivals } from '../contexts/arrivals.ts'
import type { ResultChange } from '../contexts/update-contexts.ts'
import { accountsSharing, isOthers, othersPlaces, placeOthers } from '../namespaces.ts'
import type { Place } from '../reference.ts'
import { wantsMetadata, writeMetadataUpdates } from '../responses/metadata-updates.ts'
import { writeUpdates } from '../responses/updates.ts'
import { AccountWatch, type Beginning, TooManyWatched, type Watching } from './account-watch.ts'
import { allEvents, event, type Events, eventsOf, namesIn, nothing, type NotifyRequest } from './request.ts'

/** Accounts of others that one client may watch. */
const maxOtherAccounts = 100

/**
 * What one client is notified of from a NOTIFY on, until the next one or the end (RFC 5465 §3.1): between commands, as
 * the dispatcher asks whether anything is due, and by what commands tell of the selected mailbox.
 */
export class Notifications {
  readonly #session: SessionIn<'authenticated'>
  #request: NotifyRequest
  /** By the prefix of their names; the own account, where it is among them, comes first. */
  readonly #watches: Map<string, AccountWatch> = new Map()
  #watchedSubscriptions: ReadonlySet<string> | undefined
  /** The accounts of others that had something for the user; kept only where names of others' are asked for. */
  #sharing: ReadonlySet<string> = new Set()
  #sharingMayDiffer = false
  #stopSharing: (() => void) | undefined
  #stopSelected: (() => void) | undefined
  #selectedIsDue = false
  /** Whether the client itself has changed the selected mailbox, although it wants to hear nothing of it. */
  #changedSelected = false

  private constructor(session: SessionIn<'authenticated'>, request: NotifyRequest) {
    this.#session = session
    this.#request = request
    this.selectionChanged()
  }

  /** For a client that wants to hear of nothing. */
  static none(session: SessionIn<'authenticated'>): Notifications {
    return new Notifications(session, nothing)
  }

  /**
   * Begins to watch, and tells first what is to be told ahead. Throws `TooManyWatched` where that would be too expensive,
   * and then nothing of it is left.
   */
  static async start(
    session: SessionIn<'authenticated'>,
    request: NotifyRequest,
    tellsStatus: boolean,
  ): Promise<Notifications> {
    const notifications = new Notifications(session, request)
    try {
      await notifications.#watchPlaces(tellsStatus ? 'status' : 'silent')
      return notifications
    } catch (error) {
      notifications.stop()
      throw error
    }
  }

  /** Ends it all. */
  stop(): void {
    this.#stopSelected?.()
    this.#stopSelected = undefined
    this.#stopSharing?.()
    this.#stopSharing = undefined
    this.#sharingMayDiffer = false
    for (const watch of this.#watches.values()) watch.stop()
    this.#watches.clear()
  }

  /** Whether there is something to tell between commands. */
  get isDue(): boolean {
    if (this.#selectedIsDue || this.#sharingMayDiffer) return true
    // What a command could not tell for its sequence numbers is told behind it.
    if (this.#request.selected === 'at once' && this.#session.selected?.view.holdsExpunges) return true
    for (const watch of this.#watches.values()) if (watch.isDue) return true
    return false
  }

  /** Tells it. */
  async tell(): Promise<void> {
    const session = this.#session
    try {
      if (this.#selectedIsDue || session.selected?.view.holdsExpunges) {
        this.#selectedIsDue = false
        await writeUpdates(session, this.#request.selected === 'at once')
      }
      let isAnyDue = false
      const isAllDue = await this.#hasOtherSubscriptions() // which may be about any account
      for (const watch of this.#watches.values()) {
        if (!watch.isDue && !isAllDue) continue
        isAnyDue = true
        await watch.tell(await this.#watching(watch))
      }
      const newcomers = await this.#newcomers()
      if (!isAnyDue && newcomers.size === 0) return
      if (isAllDue || newcomers.size > 0) await this.#watchPlaces('silent', newcomers)
      if (wantsMetadata(session)) await writeMetadataUpdates(session)
    } catch (error) {
      if (!(error instanceof TooManyWatched)) throw error
      this.overflow()
    }
  }

  /** Goes on as behind NOTIFY NONE, and says so (RFC 5465 §5.8). */
  overflow(): void {
    this.stop()
    this.#request = nothing
    this.#session.out.line('* OK [NOTIFICATIONOVERFLOW] You will not be notified any more')
  }

  // The selected mailbox.

  /** To be called when another mailbox is selected, or none. */
  selectionChanged(): void {
    const { selected, io } = this.#session
    this.#stopSelected?.()
    this.#stopSelected = undefined
    this.#selectedIsDue = false
    if (!selected || this.#request.selected === 'hidden') return
    this.#stopSelected = selected.account.watch((mailboxes) => {
      if (!mailboxes.includes(selected.view.mailbox)) return
      this.#selectedIsDue = true
      io.wake()
    })
  }

  /**
   * Whether the client is to keep its view of the selected mailbox (RFC 5465 §3.1, §5). It is brought up to date, with
   * what others did too, where the client itself has changed something: else it could not be told of that.
   */
  get hidesSelected(): boolean {
    return this.#request.selected === 'hidden' && !this.#changedSelected
  }

  /** Whether changes of flags are told. */
  get tellsFlags(): boolean {
    return this.#request.selectedFlags || this.#changedSelected
  }

  /** To be called when the client knows of everything in the selected mailbox, but for expunges that wait. */
  selectedIsTold(): void {
    if (!this.#session.selected?.view.holdsExpunges) this.#changedSelected = false
  }

  /** Sends of new messages what is asked for, by NOTIFY or by a search. */
  async tellArrivals(
    session: SessionIn<'selected'>,
    uidNextBefore: number,
    changes: readonly ResultChange[],
  ): Promise<void> {
    await writeArrivals(session, uidNextBefore, changes)
  }

  /** What the client wants of every new message in the selected mailbox (RFC 5465 §5.2). */
  get pushed(): readonly FetchItem[] {
    return this.#request.pushed
  }

  // Other mailboxes.

  /** The mod-sequence of the last commit to an account that this has seen; 0 where it sees none. */
  lastCommit(account: AccountStore): number {
    return this.#watchOf(account)?.lastCommit ?? 0
  }

  /** Notes a commit that the client asked for (RFC 5465 §5). */
  noteOwn(account: AccountStore, modSeq: ModSeq): void {
    this.#watchOf(account)?.noteOwn(modSeq)
    if (this.#session.selected?.account === account) this.#changedSelected = true
  }

  #watchOf(account: AccountStore): AccountWatch | undefined {
    for (const watch of this.#watches.values()) if (watch.place.account === account) return watch
    return undefined
  }

  /** The places whose annotations it tells of. */
  get places(): readonly Place[] {
    return [...this.#watches.values()].map(({ place }) => place)
  }

  /** Whether it wants to hear of annotations: of mailboxes, or of the server. */
  wants(events: Events): boolean {
    return (allEvents(this.#request) & events) !== 0
  }

  /** Whether it wants to hear of changed annotations of a mailbox; `subscribed`: the user's subscriptions. */
  wantsMetadataOf(name: string, isOwn: boolean): boolean {
    const subscribed = this.#watchedSubscriptions ?? new Set<string>()
    return (eventsOf(this.#request, name, isOwn, subscribed) & event.mailboxMetadata) !== 0
  }

  async #subscribed(): Promise<ReadonlySet<string>> {
    const { account, identity } = this.#session.login
    return (await account.tree()).subscriptions(identity.user)
  }

  async #hasOtherSubscriptions(): Promise<boolean> {
    return this.#watches.size > 0 && (await this.#subscribed()) !== this.#watchedSubscriptions
  }

  async #watching(watch?: AccountWatch): Promise<Watching> {
    let room = this.#session.services.limits.maxNotifyMailboxes
    for (const other of this.#watches.values()) if (other !== watch) room -= other.size
    return { session: this.#session, request: this.#request, subscribed: await this.#subscribed(), room }
  }

  /** The accounts that share with the user and did not when this was asked last. */
  async #newcomers(): Promise<ReadonlySet<string>> {
    if (!this.#sharingMayDiffer) return new Set()
    this.#sharingMayDiffer = false
    const before = this.#sharing
    this.#sharing = new Set(await accountsSharing(this.#session, this.#session.login))
    return new Set([...this.#sharing].filter((account) => !before.has(account)))
  }

  /** Listens for who shares something with the user for the first time, where that may concern the request. */
  async #watchSharing(subscribed: ReadonlySet<string>): Promise<void> {
    const { io, login, services } = this.#session
    if (this.#stopSharing) return
    const names = [...namesIn(this.#request, subscribed)]
    if (!names.some((name) => isOthers(services.sharing, name))) return
    this.#stopSharing = services.store.watchShared(() => {
      this.#sharingMayDiffer = true
      io.wake()
    })
    this.#sharing = new Set(await accountsSharing(this.#session, login))
  }

  /**
   * Watches the accounts that the request is about, besides those that it does already; all of the newcomers' mailboxes
   * are news. Throws `TooManyWatched`.
   */
  async #watchPlaces(beginning: Beginning, newcomers: ReadonlySet<string> = new Set()): Promise<void> {
    if (this.#request.groups.length === 0) return
    this.#watchedSubscriptions = await this.#subscribed()
    await this.#watchSharing(this.#watchedSubscriptions)
    for (const place of await this.#places(this.#watchedSubscriptions)) {
      if (this.#watches.has(place.prefix)) continue
      if (this.#watches.size > maxOtherAccounts) throw new TooManyWatched()
      const wake = (): void => this.#session.io.wake()
      const begins = newcomers.has(place.account.id) ? 'new' : beginning
      this.#watches.set(place.prefix, await AccountWatch.start(await this.#watching(), place, wake, begins))
    }
  }

  /** The own account, and those of others that the names in the request lead to. */
  async #places(subscribed: ReadonlySet<string>): Promise<Iterable<Place>> {
    const { login, services } = this.#session
    const places = new Map([['', login.own]])
    const accounts = new Set<string>()
    for (const name of namesIn(this.#request, subscribed)) {
      if (!isOthers(services.sharing, name)) continue
      const [level = '', holder] = name.split('/', 2)
      accounts.add(holder === undefined ? level : `${level}/${holder}`)
    }
    for (const name of accounts) {
      if (name.includes('/')) {
        const placed = await placeOthers(this.#session, login, name + '/INBOX')
        if (placed) places.set(placed.place.prefix, placed.place)
      } else {
        for (const place of await othersPlaces(this.#session, login)) {
          if (place.prefix.startsWith(name + '/')) places.set(place.prefix, place)
        }
      }
    }
    return places.values()
  }
}
