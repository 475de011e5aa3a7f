import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import type { ChangeSet } from '../../model/change.ts'
import type { Log } from '../../model/log.ts'
import type { MailboxTree } from '../../model/mailbox.ts'
import { asStoreFailure } from './disk.ts'

/** Milliseconds to wait for another process that writes. */
const busyTimeoutMs = 10_000
/** How often it is looked whether another process has noted anything, in milliseconds, while somebody wants to know. */
const lookMs = 1000

/**
 * Which accounts grant anything to which identifiers, so that whoever looks for what is shared need not open them all.
 * It never lacks one: a grant is noted here, durably, before it is in the account's log. It may have some that are no
 * more, until the account is opened the next time. All of it can be found out from the accounts.
 *
 * Any number of processes may have it open.
 */
export class Grants {
  readonly #path: string
  readonly #log: Log
  #database: Sqlite.Database | undefined
  readonly #listeners: Set<() => void> = new Set()
  #looking: NodeJS.Timeout | undefined
  /** What SQLite counts up with each commit of another connection. */
  #version: unknown

  constructor(directory: string, log: Log) {
    this.#path = grantsFile(directory)
    this.#log = log
  }

  /** Accounts that may grant something to one of the identifiers. Throws `StoreFailure`. */
  accountsFor(identifiers: readonly string[]): string[] {
    if (!existsSync(this.#path)) return []
    return this.#guard((database) => {
      const select = database.prepare<[string], string>('SELECT account FROM granted WHERE identifier = ?').pluck()
      return [...new Set(identifiers.flatMap((identifier) => select.all(identifier)))].sort()
    })
  }

  /** To be called before a change set becomes durable: notes what it grants. Throws `StoreFailure`. */
  note(account: string, { changes }: ChangeSet): void {
    const identifiers = new Set<string>()
    for (const change of changes) {
      if (change.kind === 'aclSet') for (const identifier of granted(change.acl)) identifiers.add(identifier)
    }
    if (identifiers.size > 0) this.#add(account, identifiers)
  }

  /** To be called when an account has been opened or removed: forgets what it does not grant any more. */
  settle(account: string, { byId }: Pick<MailboxTree, 'byId'>): void {
    const identifiers = new Set<string>()
    for (const { acl } of byId.values()) for (const identifier of granted(acl)) identifiers.add(identifier)
    if (identifiers.size === 0 && !existsSync(this.#path)) return
    try {
      this.#add(account, identifiers)
      this.#guard((database) => {
        const select = database.prepare<[string], string>('SELECT identifier FROM granted WHERE account = ?').pluck()
        const remove = database.prepare<[string, string]>('DELETE FROM granted WHERE account = ? AND identifier = ?')
        for (const known of select.all(account)) if (!identifiers.has(known)) remove.run(account, known)
      })
    } catch (error) {
      // Its owner can use the account all the same.
      this.#log.error({ err: error, account }, 'what the account shares cannot be noted')
    }
  }

  /** Calls `onChange` whenever a grant is noted: at once, or soon where another process did it. */
  watch(onChange: () => void): () => void {
    const listener = (): void => onChange() // the same one may watch twice
    this.#listeners.add(listener)
    if (!this.#looking) {
      this.#hasChanged()
      this.#looking = setInterval(() => {
        if (this.#hasChanged()) this.#tell()
      }, lookMs).unref()
    }
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size > 0) return
      clearInterval(this.#looking)
      this.#looking = undefined
    }
  }

  /** Whether another process has changed anything since it was asked last. */
  #hasChanged(): boolean {
    try {
      if (!existsSync(this.#path)) return false
      // No more than a look into memory that all processes share.
      const version = this.#guard((database) => database.pragma('data_version', { simple: true }))
      const isOther = version !== this.#version
      this.#version = version
      return isOther
    } catch (error) {
      this.#log.error({ err: error }, 'what is shared cannot be looked up')
      return false
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  close(): void {
    this.#listeners.clear()
    clearInterval(this.#looking)
    this.#looking = undefined
    this.#closeDatabase()
  }

  #closeDatabase(): void {
    this.#database?.close()
    this.#database = undefined
  }

  #add(account: string, identifiers: ReadonlySet<string>): void {
    this.#guard((database) => {
      const select = database.prepare<[string], string>('SELECT identifier FROM granted WHERE account = ?').pluck()
      const known = new Set(select.all(account))
      const missing = [...identifiers].filter((identifier) => !known.has(identifier))
      if (missing.length === 0) return
      const insert = database.prepare<[string, string]>('INSERT OR IGNORE INTO granted VALUES (?, ?)')
      database.transaction(() => missing.forEach((identifier) => insert.run(identifier, account))).immediate()
      this.#tell()
    })
  }

  /** Works with the database; one that is damaged is made anew, and fills as accounts are opened. */
  #guard<Result>(work: (database: Sqlite.Database) => Result): Result {
    try {
      return work((this.#database ??= openDatabase(this.#path)))
    } catch (error) {
      const failure = asStoreFailure(error, `cannot use ${this.#path}`)
      if (failure.reason !== 'damaged') throw failure
      this.#log.error({ err: failure }, 'what is shared must be noted anew: crispin check --rebuild does')
      this.#closeDatabase()
      for (const suffix of ['', '-wal', '-shm']) rmSync(this.#path + suffix, { force: true })
      return work((this.#database = openDatabase(this.#path)))
    }
  }
}

/** Where it is kept. */
export function grantsFile(directory: string): string {
  return join(directory, 'shared.db')
}

/** The identifiers that a list grants anything to. */
function granted(acl: ReadonlyMap<string, string>): string[] {
  return [...acl.keys()].filter((identifier) => !identifier.startsWith('-'))
}

function openDatabase(path: string): Sqlite.Database {
  const database = new Sqlite(path, { timeout: busyTimeoutMs })
  try {
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    database.pragma('trusted_schema = OFF')
    database.exec(`
      CREATE TABLE IF NOT EXISTS granted (identifier TEXT, account TEXT, PRIMARY KEY (identifier, account)) STRICT,
        WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS granted_by_account ON granted (account);`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}
