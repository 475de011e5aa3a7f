import { maxSeenUsers } from '../../model/limits.ts'
import { type PagedColumn, pageRows } from '../../model/column.ts'
import { type FlagSet, systemFlag } from '../../model/flags.ts'
import { asMessageNum, asUid, type ModSeq, type Uid } from '../../model/numbers.ts'
import type { AppendedEntry } from '../../model/operation.ts'
import { firstRowFrom, type MailboxSnapshot } from '../../model/snapshot.ts'
import { FlagTableDraft, flagTable } from './flag-table.ts'
import type { TombstoneImage } from './images.ts'
import { type MailboxContents, type MailboxCounters, MailboxVersion } from './mailbox-version.ts'
import { GrowingUids } from './growing-uids.ts'
import { extended, float64, PagedDraft, pageShift, rowMask, uint32, withoutRows } from './paged-draft.ts'
import { buried } from './tombstones.ts'
import { bitAt, bitsWithout, resizedBits } from './seen-bits.ts'

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** What becomes of the messages with one set of flags. */
interface FlagsChange {
  /** Position of the set after. */
  readonly set: number
  /** Messages that it happened to. */
  count: number
  /** Of all that have the set after, whichever they had before. */
  readonly uids: GrowingUids
}

function flagsChange(set: number, bySet: Map<number, GrowingUids>): FlagsChange {
  const uids = bySet.get(set) ?? new GrowingUids()
  bySet.set(set, uids)
  return { set, count: 0, uids }
}

/** Which rows of a mailbox a commit wrote. */
export interface WrittenRows {
  /** From this row on everything is new. */
  readonly fromRow: number
  /** Pages before that with other flags and mod-sequences. */
  readonly flagPages: ReadonlySet<number>
}

/** A mailbox while one commit changes it: copies what it changes, shares the rest with the version before. */
export class MailboxDraft {
  readonly flags: PagedDraft<Uint32Array>
  readonly modSeqs: PagedDraft<Float64Array>
  readonly table: FlagTableDraft
  readonly counters: Mutable<MailboxCounters>
  readonly #version: MailboxVersion
  readonly #contents: MailboxContents
  readonly #modSeq: ModSeq
  readonly #columns: Mutable<
    Pick<MailboxSnapshot, 'uids' | 'messages' | 'sizes' | 'internalDates' | 'saveDates' | 'threads'>
  >
  readonly #flagPages: Set<number> = new Set<number>()
  #fromRow = Infinity
  /** From this row on messages moved up. */
  #movedFromRow = Infinity
  #lastFlagPage = -1
  #tombstones: TombstoneImage
  #seen: Map<string, Uint32Array> | undefined

