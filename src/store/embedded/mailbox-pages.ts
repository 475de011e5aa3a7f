import { pageRows } from '../../model/column.ts'
import { flagSet } from '../../model/flags.ts'
import type { MailboxId } from '../../model/numbers.ts'
import { asModSeq } from '../../model/numbers.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import type { MailboxDelta, MailboxImage, TombstoneImage } from '../state/images.ts'
import { BytesReader, BytesWriter } from './bytes.ts'
import type { Database } from './database.ts'
import { checksumBytes, withChecksum } from './database.ts'

/**
 * A mailbox's columns in the database: for every 1,024 rows one octet string of what never changes in a row, and one
 * of flags and mod-sequences, so that a change of flags does not write the other again.
 */

/** Pages of one mailbox, at most: 2^22 pages have 2^32 rows. */
const maxPages = 2 ** 22
/** Octets of a row in a page that never changes: two dates, then UID, message, size and thread. */
const fixedRowBytes = 2 * 8 + 4 * 4
/** Octets of a row of flags: a mod-sequence, then the set of flags. */
const flagsRowBytes = 8 + 4

/** Writes what changed in a mailbox, inside the caller's transaction. */
export function writeMailbox(database: Database, { head, snapshot, ...delta }: MailboxDelta): void {
  database.run(
    'INSERT INTO mailbox (id, head) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET head = excluded.head',
    head.id,
    JSON.stringify({ ...head, acl: [...head.acl], seenCounts: [...head.seenCounts] }),
  )
  if (snapshot) {
    writePages(database, snapshot, delta)
    const sets = snapshot.flagSets.map(({ system, keywords }) => [system, ...keywords])
    database.run('UPDATE mailbox SET flag_sets = ? WHERE id = ?', JSON.stringify(sets), head.id)
    const seen = withChecksum(encodeSeen(delta.seen))
    database.run('UPDATE mailbox SET seen = ? WHERE id = ?', seen, head.id)
  }
  if (delta.tombstones) {
    const tombstones = withChecksum(encodeTombstones(delta.tombstones))
    database.run('UPDATE mailbox SET tombstones = ? WHERE id = ?', tombstones, head.id)
  }
}

/** Removes all of a mailbox, inside the caller's transaction. */
export function removeMailbox(database: Database, mailbox: MailboxId): void {
  database.run('DELETE FROM mailbox WHERE id = ?', mailbox)
  removePages(database, mailbox, 0)
}

function removePages(database: Database, mailbox: MailboxId, from: number): void {
  const bounds = [mailbox * maxPages + from, (mailbox + 1) * maxPages] as const
  database.run('DELETE FROM page_fixed WHERE key >= ? AND key < ?', ...bounds)
  database.run('DELETE FROM page_flags WHERE key >= ? AND key < ?', ...bounds)
}

function writePages(
  database: Database,
  snapshot: MailboxSnapshot,
  { fromRow, flagPages }: Pick<MailboxDelta, 'fromRow' | 'flagPages'>,
): void {
  const { mailbox, uids } = snapshot
  const firstPage = Math.floor(fromRow / pageRows)
  const pages = Math.ceil(uids.length / pageRows)
  // One for all pages: memory that is new for each would cost more than what is done with it.
  const room = Buffer.allocUnsafe(pageRows * fixedRowBytes + checksumBytes)
  for (const page of flagPages) {
    if (page < Math.min(firstPage, pages)) writeFlagsPage(database, snapshot, page, room)
  }
  for (let page = firstPage; page < pages; page++) {
    writeFixedPage(database, snapshot, page, room)
    writeFlagsPage(database, snapshot, page, room)
  }
  removePages(database, mailbox, pages)
}

function writeFixedPage(database: Database, snapshot: MailboxSnapshot, page: number, room: Buffer): void {
  const from = page * pageRows
  const to = Math.min(from + pageRows, snapshot.uids.length)
  const { internalDates, saveDates, uids, messages, sizes, threads } = snapshot
  const columns = [internalDates, saveDates, uids, messages, sizes, threads]
  const parts = columns.map((column) => octetsOf(column.subarray(from, to)))
  database.putParts('page_fixed', snapshot.mailbox * maxPages + page, parts, room)
}

function writeFlagsPage(database: Database, snapshot: MailboxSnapshot, page: number, room: Buffer): void {
  const rows = Math.min(pageRows, snapshot.uids.length - page * pageRows)
  const columns = [snapshot.modSeqs.pages[page], snapshot.flags.pages[page]]
  const parts = columns.map((column) => (column ? octetsOf(column.subarray(0, rows)) : nothing))
  database.putParts('page_flags', snapshot.mailbox * maxPages + page, parts, room)
}

const nothing = Buffer.alloc(0)

