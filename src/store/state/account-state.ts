import type { Change, ChangeSet } from '../../model/change.ts'
import { defaultMaxKeywords, defaultMaxMailboxes } from '../../model/limits.ts'
import type { MailboxStatus, MailboxTree } from '../../model/mailbox.ts'
import { type AllMetadata, metadataBytes } from '../../model/metadata.ts'
import { asModSeq, type MailboxId, type MessageNum, type ModSeq } from '../../model/numbers.ts'
import type { Operation, OperationResult, StagedMessage } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import type { QuotaLimits, QuotaRoot } from '../../model/quota.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import type { Vanished } from '../store.ts'
import { AccountTree, namesOf } from './account-tree.ts'
import { CommitDraft, type FinishedCommit } from './commit-draft.ts'
import { Dirt } from './dirt.ts'
import type { AccountCounters, CatalogueImage, Checkpoint, LoadMailbox } from './images.ts'
import { countersOf, type MailboxContents, type MailboxCounters, mailboxOf, MailboxVersion } from './mailbox-version.ts'
import { checkQuotas, quotaRoots, type QuotaRules, quotaRules } from './plan-quota.ts'
import { type Planning, planOperation, type StagedFacts, type ThreadIndex } from './planner.ts'
import { buriedSince, missingUids } from './tombstones.ts'
import { snapshotFor } from './user-snapshots.ts'

export type { StagedFacts, ThreadIndex } from './planner.ts'

/** What an engine brings along. */
export interface AccountStateOptions {
  readonly threads: ThreadIndex
  /** The facts of a message that this engine staged. */
  readonly factsOf: (staged: StagedMessage) => StagedFacts
  readonly maxMailboxes?: number
  /** Keywords of one mailbox. */
  readonly maxKeywords?: number
  /** What accounts may hold of which nothing else was said. */
  readonly quota?: QuotaLimits
}

/** What a list of operations would do. */
export interface Plan {
  /** Undefined when nothing would change. */
  readonly changeSet: ChangeSet | undefined
  /** The account's mod-sequence after the commit. */
  readonly modSeq: ModSeq
  readonly results: readonly OperationResult[]
  /** The numbers given to staged messages. */
  readonly staged: readonly { readonly staged: StagedMessage; readonly message: MessageNum }[]
}

/** A change set that is applied but perhaps not yet published. */
export interface Applied {
  readonly changeSet: ChangeSet
  /** Mailboxes whose contents it touched, or that it deleted (as `watch` tells them). */
  readonly mailboxes: readonly MailboxId[]
  /** Messages that no mailbox refers to any more; their octets can go when nobody reads older snapshots. */
  readonly released: readonly number[]
}

/** An applied commit with all that publishing or undoing it takes. */
interface Pending extends Applied {
  readonly commit: FinishedCommit
  /** Entries per message before it. */
  readonly referencesBefore: ReadonlyMap<number, number>
}

const newAccount: AccountCounters = {
  modSeq: asModSeq(0),
  nextMailbox: 1,
  nextMessage: 1,
  nextThread: 1,
  usedUidValidities: [],
  messages: 0,
  size: 0,
}

/**
 * The state of one account: pure, without I/O. Every commit is planned against the *working* state, applied to it,
 * and shown (*published*) once the engine has made it durable. Several commits may be applied and not yet published;
 * they are published in order. What readers get is immutable and shares all that stayed the same.
 */
export class AccountState {
  readonly #options: AccountStateOptions
  readonly #loadMailbox: LoadMailbox
  readonly #quotaRules: QuotaRules
  readonly #dirt: Dirt = new Dirt()
  readonly #pending: Pending[] = []
  #tree: AccountTree
  #counters: AccountCounters
  readonly #mailboxes: Map<MailboxId, MailboxVersion> = new Map<MailboxId, MailboxVersion>()
  /** Entries per message, working; only where there are several, since nearly all messages have one. */
  readonly #references: Map<number, number>
  #publishedTree: AccountTree
  #publishedCounters: AccountCounters
  readonly #published: Map<MailboxId, MailboxVersion> = new Map<MailboxId, MailboxVersion>()
  /** The last plan, whose draft `apply` takes over. */
  #planned: { changeSet: ChangeSet; draft: CommitDraft; newThreads: ReadonlyMap<string, number> } | undefined

