import { pageRows } from '../model/column.ts'
import type { MailboxId, ModSeq } from '../model/numbers.ts'
import { firstRowFrom, rowOfUid, type MailboxSnapshot } from '../model/snapshot.ts'

/** Messages picked by a command: for each its sequence number, and its row in the view's snapshot. */
export interface Selection {
  /** Ascending. */
  readonly seqNums: Uint32Array
  /** Row in {@link MailboxView.snapshot}; -1 for a message that is gone, of which the client does not know yet. */
  readonly rows: Int32Array
  /** Whether any row is -1. */
  readonly someGone: boolean
}

/** What a client has to be told so that its view is that of the snapshot. */
export interface ViewUpdate {
  /** Sequence numbers to send in EXPUNGE responses, one after the other; each counts in the view left by those before. */
  readonly expunged: readonly number[]
  /** The same messages by UID, ascending, for VANISHED. */
  readonly vanished: readonly number[]
  /** Whether messages came, so that EXISTS is due. */
  readonly grew: boolean
  /** Sequence numbers, after the expunges, of messages whose flags changed, with their rows in the new snapshot. */
  readonly changed: Selection
}

/** Shared, since most views hold nothing and there are as many as idle clients. */
const none: readonly never[] = []
const noRows: Int32Array = new Int32Array(0)
const noSeqNums: Uint32Array = new Uint32Array(0)
/** No message at all. */
export const emptySelection: Selection = { seqNums: noSeqNums, rows: noRows, someGone: false }

/**
 * The selected mailbox as the client knows it (RFC 9051 §5.2): its messages in the order of their sequence numbers.
 * Sequence numbers exist only between the client and this view.
 *
 * The UIDs are the snapshot's own array until an expunge has to be held back; so most views cost nothing.
 */
export class MailboxView {
  readonly mailbox: MailboxId
  readonly readOnly: boolean
  #snapshot: MailboxSnapshot
  #uids: Uint32Array
  /** UIDs the client still counts although they are expunged. Ascending. */
  #held: readonly number[] = none
  /** The mod-sequence before the first expunge that is held back. */
  #heldAfter: ModSeq
  /** Messages whose flags the client knows as they were at a mod-sequence. */
  #told: readonly { readonly uids: Uint32Array; readonly modSeq: number }[] = none
  /** UIDs that are `\Recent` in this session, as ranges with both ends (RFC 3501 §2.3.2). */
  #recent: [first: number, last: number][] = []

  constructor(snapshot: MailboxSnapshot, readOnly: boolean) {
    this.mailbox = snapshot.mailbox
    this.readOnly = readOnly
    this.#snapshot = snapshot
    this.#uids = snapshot.uids
    this.#heldAfter = snapshot.highestModSeq
  }

  /** The mailbox as of the last update. */
  get snapshot(): MailboxSnapshot {
    return this.#snapshot
  }

  /** How many messages the client counts. */
  get exists(): number {
    return this.#uids.length
  }

  /** The UIDs as the client counts them. */
  get uids(): Uint32Array {
    return this.#uids
  }

  /** Whether the client does not know yet of some expunge. */
  get holdsExpunges(): boolean {
    return this.#held.length > 0
  }

  /** The mod-sequence up to which the client knows everything; expunges that are held back it does not know. */
  get knownModSeq(): ModSeq {
    return this.holdsExpunges ? this.#heldAfter : this.#snapshot.highestModSeq
  }

  /**
   * Says that the client knows the flags of these messages (`uids` ascending) as they are at `modSeq`, told by this
   * session or expected: the next update need not tell them.
   */
  skip(uids: Uint32Array, modSeq: number): void {
    this.#told = [...this.#told, { uids, modSeq }]
  }

