import { dirname, join } from 'node:path'
import type { Log } from '../../model/log.ts'
import type { MailboxStatus, MailboxTree } from '../../model/mailbox.ts'
import type { MailboxId, ModSeq } from '../../model/numbers.ts'
import type { Committed, Operation } from '../../model/operation.ts'
import type { QuotaRoot } from '../../model/quota.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import type { AccountState, Applied, Plan } from '../state/account-state.ts'
import type {
  Breathe,
  ComputedKind,
  MessageStager,
  PackedBytes,
  SimilarFindings,
  TextFindings,
  TextPlace,
  Vanished,
} from '../store.ts'
import { StoreFailure } from '../store.ts'
import { type BlobPlaces, BlobReader } from './blob-reader.ts'
import { type AppendedTo, entriesByMessage, isLazy, messageRecord } from './commit-records.ts'
import { textSource } from './text-source.ts'
import type { OwnFile } from './change-codec.ts'
import { encodeChangeRecord } from './change-codec.ts'
import { writeCheckpoint } from './checkpoint.ts'
import { cameMuch, writeAhead } from './write-ahead.ts'
import { ColumnBudget } from './column-budget.ts'
import { type CompactionSettings, Compactor } from './compaction.ts'
import { Feed, type Follower, type Placed, type Publication } from './feed.ts'
import type { Location } from './locations.ts'
import type { Unindexed } from './computed.ts'
import { LateIndexing } from './late-indexing.ts'
import type { Grants } from './grants.ts'
import type { LogPosition, NewRecord } from './log-writer.ts'
import { LogWriter } from './log-writer.ts'
import type { OpenedAccount } from './open-account.ts'
import { setAside } from './open-account.ts'
import { recordType, segmentHeaderBytes } from './record.ts'
import type { WalThread } from './wal-thread.ts'
import type { HeldBytes } from './staging.ts'
import { Staged, Stager } from './staging.ts'
import { TextIndex, type TextIndexSettings } from './text-index/text-index.ts'

/** How an account is run. */
export interface AccountSettings extends CompactionSettings {
  readonly maxMessageBytes: number
  readonly segmentBytes: readonly number[]
  readonly syncFlags: boolean
  readonly lazySyncMs: number
  /** Milliseconds without a change after which a checkpoint is taken. */
  readonly idleCheckpointMs: number
  /** Octets of the log behind the last checkpoint, or computed from messages since, that call for another one. */
  readonly checkpointBytes: number
  /** Octets of mailbox columns that an account keeps in memory. */
  readonly maxColumnBytes: number
  /** Whole seconds since 1970. */
  readonly now: () => number
  readonly log: Log
  readonly wal: WalThread
  readonly text: TextIndexSettings
  readonly grants: Grants
  /** Whether other processes may follow accounts; it costs each a little memory. */
  readonly isFollowed: boolean
}

/** What somebody needs who begins to follow an account. */
export interface Followed {
  /** Of the account's records. */
  readonly mark: Buffer
  /** Of the files with messages. */
  readonly directory: string
  /** What was published behind the image in `account.db`, perhaps with some of what is in it. */
  readonly since: readonly Publication[]
  /** Ends it. */
  readonly stop: () => void
}

/** Where the octets of a message are, with the path of the file. */
export interface LocatedFile extends Location {
  readonly path: string
}

/** Called after each commit; see `AccountStore.watch`. */
export type Watcher = (mailboxes: readonly MailboxId[], modSeq: ModSeq) => void

/** Octets computed from messages that may wait for a checkpoint before commits wait for it, too. */
const maxWaitingBytes = 32 * 1024 * 1024
/** So many messages are indexed in one go when somebody asks for them. */
const fewMessages = 32
/** How often a checkpoint makes a new attempt because much came while it waited for the log. */
const maxCheckpointTries = 5

