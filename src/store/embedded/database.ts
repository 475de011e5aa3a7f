import { statSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import Sqlite from 'better-sqlite3'
import { StoreFailure } from '../store.ts'
import { asStoreFailure } from './disk.ts'

/** What a statement takes and gives. */
export type SqlValue = number | string | Buffer | null

/** A table of octet strings by a whole number. */
export type BlobTable = 'page_fixed' | 'page_flags' | 'computed' | 'location' | 'reference'

/** The version of the tables below; another one is thrown away and made anew from the log. */
export const databaseFormat = 3

/** Octets of the checksum at the end of all that is kept as octets. */
export const checksumBytes = 4

const tables = `
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS mailbox (
    id INTEGER PRIMARY KEY, head TEXT NOT NULL, flag_sets TEXT, tombstones BLOB, seen BLOB
  ) STRICT;
  CREATE TABLE IF NOT EXISTS subscription (user TEXT PRIMARY KEY, names TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS thread (hash INTEGER PRIMARY KEY, thread INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS own_file (segment INTEGER PRIMARY KEY, message INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS page_fixed (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS page_flags (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS computed (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS location (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS reference (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
`
/** Tables that databases of older versions do not have; nothing belongs into them until a change of a newer kind comes. */
const laterTables = `
  CREATE TABLE IF NOT EXISTS metadata (mailbox INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;
`

/** KiB of SQLite's own page cache: small, since what is read often is cached above it. */
const cacheKib = 512
/** Octets of the write-ahead log above which it is brought into the database. */
const maxWalBytes = 4 * 1024 * 1024

/**
 * The one module that speaks to SQLite. The database is an image of the account as of a place in the log; losing it
 * loses nothing.
 */
export class Database {
  readonly path: string
  #damaged = false
  readonly #db: Sqlite.Database
  readonly #statements = new Map<string, Sqlite.Statement<SqlValue[]>>()

  /** Throws `StoreFailure`: `damaged` when the file is no such database. */
  constructor(path: string, readonly = false) {
    this.path = path
    try {
      this.#db = new Sqlite(path, { readonly })
    } catch (error) {
      throw asStoreFailure(error, `cannot open ${path}`)
    }
    try {
      if (!readonly) this.#prepareFile()
      this.#db.pragma(`cache_size = -${cacheKib}`)
      this.#db.pragma('mmap_size = 0')
      this.#db.pragma('temp_store = MEMORY')
      const format = this.#db.pragma('user_version', { simple: true })
      if (format !== databaseFormat) {
        throw new StoreFailure('damaged', `${path} has the format ${String(format)}, not ${databaseFormat}`)
      }
    } catch (error) {
      this.#db.close()
      throw asStoreFailure(error, `cannot open ${path}`)
    }
  }

  #prepareFile(): void {
    const isNew = this.#db.prepare('SELECT count(*) FROM sqlite_master').pluck().get() === 0
    // A new one need not survive anything: it is made again from the log.
    if (isNew) this.#db.pragma('synchronous = OFF')
    this.#db.pragma('page_size = 8192')
    this.#db.pragma('journal_mode = WAL')
    if (isNew) this.#db.exec(`BEGIN; ${tables} ${laterTables} PRAGMA user_version = ${databaseFormat}; COMMIT`)
    else this.#db.exec(laterTables)
    this.#db.pragma('synchronous = NORMAL')
    this.#db.pragma('wal_autocheckpoint = 0')
    this.#db.pragma('journal_size_limit = 0')
    this.#db.pragma('locking_mode = NORMAL')
    this.#db.pragma('auto_vacuum = NONE')
    this.#db.pragma('foreign_keys = OFF')
    this.#db.pragma('trusted_schema = OFF')
    this.#db.pragma('busy_timeout = 2000')
  }

  /** Whether something in the file was found not to be as it was written. */
  get isDamaged(): boolean {
    return this.#damaged
  }

  /** All rows of a query, each an array of its columns. */
  rows(sql: string, ...values: SqlValue[]): SqlValue[][] {
    return this.#guard(() =>
      this.#statement(sql)
        .raw()
        .all(...values),
    ) as SqlValue[][] // raw() gives arrays of columns
  }

  /** The first column of the first row; undefined when there is none. */
  value(sql: string, ...values: SqlValue[]): SqlValue | undefined {
    const row = this.#guard(() =>
      this.#statement(sql)
        .raw()
        .get(...values),
    )
    return (row as SqlValue[] | undefined)?.[0] // raw() gives an array of columns
  }

  run(sql: string, ...values: SqlValue[]): void {
    this.#guard(() => this.#statement(sql).run(...values))
  }

  /** Does all that `work` does, or nothing of it. */
  transaction(work: () => void): void {
    this.#guard(() => this.#db.transaction(work).immediate())
  }

  /** The octets kept under `key`. Throws `StoreFailure` (`damaged`) when they are not as they were written. */
  blob(table: BlobTable, key: number): Buffer | undefined {
    const stored = this.value(`SELECT bytes FROM ${table} WHERE key = ?`, key)
    return stored instanceof Buffer ? this.checked(stored, `${table} ${key}`) : undefined
  }

  putBlob(table: BlobTable, key: number, bytes: Buffer): void {
    this.#put(table, key, withChecksum(bytes))
  }

  /**
   * As {@link putBlob}, of octets that stand in several places. `room` is where they are put together, with
   * {@link checksumBytes} more; it may be used again.
   */
  putParts(table: BlobTable, key: number, parts: readonly Buffer[], room: Buffer): void {
    let length = 0
    for (const part of parts) length += part.copy(room, length)
    room.writeUInt32LE(crc32(room.subarray(0, length)), length)
    this.#put(table, key, room.subarray(0, length + checksumBytes))
  }

  #put(table: BlobTable, key: number, stored: Buffer): void {
    this.run(`INSERT OR REPLACE INTO ${table} (key, bytes) VALUES (?, ?)`, key, stored)
  }

  /** `stored` without the checksum that {@link withChecksum} put at its end. */
  checked(stored: Buffer, what: string): Buffer {
    const end = stored.length - checksumBytes
    const bytes = stored.subarray(0, Math.max(0, end))
    if (end >= 0 && crc32(bytes) === stored.readUInt32LE(end)) return bytes
    throw this.damage(what)
  }

  /** Notes that `what` is not as it was written; the failure to throw. */
  damage(what: string): StoreFailure {
    this.#damaged = true
    return new StoreFailure('damaged', `${this.path} is damaged at ${what}`)
  }

  /** From now on gives everything as it is at this moment, whatever another process writes. For readers. */
  hold(): void {
    this.run('BEGIN')
    this.value('SELECT count(*) FROM meta')
  }

  /** Whether the write-ahead log has grown so much that it should be brought into the database. */
  get walIsLong(): boolean {
    try {
      return statSync(`${this.path}-wal`).size > maxWalBytes
    } catch {
      return false // there is none yet
    }
  }

  /** What SQLite itself finds wrong with the file; empty when it is sound. */
  integrity(): string[] {
    const rows = this.#guard(() => this.#db.pragma('integrity_check'))
    return (rows as { integrity_check: string }[]) // the pragma's one column
      .map((row) => row.integrity_check)
      .filter((text) => text !== 'ok')
  }

  close(): void {
    this.#db.close()
  }

  #statement(sql: string): Sqlite.Statement<SqlValue[]> {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#db.prepare<SqlValue[]>(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #guard<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      const failure = asStoreFailure(error, `cannot use ${this.path}`)
      if (failure.reason === 'damaged') this.#damaged = true
      throw failure
    }
  }
}

/** `bytes` with their checksum behind them. */
export function withChecksum(bytes: Buffer): Buffer {
  const stored = Buffer.allocUnsafe(bytes.length + checksumBytes)
  bytes.copy(stored)
  stored.writeUInt32LE(crc32(bytes), bytes.length)
  return stored
}

/** Brings the write-ahead log of a database into it, and syncs both; whether all of it was. For another thread. */
export function bringInWal(path: string): boolean {
  try {
    const db = new Sqlite(path, { fileMustExist: true })
    try {
      db.pragma('synchronous = NORMAL')
      const rows = db.pragma('wal_checkpoint(FULL)') as { busy: number }[] // the pragma's first column
      return rows[0]?.busy === 0
    } finally {
      db.close()
    }
  } catch {
    return false // the log stays as it is, and is tried again
  }
}