  /**
   * Moves the view to `latest`. Without `mayExpunge` the messages that are gone keep their sequence numbers
   * (RFC 9051 §7.5.1) until a later update tells them.
   */
  update(latest: MailboxSnapshot, mayExpunge: boolean): ViewUpdate {
    const before = this.#snapshot
    const gone = latest.uids === before.uids ? [] : goneRows(before, latest)
    if (gone.length > 0) {
      if (!this.holdsExpunges) this.#heldAfter = before.highestModSeq
      this.#held = mergeAscending(this.#held, gone)
    }
    const firstNew = firstRowFrom(latest.uids, before.uidNext)
    const grew = firstNew < latest.uids.length

    let expunged: number[] = []
    let vanished: readonly number[] = []
    if (mayExpunge && this.#held.length > 0) {
      vanished = this.#held
      expunged = this.#held.map((uid, already) => rowOfUid(this.#uids, uid) + 1 - already)
      this.#held = none
    }
    if (this.#held.length === 0) this.#uids = latest.uids
    else if (grew) this.#uids = concatenated(this.#uids, latest.uids.subarray(firstNew))

    this.#snapshot = latest
    const changed = latest.highestModSeq > before.highestModSeq ? this.#changedSince(before, firstNew) : emptySelection
    this.#told = none
    return { expunged, vanished, grew, changed }
  }

  /** Rows below `rowLimit` that changed after `before`, less those that need not be told. */
  #changedSince(before: MailboxSnapshot, rowLimit: number): Selection {
    let rows = rowsChangedSince(this.#snapshot, before.highestModSeq, rowLimit)
    for (const told of this.#told) rows = untold(this.#snapshot, rows, told)
    return this.selectRows(rows)
  }

  /** The selection of rows of the snapshot, ascending. */
  selectRows(rows: readonly number[] | Int32Array): Selection {
    if (rows.length === 0) return emptySelection
    const seqNums = new Uint32Array(rows.length)
    for (let i = 0; i < rows.length; i++) seqNums[i] = this.seqNumOfRow(rows[i]!) // inside bounds
    return { seqNums, rows: rows instanceof Int32Array ? rows : Int32Array.from(rows), someGone: false }
  }

  /** The UIDs of rows of the snapshot; those that are -1 are left out. */
  uidsOfRows(rows: Int32Array): Uint32Array {
    const first = rows[0] ?? 0
    const isRun = rows[rows.length - 1] === first + rows.length - 1 && !rows.includes(-1)
    if (isRun) return this.#snapshot.uids.subarray(first, first + rows.length)
    const uids = new Uint32Array(rows.length)
    let count = 0
    for (const row of rows) if (row >= 0) uids[count++] = this.#snapshot.uids[row]! // inside bounds
    return uids.subarray(0, count)
  }

  /** The sequence number of a row of the snapshot. */
  seqNumOfRow(row: number): number {
    return this.#uids === this.#snapshot.uids ? row + 1 : rowOfUid(this.#uids, this.#snapshot.uids[row]!) + 1 // inside
  }

  /** The sequence number of the message with `uid`, or 0. */
  seqNumOfUid(uid: number): number {
    return rowOfUid(this.#uids, uid) + 1
  }

  /** Messages whose sequence numbers lie in `ranges` (ascending, apart, both ends included, none beyond the end). */
  selectSeqNums(ranges: readonly (readonly [first: number, last: number])[]): Selection {
    return this.#select(ranges)
  }

  /** Messages whose UIDs lie in `ranges` (ascending, apart, both ends included); others do not matter. */
  selectUids(ranges: readonly (readonly [first: number, last: number])[]): Selection {
    return this.#select(
      ranges.map(([first, last]) => [firstRowFrom(this.#uids, first) + 1, firstRowFrom(this.#uids, last + 1)] as const),
    )
  }

  #select(ranges: readonly (readonly [first: number, last: number])[]): Selection {
    let count = 0
    for (const [first, last] of ranges) count += Math.max(0, last - first + 1)
    const seqNums = new Uint32Array(count)
    const rows = new Int32Array(count)
    const shared = this.#uids === this.#snapshot.uids
    let at = 0
    let someGone = false
    for (const [first, last] of ranges) {
      for (let seqNum = first; seqNum <= last; seqNum++) {
        const row = shared ? seqNum - 1 : rowOfUid(this.#snapshot.uids, this.#uids[seqNum - 1]!) // inside bounds
        if (row < 0) someGone = true
        seqNums[at] = seqNum
        rows[at++] = row
      }
    }
    return { seqNums, rows, someGone }
  }

  /** Makes messages from `firstUid` to below `uidNext` recent in this session. */
  addRecent(firstUid: number, uidNext: number): void {
    const last = this.#recent.at(-1)
    // A session that examines claims nothing, and so is given the same messages again with each that comes.
    const first = Math.max(firstUid, (last?.[1] ?? 0) + 1)
    if (first >= uidNext) return
    if (last && last[1] === first - 1) last[1] = uidNext - 1
    else this.#recent.push([first, uidNext - 1])
  }

  /** Whether the message is recent in this session. */
  isRecent(uid: number): boolean {
    return this.#recent.some(([first, last]) => uid >= first && uid <= last)
  }

  /** How many messages of the view are recent. */
  countRecent(): number {
    let count = 0
    for (const [first, last] of this.#recent)
      count += firstRowFrom(this.#uids, last + 1) - firstRowFrom(this.#uids, first)
    return count
  }
}

/** Rows below `rowLimit` whose mod-sequence is above `modSeq`. Passes over pages in which nothing changed. */
export function rowsChangedSince(snapshot: MailboxSnapshot, modSeq: number, rowLimit: number): Int32Array {
  const { modSeqs, pageModSeqs } = snapshot
  const { pages } = modSeqs
  let room = 0
  for (let n = 0; n < pages.length; n++) if (pageModSeqs[n]! > modSeq) room += pages[n]!.length // inside bounds, as all here
  // Most changes are of one message, which needs no new memory for a page.
  const rows = room <= pageRows ? rowsOfPage : new Int32Array(Math.min(room, rowLimit))
  let count = 0
  for (let n = 0, base = 0; n < pages.length && base < rowLimit; n++) {
    const page = pages[n]!
    if (pageModSeqs[n]! > modSeq) {
      const end = Math.min(page.length, rowLimit - base)
      for (let i = 0; i < end; i++) if (page[i]! > modSeq) rows[count++] = base + i
    }
    base += page.length
  }
  return rows === rowsOfPage ? rows.slice(0, count) : rows.subarray(0, count)
}

/** Room for the rows of one page, for all who look for changes. */
const rowsOfPage = new Int32Array(pageRows)

/** UIDs that `before` has and `latest` has not. */
function goneRows(before: MailboxSnapshot, latest: MailboxSnapshot): number[] {
  const gone: number[] = []
  const lost = before.uids.length - firstRowFrom(latest.uids, before.uidNext)
  let row = 0
  for (const uid of before.uids) {
    if (gone.length === lost) break
    if (latest.uids[row] === uid) row++
    else gone.push(uid)
  }
  return gone
}

/** Those of `rows` (ascending) that are not among the messages told, or changed again behind that. */
function untold(
  { uids, modSeqs, highestModSeq }: MailboxSnapshot,
  rows: Int32Array,
  told: { readonly uids: Uint32Array; readonly modSeq: number },
): Int32Array {
  const left = new Int32Array(rows.length)
  const mayDiffer = highestModSeq > told.modSeq
  let count = 0
  let from = 0
  for (let n = 0; n < rows.length; n++) {
    const row = rows[n]! // inside bounds, as are all here
    const uid = uids[row]!
    if (from < told.uids.length && told.uids[from]! < uid) from = firstRowFrom(told.uids, uid, from)
    const isTold = from < told.uids.length && told.uids[from] === uid
    if (isTold) from++
    if (!isTold || (mayDiffer && modSeqs.at(row) > told.modSeq)) left[count++] = row
  }
  return left.subarray(0, count)
}

function mergeAscending(a: readonly number[], b: readonly number[]): number[] {
  return a.length === 0 ? [...b] : [...a, ...b].sort((x, y) => x - y)
}

function concatenated(a: Uint32Array, b: Uint32Array): Uint32Array {
  const both = new Uint32Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