/** One account of the embedded engine: the state in memory, the log that makes it durable, the database behind. */
export class Account {
  readonly id: string
  readonly #parts: OpenedAccount
  readonly #settings: AccountSettings
  readonly #held: HeldBytes
  readonly #writer: LogWriter
  readonly #blobs: BlobReader
  readonly #text: TextIndex
  readonly #compactor: Compactor
  readonly #columns: ColumnBudget
  /** Undefined where no other process may follow the account. */
  readonly #feed: Feed | undefined
  readonly #late: LateIndexing
  readonly #watchers = new Set<Watcher>()
  /** Files of large messages that nobody refers to any more, to be removed behind the next checkpoint. */
  #doomed: number[] = []
  #checkpointAt: LogPosition
  #end: LogPosition
  #checkpointing: Promise<void> | undefined
  #idleTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(id: string, parts: OpenedAccount, settings: AccountSettings, held: HeldBytes, unindexed: Unindexed) {
    this.id = id
    this.#parts = parts
    this.#settings = settings
    this.#held = held
    const { changeSets, end, lost, missing } = parts.replayed
    this.#columns = new ColumnBudget(settings.maxColumnBytes)
    if (settings.isFollowed) this.#feed = new Feed(changeSets === 0)
    this.#checkpointAt = this.#end = end.position
    this.#late = new LateIndexing(parts.computed, unindexed)
    this.#writer = new LogWriter({
      segments: parts.segments,
      account: id,
      mark: parts.mark,
      end: end.position,
      resume: end.clean,
      segmentBytes: settings.segmentBytes,
      lazySyncMs: settings.lazySyncMs,
      whileSyncing: () => this.#late.useTime(),
      onFailure: (failure) => {
        settings.log.error({ account: id, cause: failure.message }, 'a commit could not be written')
        parts.state.rollback()
      },
    })
    const { segments, locations } = parts
    const places: BlobPlaces = {
      locate: (message) => locations.get(message),
      isReleased: (message) => locations.isReleased(message),
      file: (segment) => segments.file(segment),
      path: (segment) => segments.path(segment),
      isComplete: ({ segment }) => segment < this.#end.segment,
    }
    this.#blobs = new BlobReader(id, parts.mark, places, segments.ahead)
    const { nextMessage } = parts.state.catalogue().counters
    const directory = join(dirname(parts.database.path), 'text')
    this.#text = new TextIndex(directory, textSource(id, parts), settings.text, nextMessage)
    this.#compactor = new Compactor(id, parts, settings, () => this.#text.settled())
    // Numbers of messages that were lost may have been given to others.
    if (lost.length > 0 || missing.size > 0) this.#text.discard()
  }

  /** For tests. */
  get state(): AccountState {
    return this.#parts.state
  }

  tree(): MailboxTree {
    return this.#parts.state.tree()
  }

  quotas(): QuotaRoot[] {
    return this.#parts.state.quotas()
  }

  snapshot(mailbox: MailboxId, user?: string): MailboxSnapshot {
    const snapshot = this.#parts.state.snapshot(mailbox, user)
    this.#columns.use(mailbox)
    return snapshot
  }

  status(mailboxes: readonly MailboxId[], user?: string): MailboxStatus[] {
    return this.#parts.state.status(mailboxes, user)
  }

  vanishedSince(mailbox: MailboxId, modSeq: ModSeq): Vanished {
    return this.#parts.state.vanishedSince(mailbox, modSeq)
  }

  watch(watcher: Watcher): () => void {
    const own: Watcher = (mailboxes, modSeq) => watcher(mailboxes, modSeq)
    this.#watchers.add(own)
    return () => {
      this.#watchers.delete(own)
    }
  }

  /**
   * Tells `follower`, who reads `account.db`, of all that is published from now on. Throws `StoreFailure` when that file
   * cannot be brought up to date.
   */
  async follow(follower: Follower): Promise<Followed> {
    const feed = this.#feed
    if (!feed) throw new Error('this account cannot be followed')
    // One that had begun before may be of an older moment.
    for (let tries = 0; tries < 3 && !feed.isComplete; tries++) await this.checkpoint()
    if (!feed.isComplete) throw new StoreFailure('busy', `the checkpoint of ${this.id} does not keep up`)
    const { mark, segments } = this.#parts
    return { mark, directory: segments.directory, since: feed.add(follower), stop: () => feed.remove(follower) }
  }

  /** Where the octets of a message are now; undefined when they are gone. For those who follow the account. */
  locate(message: number): LocatedFile | undefined {
    const { locations, segments } = this.#parts
    const location = locations.get(message)
    return location && { ...location, path: segments.path(location.segment) }
  }

  /** The number of a file for a large message that a follower writes. */
  reserveOwnFile(): number {
    return this.#parts.segments.reserveOwn()
  }

  /** The follower does not want it after all. */
  discardOwnFile(number: number): void {
    if (!this.#parts.ownFiles.has(number)) this.#parts.segments.remove(number)
  }

  stage(): MessageStager {
    const { segments, mark } = this.#parts
    const { maxMessageBytes } = this.#settings
    return new Stager({ segments, account: this.id, mark, maxMessageBytes, held: this.#held })
  }

  /**
   * See `AccountStore.commit`. With `mended`, the log also notes that losses up to here are made good; a repair is not
   * bound by quotas. `committer` is the follower who asks for it, if one does.
   */
  async commit(
    operations: readonly Operation[],
    mended = false,
    unlimited: boolean = mended,
    committer?: Follower,
  ): Promise<Committed> {
    if (this.#parts.computed.waitingBytes > maxWaitingBytes) await this.checkpoint()
    if (this.#late.isFull) await this.#late.relieve()
    if (this.#closed) throw new StoreFailure('closed', 'the account is closed')
    const { state } = this.#parts
    const plan = state.plan(operations, this.#settings.now(), unlimited)
    const { changeSet } = plan
    const { modSeq, results } = plan
    const committed: Committed = changeSet ? { modSeq, results } : { modSeq, results, changedNothing: true }
    if (changeSet) this.#settings.grants.note(this.id, changeSet)
    if (!changeSet && !mended) return this.#afterThoseBefore(committed)
    const applied = changeSet && state.apply(changeSet)
    return this.#log(plan, applied, committed, mended, committer)
  }

  /** What a commit that changes nothing says may rest on commits that are not durable yet. */
  #afterThoseBefore(committed: Committed): Committed | Promise<Committed> {
    if (!this.#writer.busy) return committed
    return new Promise((resolve, reject) => {
      this.#writer.submit({ records: [], sync: false, done: () => resolve(committed), failed: reject })
    })
  }

  #log(
    plan: Plan,
    applied: Applied | undefined,
    committed: Committed,
    mended: boolean,
    committer: Follower | undefined,
  ): Promise<Committed> {
    const records: NewRecord[] = []
    const ownFiles: OwnFile[] = []
    const inLog: { message: number; staged: Staged }[] = []
    const isOfNew = applied !== undefined && plan.staged.length > 0 // a copy has many entries, and nothing staged
    const entries = isOfNew ? entriesByMessage(applied.changeSet) : new Map<number, AppendedTo>()
    for (const { staged, message } of plan.staged) {
      if (!(staged instanceof Staged)) throw new Error('a message of another store') // `plan` has looked at it before
      staged.committing()
      if (staged.octets) {
        inLog.push({ message, staged })
        records.push(messageRecord(message, staged.octets, entries.get(message)))
      } else if (staged.segment !== undefined) ownFiles.push({ message, segment: staged.segment })
    }
    if (mended) records.push({ type: recordType.mended, payload: [] })
    const payload = applied && encodeChangeRecord({ ownFiles, changeSet: applied.changeSet })
    if (payload) records.push({ type: recordType.changeSet, payload: [payload] })
    const sync = this.#settings.syncFlags || mended || !applied || !applied.changeSet.changes.every(isLazy)
    return new Promise((resolve, reject) => {
      this.#writer.submit({
        records,
        sync,
        done: (end, offsets) => {
          const placed: Placed[] = []
          inLog.forEach(({ message, staged }, n) => {
            placed.push(this.#place(message, { segment: end.segment, offset: offsets[n]!, size: staged.size }, staged))
          })
          for (const { message, segment } of ownFiles) {
            const staged = plan.staged.find((one) => one.message === message)?.staged
            this.#parts.ownFiles.set(segment, message)
            if (staged instanceof Staged) {
              placed.push(this.#place(message, { segment, offset: segmentHeaderBytes, size: staged.size }, staged))
            }
          }
          const seen = payload && this.#feed?.publish({ sequence: end.sequence, payload, placed }, committer)
          if (applied) this.#publish(applied)
          this.#end = end
          resolve(seen ? seen.then(() => committed) : committed)
          this.#checkpointSoon()
        },
        failed: (failure) => {
          for (const { staged } of plan.staged) if (staged instanceof Staged) staged.settle(false)
          reject(failure)
        },
      })
    })
  }

  #place(message: number, location: Location, staged: Staged): Placed {
    this.#parts.locations.set(message, location)
    this.#late.add(message, staged)
    this.#text.note(message)
    staged.settle(true)
    return { message, ...location }
  }

  #publish(applied: Applied): void {
    this.#parts.state.publish(applied)
    this.#parts.garbage.release(applied.released)
    this.#doom(applied.released)
    for (const watcher of this.#watchers) {
      try {
        watcher(applied.mailboxes, applied.changeSet.modSeq)
      } catch (error) {
        // By contract it does not throw; if it does, the commit is done nevertheless and others wait behind it.
        this.#settings.log.error({ account: this.id, err: error }, 'a watcher failed')
      }
    }
  }

  #doom(released: readonly number[]): void {
    const { ownFiles } = this.#parts
    if (ownFiles.size === 0 || released.length === 0) return
    const gone = new Set(released)
    for (const [segment, message] of ownFiles) {
      if (!gone.has(message)) continue
      ownFiles.delete(segment)
      this.#doomed.push(segment)
    }
  }

  /** Removes files of large messages that nothing refers to. Called once, behind a replay without losses. */
  removeOrphans(): void {
    const { segments, ownFiles } = this.#parts
    for (const number of Array.from(segments.ownFiles)) if (!ownFiles.has(number)) segments.remove(number)
  }

  readBlob(message: number, offset: number, into: Uint8Array): number {
    return this.#blobs.read(message, offset, into)
  }

  readComputed(kind: ComputedKind, messages: ArrayLike<number>): PackedBytes | Promise<PackedBytes> {
    const { computed } = this.#parts
    if (messages.length < fewMessages || computed.lateMessages < fewMessages) return computed.read(kind, messages)
    return this.#late.settle().then(() => computed.read(kind, messages))
  }

  findText(text: string, where: TextPlace, breathe: Breathe): Promise<TextFindings | undefined> {
    return this.#text.find(text, where, breathe)
  }

  findSimilar(word: string, breathe: Breathe): Promise<SimilarFindings> {
    return this.#text.findSimilar(word, breathe)
  }

  /** Indexes the text of all mail, which otherwise is done when there is time. */
  indexText(): Promise<void> {
    return this.#text.catchUp()
  }

  #checkpointSoon(): void {
    const { checkpointBytes, idleCheckpointMs } = this.#settings
    if (this.#checkpointing || this.#closed) return
    const tail =
      this.#end.segment === this.#checkpointAt.segment ? this.#end.offset - this.#checkpointAt.offset : checkpointBytes
    const { waitingBytes } = this.#parts.computed
    if (tail >= checkpointBytes || waitingBytes >= checkpointBytes) this.#checkpointNow()
    else if (tail + waitingBytes < checkpointBytes / idleShare && this.#doomed.length === 0) return
    else if (this.#idleTimer) this.#idleTimer.refresh()
    else this.#idleTimer = setTimeout(() => this.#checkpointNow(), idleCheckpointMs).unref()
  }

  #checkpointNow(): void {
    this.checkpoint().catch((error: unknown) => {
      this.#settings.log.error({ account: this.id, err: error }, 'a checkpoint could not be written')
    })
  }

  /** Brings the database up to date with the log. */
  checkpoint(): Promise<void> {
    clearTimeout(this.#idleTimer)
    this.#idleTimer = undefined
    this.#checkpointing ??= this.#takeCheckpoint().finally(() => {
      this.#checkpointing = undefined
    })
    return this.#checkpointing
  }

  async #takeCheckpoint(): Promise<void> {
    const { computed, database, garbage, segments, state } = this.#parts
    let doomed: readonly number[] = []
    let isTaken = false
    for (let tries = 1; !isTaken; tries++) {
      await writeAhead(this.#parts, this.#late)
      if (!state.dirty && !garbage.dirty && this.#end.sequence === this.#checkpointAt.sequence) return
      await this.#writer.barrier((end) => {
        if (tries < maxCheckpointTries && cameMuch(computed)) return
        isTaken = true
        this.#writeImage(end)
        this.#checkpointAt = this.#end = end
        this.#feed?.imaged(end.sequence)
        doomed = this.#doomed
        this.#doomed = []
      })
    }
    this.#noteCheckpoint()
    if (doomed.length > 0 || database.walIsLong) {
      const synced = await this.#settings.wal.bringIn(database.path)
      this.#feed?.broughtIn()
      // Without the files the log cannot give again what the database would have to forget.
      if (synced) for (const number of doomed) segments.remove(number)
      else this.#doomed.push(...doomed)
    }
    this.#columns.enforce(state)
    this.#compactor.start(this.#checkpointAt.segment)
  }

  #noteCheckpoint(): void {
    const records = [{ type: recordType.checkpoint, payload: [] }]
    const done = (end: LogPosition): void => {
      if (this.#end.sequence === this.#checkpointAt.sequence) this.#checkpointAt = end
      this.#end = end
    }
    this.#writer.submit({ records, sync: false, done, failed: () => {} })
  }

  #writeImage(end: LogPosition): void {
    const { computed, database, garbage, locations, ownFiles, state, threads } = this.#parts
    const checkpoint = state.takeCheckpoint()
    const after: (() => void)[] = []
    try {
      database.transaction(() => {
        after.push(computed.write(Infinity), locations.write(), threads.write(Infinity), garbage.write())
        writeCheckpoint(database, checkpoint, end, ownFiles)
      })
    } catch (error) {
      state.checkpointFailed(checkpoint)
      throw error
    }
    for (const call of after) call()
  }

  /** Whether it should be closed as soon as nobody uses it, so that it is made anew when it is opened again. */
  get isDamaged(): boolean {
    return this.#parts.database.isDamaged
  }

  #setAside(): void {
    this.#settings.log.error({ account: this.id }, 'account.db is damaged; the next opening makes it anew')
    setAside(dirname(this.#parts.database.path))
  }

  /** Makes everything durable and lets go of the files. */
  async close(): Promise<void> {
    if (this.#closed) return
    try {
      await this.#text.close()
      await this.#compactor.stop()
      await this.#checkpointing
      // An image of a damaged one would be no better.
      if (!this.#parts.database.isDamaged) await this.checkpoint()
    } finally {
      this.#closed = true
      clearTimeout(this.#idleTimer)
      try {
        await this.#writer.close()
      } finally {
        this.#late.stop()
        this.#parts.computed.close()
        this.#parts.database.close()
        this.#parts.segments.close()
        if (this.#parts.database.isDamaged) this.#setAside()
      }
    }
  }
}

/** Less than one part in so many of what calls for a checkpoint is left to the log while the account stays open. */
const idleShare = 64
