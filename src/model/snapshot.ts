import type { PagedColumn } from './column.ts'
import type { FlagSet } from './flags.ts'
import type { MailboxId, ModSeq, Uid, Uids } from './numbers.ts'

/**
 * A mailbox at one moment, as columns: row i is the i-th message in ascending order of UIDs.
 * It never changes; a commit makes a new one that shares all that stayed the same.
 */
export interface MailboxSnapshot {
  readonly mailbox: MailboxId
  readonly uidValidity: number
  readonly uidNext: Uid
  /** The highest mod-sequence of any change to the mailbox, at least 1 (RFC 7162 §3.1.2.1). */
  readonly highestModSeq: ModSeq
  /** Messages with this UID or a higher one are `\Recent` to the session that claims them (RFC 3501 §2.3.2). */
  readonly firstRecentUid: Uid
  /** Ascending. The same array object as in the snapshot before as long as no message came or went. */
  readonly uids: Uint32Array
  /** `MessageNum` of each row. */
  readonly messages: Uint32Array
  /** Octets of each message. */
  readonly sizes: Uint32Array
  /** INTERNALDATE in whole seconds since 1970. */
  readonly internalDates: Float64Array
  /** SAVEDATE in whole seconds since 1970 (RFC 8514). */
  readonly saveDates: Float64Array
  /** The number of the thread each message belongs to, 1 or more (RFC 8474 §5.2). */
  readonly threads: Uint32Array
  /** Per row, the position in `flagSets`. */
  readonly flags: PagedColumn<Uint32Array>
  readonly flagSets: readonly FlagSet[]
  readonly modSeqs: PagedColumn<Float64Array>
  /** Per page of `modSeqs`, no row in it has a higher one. Lets a scan for changes skip whole pages. */
  readonly pageModSeqs: Float64Array
  /** Every keyword that was ever used in the mailbox, in order of first use (for the FLAGS response). */
  readonly keywords: readonly string[]
}

/** The row of `uid`, or -1 if no message has it. */
export function rowOfUid(uids: Uint32Array, uid: number): number {
  const row = firstRowFrom(uids, uid)
  return uids[row] === uid ? row : -1
}

/** The row of each of `uids`, which ascend; -1 where no message has it. */
export function rowsOfAll(column: Uint32Array, uids: Uids): Int32Array {
  const rows = new Int32Array(uids.length)
  let from = 0
  for (let n = 0; n < uids.length; n++) {
    const uid = uids[n]! // inside bounds
    if (from < column.length && column[from]! < uid) from = firstRowFrom(column, uid, from)
    rows[n] = column[from] === uid ? from++ : -1
  }
  return rows
}

/** The first row, not below `from`, whose UID is `uid` or higher; `uids.length` if there is none. */
export function firstRowFrom(uids: Uint32Array, uid: number, from: number = 0): number {
  let low = from
  let high = uids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (uids[middle]! < uid) low = middle + 1
    else high = middle
  }
  return low
}