  /** An account without any mailbox: an engine's first commit to it creates INBOX. Replay starts here too. */
  constructor(options: AccountStateOptions, catalogue?: CatalogueImage, loadMailbox?: LoadMailbox) {
    this.#options = options
    this.#loadMailbox = loadMailbox ?? nothingToLoad
    this.#quotaRules = quotaRules(options.quota ?? {}, options.maxMailboxes ?? defaultMaxMailboxes)
    const mailboxes = catalogue?.mailboxes ?? []
    // The sums are counted again, since checkpoints of older versions do not have them.
    const messages = mailboxes.reduce((sum, head) => sum + head.messages, 0)
    const size = mailboxes.reduce((sum, head) => sum + head.size, 0)
    this.#counters = this.#publishedCounters = { ...(catalogue?.counters ?? newAccount), messages, size }
    const byId = new Map(mailboxes.map((head) => [head.id, mailboxOf(head)]))
    const allMetadata: AllMetadata = catalogue?.metadata ?? new Map()
    this.#tree = this.#publishedTree = new AccountTree(1, {
      byId,
      byName: namesOf(byId),
      allSubscriptions: new Map(catalogue?.subscriptions),
      allMetadata,
      metadataBytes: [...allMetadata.values()].reduce((sum, one) => sum + metadataBytes(one), 0),
      allQuotas: catalogue?.quotas ?? new Map(),
    })
    this.#references = new Map(catalogue?.references)
    for (const head of mailboxes) {
      const version = new MailboxVersion(head.id, head.uidValidity, countersOf(head), undefined)
      this.#mailboxes.set(head.id, version)
      this.#published.set(head.id, version)
    }
  }

  /** The account as of a checkpoint. `loadMailbox` is called at once when a mailbox's columns are first needed. */
  static restore(options: AccountStateOptions, catalogue: CatalogueImage, loadMailbox: LoadMailbox): AccountState {
    return new AccountState(options, catalogue, loadMailbox)
  }

  /**
   * Checks every operation against the working state as the operations before it in the list leave it. Changes
   * nothing. `now` is in whole seconds since 1970. Throws `Refusal`. A repair is never over quota (`unlimited`).
   */
  plan(operations: readonly Operation[], now: number, unlimited = false): Plan {
    const { threads, factsOf, maxMailboxes = defaultMaxMailboxes, maxKeywords = defaultMaxKeywords } = this.#options
    const next = asModSeq(this.#counters.modSeq + 1)
    const draft = this.#draft(next, maxKeywords)
    const newThreads = new Map<string, number>()
    const planning: Planning = {
      draft,
      now,
      maxMailboxes,
      threads,
      factsOf,
      changes: [],
      staged: [],
      newThreads,
    }
    const results = operations.map((operation) => planOperation(planning, operation))
    const { changes, staged } = planning
    if (!unlimited && changes.some(mayExceed)) checkQuotas(draft, this.#quotaRules)
    // That messages are no longer recent is no change of any message, so it needs no mod-sequence of its own.
    const modSeq = changes.some(({ kind }) => kind !== 'recentClaimed') ? next : this.#counters.modSeq
    if (changes.length === 0) return { changeSet: undefined, modSeq, results, staged }
    const changeSet: ChangeSet = { modSeq, time: now, changes }
    this.#planned = { changeSet, draft, newThreads }
    return { changeSet, modSeq, results, staged }
  }

  /**
   * Applies a change set to the working state: the one just planned, which is cheap, or one from the log. Throws
   * `Refusal` if it speaks of a mailbox that does not exist, which a sound log never does.
   */
  apply(changeSet: ChangeSet): Applied {
    let draft: CommitDraft
    if (this.#planned?.changeSet === changeSet) {
      draft = this.#planned.draft
      for (const [messageId, thread] of this.#planned.newThreads) this.#options.threads.remember(messageId, thread)
    } else {
      draft = this.#draft(changeSet.modSeq)
      draft.replay(changeSet.changes)
    }
    this.#planned = undefined
    const commit = draft.finish(changeSet.modSeq)
    const pending: Pending = {
      changeSet,
      mailboxes: touchedBy(changeSet),
      released: commit.released,
      commit,
      referencesBefore: this.#adoptReferences(commit),
    }
    this.#tree = commit.tree
    this.#counters = commit.counters
    adoptVersions(this.#mailboxes, commit)
    this.#pending.push(pending)
    return pending
  }

  /** Shows all applied change sets up to and with `upTo` (absent: all), in the order in which they were applied. */
  publish(upTo?: Applied): void {
    for (let next = this.#pending.shift(); next; next = this.#pending.shift()) {
      const { commit, referencesBefore } = next
      adoptVersions(this.#published, commit)
      this.#publishedTree = commit.tree
      this.#publishedCounters = commit.counters
      this.#dirt.add(commit, referencesBefore.keys())
      if (next === upTo) break
    }
  }

  /**
   * Forgets everything that was applied and not published. Numbers of messages and threads that it took are not given
   * again, since engine and thread index may have noted them.
   */
  rollback(): void {
    this.#planned = undefined
    for (let last = this.#pending.pop(); last; last = this.#pending.pop()) {
      for (const [message, count] of last.referencesBefore) this.#setReferences(message, count)
      for (const id of [...last.commit.versions.keys(), ...last.commit.deleted]) {
        const version = this.#published.get(id)
        if (version) this.#mailboxes.set(id, version)
        else this.#mailboxes.delete(id)
      }
    }
    const { nextMessage, nextThread } = this.#counters
    this.#tree = this.#publishedTree
    this.#counters = { ...this.#publishedCounters, nextMessage, nextThread }
  }

  /** The mod-sequence of the last published change set. */
  get modSeq(): ModSeq {
    return this.#publishedCounters.modSeq
  }

  /** As published. Equal versions are the same object. */
  tree(): MailboxTree {
    return this.#publishedTree
  }

  /** As published; with `user` (never the owner), with that user's `\Seen`. Throws `Refusal` (`NONEXISTENT`). */
  snapshot(mailbox: MailboxId, user?: string): MailboxSnapshot {
    const contents = this.#contents(mailbox)
    const { snapshot, seen, userSnapshots } = contents
    if (user === undefined || !this.#seenPerUser(mailbox)) return snapshot
    return snapshotFor(userSnapshots, user, snapshot, seen.get(user))
  }

  /** As published, without loading columns. Throws `Refusal` (`NONEXISTENT`). */
  status(mailboxes: readonly MailboxId[], user?: string): MailboxStatus[] {
    return mailboxes.map((mailbox) => {
      const { counters, uidValidity } = this.#version(mailbox)
      const { messages, deleted, size, recent, uidNext, highestModSeq } = counters
      const unseen =
        user !== undefined && this.#seenPerUser(mailbox)
          ? messages - (counters.seenCounts.get(user) ?? 0)
          : counters.unseen
      return { mailbox, messages, unseen, deleted, size, recent, uidNext, uidValidity, highestModSeq }
    })
  }

  /** The quota roots as published: the account, then mailboxes that limits were set for. */
  quotas(): QuotaRoot[] {
    const contentsOf = (mailbox: MailboxId): MailboxCounters => this.#version(mailbox).counters
    return quotaRoots(this.#publishedTree, this.#publishedCounters, contentsOf, this.#quotaRules)
  }

  /** As published. Throws `Refusal` (`NONEXISTENT`). */
  vanishedSince(mailbox: MailboxId, modSeq: ModSeq): Vanished {
    const { snapshot, tombstones } = this.#contents(mailbox)
    const ranges = buriedSince(tombstones, modSeq)
    if (ranges) return { ranges, exact: true }
    return { ranges: missingUids(snapshot.uids, snapshot.uidNext), exact: false }
  }

  /** Drops a mailbox's columns, to be loaded again when needed; false when a checkpoint or publish is still due. */
  evict(mailbox: MailboxId): boolean {
    const version = this.#published.get(mailbox)
    if (!version || version !== this.#mailboxes.get(mailbox) || this.#dirt.has(mailbox)) return false
    this.#planned = undefined
    version.evict()
    return true
  }

  /** Mailboxes whose columns are in memory, with a rough number of octets each. */
  loaded(): { mailbox: MailboxId; bytes: number }[] {
    return [...this.#published.values()].flatMap(({ id, loaded }) =>
      loaded ? [{ mailbox: id, bytes: loaded.snapshot.uids.length * bytesPerRow }] : [],
    )
  }

  /** Everything published, as {@link restore} takes it, without the columns. For tests, and for a first checkpoint. */
  catalogue(): CatalogueImage {
    return {
      counters: this.#publishedCounters,
      mailboxes: [...this.#publishedTree.byId.values()].map((mailbox) => ({
        ...mailbox,
        ...this.#version(mailbox.id).counters,
      })),
      subscriptions: this.#publishedTree.allSubscriptions,
      metadata: this.#publishedTree.allMetadata,
      quotas: this.#publishedTree.allQuotas,
      references: this.#publishedReferences(),
    }
  }

  /** A mailbox's published contents beyond what a snapshot shows. Throws `Refusal` (`NONEXISTENT`). */
  inside(mailbox: MailboxId): Pick<MailboxContents, 'snapshot' | 'tombstones' | 'seen'> {
    return this.#contents(mailbox)
  }

  /** Whether a checkpoint would have anything to write. */
  get dirty(): boolean {
    return this.#dirt.any
  }

  /** What was published since the last checkpoint. It counts as written unless {@link checkpointFailed} is called. */
  takeCheckpoint(): Checkpoint {
    return this.#dirt.take(this.#publishedTree, this.#publishedCounters, this.#published)
  }

  /** The checkpoint could not be written: everything in it is due again. */
  checkpointFailed(checkpoint: Checkpoint): void {
    this.#dirt.takeBack(checkpoint, this.#published)
  }

  #draft(modSeq: ModSeq, maxKeywords?: number): CommitDraft {
    const base = {
      tree: this.#tree,
      counters: this.#counters,
      mailboxes: this.#mailboxes,
      references: this.#references,
      loadMailbox: this.#loadMailbox,
    }
    return new CommitDraft(base, modSeq, maxKeywords)
  }

  #version(mailbox: MailboxId): MailboxVersion {
    const version = this.#published.get(mailbox)
    if (!version) throw new Refusal('NONEXISTENT', 'No such mailbox')
    return version
  }

  #contents(mailbox: MailboxId): MailboxContents {
    return this.#version(mailbox).contents(this.#loadMailbox)
  }

  #seenPerUser(mailbox: MailboxId): boolean {
    return this.#publishedTree.byId.get(mailbox)?.seenPerUser === true
  }

  #setReferences(message: number, count: number): void {
    if (count > 1) this.#references.set(message, count)
    else this.#references.delete(message)
  }

  #adoptReferences({ references, released }: FinishedCommit): Map<number, number> {
    const before = new Map<number, number>()
    for (const [message, count] of references) {
      const old = this.#references.get(message) ?? 1
      if (old === count) continue
      before.set(message, old)
      this.#setReferences(message, count)
    }
    for (const message of released) {
      const old = this.#references.get(message)
      if (old === undefined) continue
      if (!before.has(message)) before.set(message, old)
      this.#references.delete(message)
    }
    return before
  }

  #publishedReferences(): Map<number, number> {
    const published = new Map(this.#references)
    for (const { referencesBefore } of this.#pending.toReversed()) {
      for (const [message, count] of referencesBefore) {
        if (count > 1) published.set(message, count)
        else published.delete(message)
      }
    }
    return published
  }
}

/** Octets of a row in all columns together. */
const bytesPerRow = 4 * 4 + 8 * 2 + 4 + 8

function nothingToLoad(mailbox: MailboxId): never {
  throw new Error(`mailbox ${mailbox} is not in memory and nowhere else`)
}

/** Whether a change may bring anything above a limit: most commits only change flags. */
function mayExceed({ kind }: Change): boolean {
  return kind === 'appended' || kind === 'mailboxCreated' || kind === 'mailboxRenamed' || kind === 'metadataSet'
}

function adoptVersions(mailboxes: Map<MailboxId, MailboxVersion>, { versions, deleted }: FinishedCommit): void {
  for (const [id, { version }] of versions) mailboxes.set(id, version)
  for (const id of deleted) mailboxes.delete(id)
}

function touchedBy({ changes }: ChangeSet): MailboxId[] {
  const touched = new Set<MailboxId>()
  for (const change of changes) {
    if (change.kind === 'mailboxCreated' || change.kind === 'mailboxRenamed' || change.kind === 'subscribed') continue
    if (change.mailbox !== undefined) touched.add(change.mailbox)
  }
  return [...touched]
}
