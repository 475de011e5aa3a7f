import { join } from 'node:path'
import { MessageIndexer } from '../../mime/indexer.ts'
import type { MailboxStatus, MailboxTree } from '../../model/mailbox.ts'
import type { MailboxId, ModSeq } from '../../model/numbers.ts'
import type { Committed, Operation } from '../../model/operation.ts'
import type { QuotaRoot } from '../../model/quota.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import type { OpenAccount } from '../embedded/account-handle.ts'
import { asStoreFailure } from '../embedded/disk.ts'
import { ownFileName } from '../embedded/segments.ts'
import type { HeldBytes } from '../embedded/staging.ts'
import { Stager } from '../embedded/staging.ts'
import type { AccountState } from '../state/account-state.ts'
import {
  type ComputedKind,
  type MessageStager,
  type PackedBytes,
  StoreFailure,
  type SimilarFindings,
  type TextFindings,
  type TextPlace,
  type Vanished,
} from '../store.ts'
import type { AccountFollower, Link } from './link.ts'
import type { News, Opening } from './protocol.ts'
import { readAt } from './read-at.ts'
import { Replica, type ReplicaSurroundings } from './replica.ts'
import { sentOperations, stagedIn } from './sent-operations.ts'

/** What all followed accounts of a process share. */
export interface FollowerSettings extends ReplicaSurroundings {
  readonly maxMessageBytes: number
  readonly held: HeldBytes
  /** Milliseconds for which a change waits for an owner that is being replaced. */
  readonly patienceMs: number
}

type Watcher = (mailboxes: readonly MailboxId[], modSeq: ModSeq) => void

/** How often an account is opened anew before that fails, while its owner goes on writing. */
const maxTries = 3
/** Milliseconds between two attempts to open an account again. */
const retryMs = 50
/** Octets of a message that are read at once to be indexed. */
const readBytes = 256 * 1024
/** Milliseconds after which indexing lets others have their turn. */
const turnMs = 3

/**
 * An account that another process of this server owns. It is read here, from a {@link Replica}; it is changed by its
 * owner, over a {@link Link}. When the owner ends, reading goes on and changes wait for the one that takes its place.
 */
export class FollowedAccount implements OpenAccount, AccountFollower {
  readonly id: string
  readonly #directory: string
  readonly #link: Link
  readonly #settings: FollowerSettings
  readonly #watchers = new Set<Watcher>()
  /** The newest news, while the account is being opened. */
  #early: News[] = []
  #replica: Replica | undefined
  #attaching: Promise<void> | undefined
  #failure: StoreFailure | undefined
  #letGo: (() => void) | undefined
  /** Whether news of everything comes. */
  #isAttached = false
  #isReattaching = false
  #isClosed = false
  /** Those who wait until the account is followed again. */
  readonly #waiting = new Set<() => void>()
  /** The last record that the owner is to be told was seen here; 0: it knows. */
  #saw = 0
  /** How often the owner was lost. */
  #losses = 0

  constructor(id: string, directory: string, link: Link, settings: FollowerSettings) {
    this.id = id
    this.#directory = directory
    this.#link = link
    this.#settings = settings
  }

  /** Opens the account at its owner. `letGo` is called when somebody wants to erase it. Throws `StoreFailure`. */
  async open(letGo: () => void): Promise<void> {
    this.#letGo = letGo
    this.#link.register(this.id, this)
    try {
      await this.#attach()
    } catch (error) {
      this.#link.unregister(this.id)
      throw error
    }
  }