function octetsOf(column: Uint32Array | Float64Array): Buffer {
  return Buffer.from(column.buffer, column.byteOffset, column.byteLength)
}

/** Reads a mailbox's columns, of `rows` messages. Throws `StoreFailure` (`damaged`). */
export function readMailbox(database: Database, mailbox: MailboxId, rows: number): MailboxImage {
  const [sets, tombstones, seen] =
    database.rows('SELECT flag_sets, tombstones, seen FROM mailbox WHERE id = ?', mailbox)[0] ?? []
  const image: MailboxImage = {
    uids: new Uint32Array(rows),
    messages: new Uint32Array(rows),
    sizes: new Uint32Array(rows),
    internalDates: new Float64Array(rows),
    saveDates: new Float64Array(rows),
    threads: new Uint32Array(rows),
    flags: new Uint32Array(rows),
    flagSets: flagSetsOf(sets),
    modSeqs: new Float64Array(rows),
    tombstones: tombstones instanceof Buffer ? decodeTombstones(database.checked(tombstones, 'tombstones')) : noTombs,
    seen: seen instanceof Buffer ? decodeSeen(database.checked(seen, 'seen')) : new Map(),
  }
  const { internalDates, saveDates, uids, messages, sizes, threads, modSeqs, flags } = image
  for (let from = 0; from < rows; from += pageRows) {
    const count = Math.min(pageRows, rows - from)
    const key = mailbox * maxPages + from / pageRows
    const fixed = wholePage(database, 'page_fixed', key, count * fixedRowBytes)
    spread(fixed, [internalDates, saveDates, uids, messages, sizes, threads], from, count)
    const ofFlags = wholePage(database, 'page_flags', key, count * flagsRowBytes)
    spread(ofFlags, [modSeqs, flags], from, count)
  }
  return image
}

function wholePage(database: Database, table: 'page_fixed' | 'page_flags', key: number, length: number): Buffer {
  const bytes = database.blob(table, key)
  if (bytes?.length === length) return bytes
  throw database.damage(`${table} ${key}`)
}

function spread(page: Buffer, columns: readonly (Uint32Array | Float64Array)[], from: number, count: number): void {
  let at = 0
  for (const column of columns) {
    const bytes = octetsOf(column.subarray(from, from + count))
    page.copy(bytes, 0, at, at + bytes.length)
    at += bytes.length
  }
}

function flagSetsOf(json: unknown): MailboxImage['flagSets'] {
  if (typeof json !== 'string') return []
  const sets = JSON.parse(json) as [system: number, ...keywords: string[]][] // as `writeMailbox` wrote it
  return sets.map(([system, ...keywords]) => flagSet(system, keywords))
}

const noTombs: TombstoneImage = {
  floor: asModSeq(0),
  modSeqs: new Float64Array(0),
  firsts: new Uint32Array(0),
  lasts: new Uint32Array(0),
}

function encodeTombstones({ floor, modSeqs, firsts, lasts }: TombstoneImage): Buffer {
  const out = new BytesWriter(16 + modSeqs.length * 4)
  out.number(floor)
  out.number(modSeqs.length)
  for (let n = 0; n < modSeqs.length; n++) {
    out.number(modSeqs[n]! - (n > 0 ? modSeqs[n - 1]! : 0))
    out.signed(firsts[n]! - (n > 0 ? firsts[n - 1]! : 0))
    out.number(lasts[n]! - firsts[n]!)
  }
  return out.finish()
}

function decodeTombstones(bytes: Buffer): TombstoneImage {
  const from = new BytesReader(bytes)
  const floor = asModSeq(from.number())
  const count = from.number()
  const modSeqs = new Float64Array(count)
  const firsts = new Uint32Array(count)
  const lasts = new Uint32Array(count)
  for (let n = 0; n < count; n++) {
    modSeqs[n] = from.number() + (n > 0 ? modSeqs[n - 1]! : 0)
    firsts[n] = from.signed() + (n > 0 ? firsts[n - 1]! : 0)
    lasts[n] = from.number() + firsts[n]!
  }
  return { floor, modSeqs, firsts, lasts }
}

function encodeSeen(seen: MailboxDelta['seen']): Buffer {
  const out = new BytesWriter()
  out.number(seen.size)
  for (const [user, words] of seen) {
    out.text(user)
    out.number(words.length)
    for (const word of words) out.number(word)
  }
  return out.finish()
}

function decodeSeen(bytes: Buffer): Map<string, Uint32Array> {
  const from = new BytesReader(bytes)
  const seen = new Map<string, Uint32Array>()
  for (let users = from.number(); users > 0; users--) {
    const user = from.text()
    seen.set(
      user,
      Uint32Array.from({ length: from.number() }, () => from.number()),
    )
  }
  return seen
}
