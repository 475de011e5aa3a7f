import { pageRows } from '../../model/column.ts'
import type { Mailbox } from '../../model/mailbox.ts'
import { asModSeq, asUid, type MailboxId, type ModSeq } from '../../model/numbers.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import { type FlagTable, flagTable } from './flag-table.ts'
import type { MailboxHead, MailboxImage, TombstoneImage } from './images.ts'
import { float64, owned, pagedColumn, uint32 } from './paged-draft.ts'
import { noTombstones } from './tombstones.ts'
import type { UserSnapshots } from './user-snapshots.ts'

/** The part of a mailbox's head that messages move; names and rights are the tree's. */
export type MailboxCounters = Omit<MailboxHead, keyof Mailbox>

/** The counters of a new mailbox. */
export function newCounters(modSeq: ModSeq): MailboxCounters {
  return {
    uidNext: asUid(1),
    highestModSeq: modSeq,
    firstRecentUid: asUid(1),
    messages: 0,
    unseen: 0,
    deleted: 0,
    recent: 0,
    size: 0,
    keywords: [],
    seenCounts: new Map(),
  }
}

/** A mailbox with nothing in it. */
export function emptyImage(): MailboxImage {
  return {
    uids: new Uint32Array(0),
    messages: new Uint32Array(0),
    sizes: new Uint32Array(0),
    internalDates: new Float64Array(0),
    saveDates: new Float64Array(0),
    threads: new Uint32Array(0),
    flags: new Uint32Array(0),
    flagSets: [],
    modSeqs: new Float64Array(0),
    tombstones: noTombstones,
    seen: new Map(),
  }
}

/** What is in a mailbox at one moment. */
export interface MailboxContents {
  /** As the owner sees it. */
  readonly snapshot: MailboxSnapshot
  readonly table: FlagTable
  readonly tombstones: TombstoneImage
  readonly seen: ReadonlyMap<string, Uint32Array>
  /** Those of other users; all versions share one. */
  readonly userSnapshots: UserSnapshots
}

/** A mailbox's counters at one moment, and its contents when they are in memory. */
export class MailboxVersion {
  readonly id: MailboxId
  readonly uidValidity: number
  readonly counters: MailboxCounters
  #contents: MailboxContents | undefined
  /** What readers may still hold after an eviction; the same object is then given again. */
  #evicted: WeakRef<MailboxSnapshot> | undefined

  constructor(id: MailboxId, uidValidity: number, counters: MailboxCounters, contents: MailboxContents | undefined) {
    this.id = id
    this.uidValidity = uidValidity
    this.counters = counters
    this.#contents = contents
  }

  get loaded(): MailboxContents | undefined {
    return this.#contents
  }

  contents(load: (mailbox: MailboxId) => MailboxImage): MailboxContents {
    this.#contents ??= this.#contentsOf(load(this.id))
    return this.#contents
  }

  evict(): void {
    if (this.#contents) this.#evicted = new WeakRef(this.#contents.snapshot)
    this.#contents = undefined
  }

  #contentsOf(image: MailboxImage): MailboxContents {
    const snapshot = this.#evicted?.deref() ?? this.#snapshotOf(image)
    return {
      snapshot,
      table: flagTable(snapshot.flagSets, this.counters.keywords),
      tombstones: {
        floor: image.tombstones.floor,
        modSeqs: owned(float64, image.tombstones.modSeqs),
        firsts: owned(uint32, image.tombstones.firsts),
        lasts: owned(uint32, image.tombstones.lasts),
      },
      seen: image.seen,
      userSnapshots: new Map(),
    }
  }

  #snapshotOf(image: MailboxImage): MailboxSnapshot {
    return {
      mailbox: this.id,
      uidValidity: this.uidValidity,
      uidNext: this.counters.uidNext,
      highestModSeq: this.counters.highestModSeq,
      firstRecentUid: this.counters.firstRecentUid,
      uids: owned(uint32, image.uids),
      messages: owned(uint32, image.messages),
      sizes: owned(uint32, image.sizes),
      internalDates: owned(float64, image.internalDates),
      saveDates: owned(float64, image.saveDates),
      threads: owned(uint32, image.threads),
      flags: pagedColumn(uint32, image.flags),
      flagSets: image.flagSets,
      modSeqs: pagedColumn(float64, image.modSeqs),
      pageModSeqs: pageMaxima(image.modSeqs),
      keywords: this.counters.keywords,
    }
  }
}

function pageMaxima(modSeqs: Float64Array): Float64Array {
  const maxima = new Float64Array(Math.ceil(modSeqs.length / pageRows))
  for (let page = 0; page < maxima.length; page++) {
    let highest = 0
    for (const modSeq of modSeqs.subarray(page * pageRows, (page + 1) * pageRows)) {
      if (modSeq > highest) highest = modSeq
    }
    maxima[page] = highest
  }
  return maxima
}

/** The name part and the counting part of a mailbox, put together for a checkpoint. */
export function headOf(mailbox: Mailbox, counters: MailboxCounters): MailboxHead {
  return { ...mailbox, ...counters }
}

/** The counting part of a head. */
export function countersOf(head: MailboxHead): MailboxCounters {
  return {
    uidNext: head.uidNext,
    highestModSeq: asModSeq(Math.max(head.highestModSeq, 1)),
    firstRecentUid: head.firstRecentUid,
    messages: head.messages,
    unseen: head.unseen,
    deleted: head.deleted,
    recent: head.recent,
    size: head.size,
    keywords: head.keywords,
    seenCounts: head.seenCounts,
  }
}

/** The name part of a head. */
export function mailboxOf(head: MailboxHead): Mailbox {
  return {
    id: head.id,
    name: head.name,
    uidValidity: head.uidValidity,
    specialUse: head.specialUse,
    acl: head.acl,
    seenPerUser: head.seenPerUser,
  }
}