  #attach(): Promise<void> {
    this.#attaching ??= this.#attachNow().finally(() => {
      this.#attaching = undefined
    })
    return this.#attaching
  }

  async #attachNow(): Promise<void> {
    for (let tries = 1; ; tries++) {
      this.#early = []
      const losses = this.#losses
      const opening = await this.#link.call('open', this.id, {})
      try {
        // The owner may have ended since it answered.
        if (this.#losses === losses) return this.#adopt(opening)
      } catch (error) {
        this.#link.tell('close', this.id, {})
        if (tries >= maxTries) throw asStoreFailure(error, `cannot follow ${this.id}`)
      }
    }
  }

  #adopt(opening: Opening): void {
    const replica = new Replica(this.id, join(this.#directory, this.id), opening, this.#settings)
    const before = this.#replica
    if (this.#isClosed) return replica.close()
    if (before && replica.state.modSeq < before.state.modSeq) {
      replica.close()
      this.#failure = new StoreFailure('damaged', `what was known of ${this.id} is not there any more`)
      this.#settings.log.error({ account: this.id }, this.#failure.message)
      for (const resolve of this.#waiting) resolve()
      return
    }
    this.#replica = replica
    this.#isAttached = true
    for (const resolve of this.#waiting) resolve()
    before?.close()
    const early = this.#early
    this.#early = []
    for (const news of early) this.#take(replica, news)
    if (before) this.#tell([...replica.state.tree().byId.keys()], replica.state.modSeq)
  }

  heard(news: News): void {
    if (news.is === 'letGo') this.#letGo?.()
    else if (this.#isAttached && this.#replica) this.#take(this.#replica, news)
    else this.#early.push(news)
  }

  #take(replica: Replica, news: News): void {
    try {
      if (news.is === 'published') {
        const applied = replica.apply(news.publication)
        if (news.isAwaited) this.#sawSoon(news.publication.sequence)
        if (applied) this.#tell(applied.mailboxes, applied.changeSet.modSeq)
      } else if (news.is === 'imaged') replica.imaged(news.sequence)
      else if (news.is === 'broughtIn') replica.broughtIn()
    } catch (error) {
      // Without this piece of news all others would be wrong: begin anew.
      this.#settings.log.error({ account: this.id, err: error }, 'an account could not be followed')
      this.#isAttached = false
      this.#link.tell('close', this.id, {})
      void this.#reattach()
    }
  }

  /** Tells the owner once for all that came together. */
  #sawSoon(sequence: number): void {
    if (this.#saw === 0) {
      process.nextTick(() => {
        this.#link.seen(this.id, this.#saw)
        this.#saw = 0
      })
    }
    this.#saw = sequence
  }

  cutOff(): void {
    this.#losses++
    this.#isAttached = false
  }

  reachable(): void {
    void this.#reattach()
  }

  /** Opens the account again, until that is done or nobody wants it any more. */
  async #reattach(): Promise<void> {
    if (this.#isReattaching || !this.#replica) return
    this.#isReattaching = true
    while (!this.#isAttached && !this.#failure && !this.#isClosed) {
      try {
        await this.#attach()
      } catch (error) {
        this.#settings.log.warn({ account: this.id, err: error }, 'an account cannot be followed yet')
        await new Promise((resolve) => setTimeout(resolve, retryMs).unref())
      }
    }
    this.#isReattaching = false
  }

  /** Resolves once the account is followed. Throws `StoreFailure` (`busy`) when that takes too long. */
  async #attached(): Promise<void> {
    void this.#reattach()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const late = new StoreFailure('busy', `the process that owns ${this.id} is being replaced`)
    const timer = setTimeout(() => reject(late), this.#settings.patienceMs)
    this.#waiting.add(resolve)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(resolve)
    }
  }

  #tell(mailboxes: readonly MailboxId[], modSeq: ModSeq): void {
    for (const watcher of this.#watchers) {
      try {
        watcher(mailboxes, modSeq)
      } catch (error) {
        this.#settings.log.error({ account: this.id, err: error }, 'a watcher failed')
      }
    }
  }

  get #current(): Replica {
    if (this.#failure) throw this.#failure
    if (!this.#replica) throw new StoreFailure('closed', `the account ${this.id} is closed`)
    return this.#replica
  }

  /** What readers are shown; for tests, too. */
  get state(): AccountState {
    return this.#current.state
  }

  tree(): MailboxTree {
    return this.state.tree()
  }

  quotas(): QuotaRoot[] {
    return this.state.quotas()
  }

  snapshot(mailbox: MailboxId, user?: string): MailboxSnapshot {
    const replica = this.#current
    const snapshot = replica.state.snapshot(mailbox, user)
    replica.use(mailbox)
    return snapshot
  }

  status(mailboxes: readonly MailboxId[], user?: string): MailboxStatus[] {
    return this.state.status(mailboxes, user)
  }

  vanishedSince(mailbox: MailboxId, modSeq: ModSeq): Vanished {
    return this.state.vanishedSince(mailbox, modSeq)
  }

  watch(watcher: Watcher): () => void {
    const own: Watcher = (mailboxes, modSeq) => watcher(mailboxes, modSeq)
    this.#watchers.add(own)
    return () => {
      this.#watchers.delete(own)
    }
  }

  /** Small messages stay in memory until they go along with their commit; large ones go to files that the owner named. */
  stage(): MessageStager {
    const { mark, segments } = this.#current
    const { disk, held, maxMessageBytes } = this.#settings
    const files = {
      directory: segments,
      disk,
      createOwn: async () => {
        const number = await this.#link.call('reserve', this.id, {})
        return { number, file: disk.open(join(segments, ownFileName(number)), 'create') }
      },
      remove: (number: number) => this.#link.tell('discard', this.id, { number }),
    }
    return new Stager({ segments: files, account: this.id, mark, maxMessageBytes, held })
  }

  /** Resolves once what was changed is seen here. Throws `StoreFailure` (`uncertain`) when the owner ends meanwhile. */
  async commit(operations: readonly Operation[]): Promise<Committed> {
    if (!this.#isAttached) await this.#attached()
    if (this.#failure) throw this.#failure
    const staged = stagedIn(operations)
    for (const one of staged) one.committing()
    try {
      const committed = await this.#link.call('commit', this.id, { operations: sentOperations(operations) })
      for (const one of staged) one.settle(true)
      return committed
    } catch (error) {
      for (const one of staged) one.settle(false)
      throw error
    }
  }

  readBlob(message: number, offset: number, into: Uint8Array): number | Promise<number> {
    try {
      return this.#current.readBlob(message, offset, into)
    } catch (error) {
      if (!isMissingFile(error)) throw error
      return this.#readElsewhere(message, offset, into, error)
    }
  }

  /** Reads from a segment that was compacted since the last checkpoint. */
  async #readElsewhere(message: number, offset: number, into: Uint8Array, cause: Error): Promise<number> {
    const located = await this.#link.call('locate', this.id, { message })
    if (!located) throw cause
    return readAt(this.#settings.files, located, offset, into)
  }

  readComputed(kind: ComputedKind, messages: ArrayLike<number>): PackedBytes | Promise<PackedBytes> {
    const replica = this.#current
    const unindexed = replica.unindexed(messages)
    if (unindexed.length === 0) return replica.readComputed(kind, messages)
    return this.#index(replica, unindexed).then(() => this.readComputed(kind, messages))
  }

  async #index(replica: Replica, messages: readonly number[]): Promise<void> {
    let turnEnds = performance.now() + turnMs
    for (const message of messages) {
      const size = replica.sizeOf(message)
      if (size === undefined) continue // it is in an image by now
      const indexer = new MessageIndexer()
      const chunk = Buffer.allocUnsafe(Math.min(size, readBytes))
      for (let at = 0; at < size;) {
        const got = await this.readBlob(message, at, chunk)
        indexer.write(chunk.subarray(0, got))
        at += got
        if (performance.now() < turnEnds) continue
        await new Promise((resolve) => setImmediate(resolve))
        turnEnds = performance.now() + turnMs
      }
      replica.add(message, indexer.end())
    }
  }

  /** The owner has the index. */
  findText(text: string, where: TextPlace): Promise<TextFindings | undefined> {
    if (!this.#isAttached) return Promise.resolve(undefined)
    return this.#link.call('findText', this.id, { text, where })
  }

  /** The same. */
  findSimilar(word: string): Promise<SimilarFindings> {
    if (!this.#isAttached) return Promise.resolve({ end: 0, scores: new Uint8Array(0) })
    return this.#link.call('findSimilar', this.id, { word })
  }

  /** The owner does it in its own time. */
  indexText(): Promise<void> {
    return Promise.resolve()
  }

  /** Whether it should be closed as soon as nobody uses it. */
  get isDamaged(): boolean {
    return this.#failure !== undefined || this.#replica?.isDamaged === true
  }

  /** Tells the owner that nobody here needs the account any more. */
  close(): void {
    this.#isClosed = true
    this.#link.unregister(this.id)
    if (this.#isAttached || this.#attaching) this.#link.tell('close', this.id, {})
    this.#isAttached = false
    this.#replica?.close()
    this.#replica = undefined
  }

  /** Answers somebody who wants to erase the account: it is in use here. */
  keep(): void {
    this.#link.tell('keep', this.id, {})
  }
}

/** Whether a file that should be there is not: it was replaced a moment ago. */
function isMissingFile(error: unknown): error is StoreFailure {
  if (!(error instanceof StoreFailure) || error.reason !== 'io') return false
  return error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'ENOENT'
}