  /** `modSeq` is the commit's. */
  constructor(version: MailboxVersion, contents: MailboxContents, modSeq: ModSeq, maxKeywords: number) {
    const { snapshot } = contents
    this.#version = version
    this.#contents = contents
    this.#modSeq = modSeq
    this.counters = { ...version.counters }
    this.#columns = {
      uids: snapshot.uids,
      messages: snapshot.messages,
      sizes: snapshot.sizes,
      internalDates: snapshot.internalDates,
      saveDates: snapshot.saveDates,
      threads: snapshot.threads,
    }
    this.flags = new PagedDraft(uint32, snapshot.flags)
    this.modSeqs = new PagedDraft(float64, snapshot.modSeqs)
    this.table = new FlagTableDraft(contents.table, maxKeywords)
    this.#tombstones = contents.tombstones
  }

  get uidValidity(): number {
    return this.#version.uidValidity
  }

  get uids(): Uint32Array {
    return this.#columns.uids
  }

  get messages(): Uint32Array {
    return this.#columns.messages
  }

  /** The flags of a row. */
  flagsAt(row: number): FlagSet {
    return this.table.sets[this.flags.at(row)]! // every row names a set of the table
  }

  /** An entry for the message of `row` in another mailbox. */
  entryFrom(row: number, { uid, saveDate, flags }: Pick<AppendedEntry, 'uid' | 'saveDate' | 'flags'>): AppendedEntry {
    const columns = this.#columns
    return {
      uid,
      message: asMessageNum(columns.messages[row]!),
      size: columns.sizes[row]!,
      internalDate: columns.internalDates[row]!,
      saveDate,
      thread: columns.threads[row]!,
      flags,
    }
  }

  /** Adds messages at the end; their UIDs ascend from UIDNEXT or above. */
  append(entries: readonly AppendedEntry[]): void {
    const columns = this.#columns
    const { counters } = this
    let row = columns.uids.length
    const length = row + entries.length
    this.#fromRow = Math.min(this.#fromRow, row)
    columns.uids = extended(uint32, columns.uids, length)
    columns.messages = extended(uint32, columns.messages, length)
    columns.sizes = extended(uint32, columns.sizes, length)
    columns.internalDates = extended(float64, columns.internalDates, length)
    columns.saveDates = extended(float64, columns.saveDates, length)
    columns.threads = extended(uint32, columns.threads, length)
    for (const entry of entries) {
      columns.uids[row] = entry.uid
      columns.messages[row] = entry.message
      columns.sizes[row] = entry.size
      columns.internalDates[row] = entry.internalDate
      columns.saveDates[row] = entry.saveDate
      columns.threads[row] = entry.thread
      this.flags.push(this.table.intern(entry.flags))
      this.modSeqs.push(this.#modSeq)
      this.#count(entry.flags.system, 1)
      counters.size += entry.size
      row++
    }
    counters.messages = length
    counters.recent += entries.length
    counters.highestModSeq = this.#modSeq
    counters.uidNext = asUid((columns.uids[length - 1] ?? 0) + 1)
  }

  /**
   * Gives rows, ascending, other flags: the set at position n of the table gives way to the one at position
   * `setAfter(n)`, which is asked once for each. Of sets that changed it hands on, by the position of the new one, the
   * UIDs that have it now.
   */
  changeFlags(rows: Uint32Array, setAfter: (before: number) => number): Map<number, Uint32Array> {
    const { uids } = this
    const changed = new Map<number, GrowingUids>()
    const changes: (FlagsChange | undefined)[] = []
    let number = -1
    let flags: Uint32Array = uids // of the page at hand, as the three below
    let modSeqs: Float64Array | undefined
    // Hot: once per message of STORE 1:*.
    for (let n = 0; n < rows.length; n++) {
      const row = rows[n]! // inside bounds, as are all here
      if (row >>> pageShift !== number) {
        number = row >>> pageShift
        flags = this.flags.page(number)
        modSeqs = undefined
      }
      const before = flags[row & rowMask]!
      const change = (changes[before] ??= flagsChange(setAfter(before), changed))
      if (change.set === before) continue
      if (!modSeqs) {
        flags = this.flags.writable(number)
        modSeqs = this.modSeqs.writable(number)
        this.#flagPages.add(number)
      }
      flags[row & rowMask] = change.set
      modSeqs[row & rowMask] = this.#modSeq
      change.count++
      change.uids.push(uids[row]!)
    }
    this.#countChanges(changes)
    return new Map([...changed].flatMap(([set, list]) => (list.length > 0 ? [[set, list.finish()] as const] : [])))
  }

  #countChanges(changes: readonly (FlagsChange | undefined)[]): void {
    changes.forEach((change, before) => {
      if (!change || change.count === 0) return
      this.counters.highestModSeq = this.#modSeq
      this.#count(this.table.sets[before]!.system, -change.count) // a set that rows had, as the next that they have
      this.#count(this.table.sets[change.set]!.system, change.count)
    })
  }

  /** Gives `row` the flags at position `set` of the table. */
  setFlags(row: number, set: number): void {
    const before = this.flagsAt(row).system
    const after = this.table.sets[set]!.system // the caller has it from the table
    if (before !== after) {
      this.#count(before, -1)
      this.#count(after, 1)
    }
    this.flags.set(row, set)
    this.#touch(row)
  }

  hasSeen(user: string, row: number): boolean {
    return bitAt((this.#seen ?? this.#contents.seen).get(user), row)
  }

  /** Whether there is room for what a user has seen. */
  keepsSeenOf(user: string): boolean {
    const seen = this.#seen ?? this.#contents.seen
    return seen.has(user) || seen.size < maxSeenUsers
  }

  /** Sets another user's `\Seen` on rows that did not have it so. */
  setSeen(user: string, seen: boolean, rows: readonly number[] | Uint32Array): void {
    this.#seen ??= new Map(this.#contents.seen)
    const bits = resizedBits(this.#seen.get(user), this.uids.length)
    for (const row of rows) {
      bits[row >>> 5]! ^= 1 << (row & 31)
      this.#touch(row)
    }
    this.#seen.set(user, bits)
    const counts = new Map(this.counters.seenCounts)
    counts.set(user, (counts.get(user) ?? 0) + (seen ? rows.length : -rows.length))
    this.counters.seenCounts = counts
  }

  /** Takes rows out, ascending, at least one. */
  expunge(rows: Uint32Array): void {
    const columns = this.#columns
    const { counters } = this
    const uids: number[] = []
    for (const row of rows) {
      const uid = columns.uids[row]!
      uids.push(uid)
      this.#count(this.flagsAt(row).system, -1)
      counters.size -= columns.sizes[row]!
      if (uid >= counters.firstRecentUid) counters.recent--
    }
    this.#fromRow = Math.min(this.#fromRow, rows[0]!)
    this.#movedFromRow = Math.min(this.#movedFromRow, rows[0]!)
    this.#tombstones = buried(this.#tombstones, this.#modSeq, uids)
    this.#expungeSeen(rows)
    columns.uids = withoutRows(uint32, columns.uids, rows)
    columns.messages = withoutRows(uint32, columns.messages, rows)
    columns.sizes = withoutRows(uint32, columns.sizes, rows)
    columns.internalDates = withoutRows(float64, columns.internalDates, rows)
    columns.saveDates = withoutRows(float64, columns.saveDates, rows)
    columns.threads = withoutRows(uint32, columns.threads, rows)
    this.flags.remove(rows)
    this.modSeqs.remove(rows)
    counters.messages = columns.uids.length
    counters.highestModSeq = this.#modSeq
  }

  claimRecent(firstRecentUid: Uid): void {
    this.counters.firstRecentUid = firstRecentUid
    this.counters.recent = this.uids.length - firstRowFrom(this.uids, firstRecentUid)
  }

  /** The version after the commit, and what of it is not in the version before. */
  finish(): { version: MailboxVersion; written: WrittenRows } {
    if (this.table.wantsRebuild) return this.#rebuilt()
    return this.#versionWith(this.table)
  }

  #versionWith(table: FlagTableDraft): { version: MailboxVersion; written: WrittenRows } {
    const { counters } = this
    const { uids, messages, sizes, internalDates, saveDates, threads } = this.#columns
    const base = this.#contents.snapshot
    const finished = table.finish()
    counters.keywords = finished.keywords
    const modSeqs = this.modSeqs.finish()
    const snapshot: MailboxSnapshot = {
      mailbox: base.mailbox,
      uidValidity: base.uidValidity,
      uidNext: counters.uidNext,
      highestModSeq: counters.highestModSeq,
      firstRecentUid: counters.firstRecentUid,
      uids,
      messages,
      sizes,
      internalDates,
      saveDates,
      threads,
      flags: this.flags.finish(),
      flagSets: finished.sets,
      modSeqs,
      pageModSeqs: modSeqs === base.modSeqs ? base.pageModSeqs : this.#pageMaxima(modSeqs),
      keywords: counters.keywords,
    }
    const seen = this.#seen ?? this.#contents.seen
    const contents: MailboxContents = {
      snapshot,
      table: finished,
      tombstones: this.#tombstones,
      seen,
      userSnapshots: this.#contents.userSnapshots,
    }
    const version = new MailboxVersion(base.mailbox, base.uidValidity, counters, contents)
    return { version, written: { fromRow: this.#fromRow, flagPages: this.#flagPages } }
  }

  /** Leaves out the sets that no message has any more, which renumbers the others. */
  #rebuilt(): { version: MailboxVersion; written: WrittenRows } {
    const positions = new Map<number, number>()
    const sets: FlagSet[] = []
    const length = this.flags.length
    for (let row = 0; row < length; row++) {
      const old = this.flags.at(row)
      let position = positions.get(old)
      if (position === undefined) positions.set(old, (position = sets.push(this.table.sets[old]!) - 1))
      if (position !== old) this.flags.set(row, position)
    }
    for (let page = 0; page < Math.ceil(length / pageRows); page++) this.#flagPages.add(page)
    return this.#versionWith(new FlagTableDraft(flagTable(sets, this.table.keywords), 0))
  }

  /** A page that the commit wrote to holds its mod-sequence, the highest of all; one moved by an expunge is scanned. */
  #pageMaxima(modSeqs: PagedColumn<Float64Array>): Float64Array {
    const maxima = new Float64Array(Math.ceil(this.modSeqs.length / pageRows))
    const base = this.#contents.snapshot.pageModSeqs
    maxima.set(base.subarray(0, maxima.length))
    for (const page of this.#flagPages) if (page < maxima.length) maxima[page] = this.#modSeq
    const movedFrom = Math.floor(this.#movedFromRow / pageRows)
    for (let page = Math.floor(this.#fromRow / pageRows); page < maxima.length; page++) {
      maxima[page] = page < movedFrom ? this.#modSeq : this.#highestIn(modSeqs, page)
    }
    return maxima
  }

  #highestIn({ pages, length }: PagedColumn<Float64Array>, number: number): number {
    const page = pages[number]! // one of the column's
    const end = Math.min(page.length, length - number * pageRows)
    let highest = 0
    for (let i = 0; i < end; i++) if (page[i]! > highest) highest = page[i]!
    return highest
  }

  #touch(row: number): void {
    this.modSeqs.set(row, this.#modSeq)
    this.counters.highestModSeq = this.#modSeq
    const page = Math.floor(row / pageRows)
    if (page === this.#lastFlagPage) return
    this.#lastFlagPage = page
    this.#flagPages.add(page)
  }

  #count(system: number, by: number): void {
    if (!(system & systemFlag.seen)) this.counters.unseen += by
    if (system & systemFlag.deleted) this.counters.deleted += by
  }

  #expungeSeen(rows: Uint32Array): void {
    const before = this.#seen ?? this.#contents.seen
    if (before.size === 0) return
    const counts = new Map(this.counters.seenCounts)
    const after = new Map<string, Uint32Array>()
    const left = this.uids.length - rows.length
    for (const [user, bits] of before) {
      const gone = rows.reduce((sum, row) => sum + (bitAt(bits, row) ? 1 : 0), 0)
      counts.set(user, (counts.get(user) ?? 0) - gone)
      after.set(user, bitsWithout(bits, rows, left))
    }
    this.#seen = after
    this.counters.seenCounts = counts
  }
}

/** The rows of those of `uids` that exist, ascending. */
export function rowsOfUids(column: Uint32Array, uids: readonly number[] | Uint32Array): Uint32Array {
  if (uids instanceof Uint32Array && uids.buffer === column.buffer) return rowsOfPart(column, uids)
  const rows = new Uint32Array(Math.min(uids.length, column.length))
  let count = 0
  let from = 0
  let before = 0
  for (const uid of uids) {
    if (uid <= before)
      return rowsOfUids(
        column,
        [...new Set(uids)].sort((a, b) => a - b),
      )
    before = uid
    if (from < column.length && column[from]! > uid) continue
    if (column[from] !== uid) {
      from += firstRowFrom(column.subarray(from), uid)
      if (from === column.length) break
      if (column[from] !== uid) continue
    }
    rows[count++] = from++
  }
  return rows.subarray(0, count)
}

/** The rows of a part of the column itself: all messages, or a run of them. */
function rowsOfPart(column: Uint32Array, part: Uint32Array): Uint32Array {
  const first = (part.byteOffset - column.byteOffset) / column.BYTES_PER_ELEMENT
  const rows = new Uint32Array(part.length)
  for (let n = 0; n < rows.length; n++) rows[n] = first + n
  return rows
}
