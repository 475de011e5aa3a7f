import Database from 'better-sqlite3'
import { chmodSync, closeSync, openSync } from 'node:fs'
import { Refusal } from '../model/refusal.ts'
import { formatScramKeys, parseScramKeys } from '../sasl/scram-keys.ts'
import { capabilityNames } from './app-password.ts'
import { appPasswordMigration, appPasswordTable } from './app-password-table.ts'
import { defaultCosts, impossibleCredentials, makeCredentials } from './credentials.ts'
import type { Credentials, HashCosts } from './credentials.ts'
import {
  checkedName,
  checkedPassword,
  defaultLocalDomains,
  DirectoryFailure,
  localDomainSet,
  newAccountId,
  newSecret,
  noSuchUser,
  userExists,
} from './directory.ts'
import type { DirectoryFailureReason, User, UserDirectory, UserEntry } from './directory.ts'
import { candidateNames } from './name.ts'
import { checkedOwners, people } from './people.ts'
import { peopleRecords, peopleTables } from './people-table.ts'
import { parsePhc } from './phc.ts'
import { prepareUsers } from './prepare-users.ts'
import type { PreparedUser } from './prepare-users.ts'

/** Milliseconds to wait for another process that writes. */
const busyTimeoutMs = 10_000

/** Each step brings the file from the version of its position to the next; a step, once released, never changes. */
const migrations: readonly string[] = [
  `CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE users (
     name TEXT PRIMARY KEY,
     account TEXT NOT NULL UNIQUE,
     created INTEGER NOT NULL, -- seconds since 1970, and so is changed: of the password
     changed INTEGER NOT NULL,
     password TEXT NOT NULL, -- argon2id, PHC string
     scram_sha1 TEXT NOT NULL, -- as RFC 5803 writes it
     scram_sha256 TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE former_accounts (account TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;`,
  `ALTER TABLE users ADD COLUMN disabled TEXT NOT NULL DEFAULT ''; -- capabilities, a space between
   ${appPasswordMigration}`,
  peopleTables,
]

/** Settings of {@link userDirectory}. */
export interface UserDirectoryOptions {
  /** The file; made if it is not there, its folder is not. */
  readonly file: string
  /** Domains whose users may have no domain in their names. */
  readonly localDomains?: readonly string[] | undefined
  readonly costs?: HashCosts | undefined
  /** Milliseconds since 1970. */
  readonly clock?: (() => number) | undefined
}

/** Columns of a user in the file. */
interface UserRow {
  readonly name: string
  readonly account: string
  readonly password: string
  readonly scram_sha1: string
  readonly scram_sha256: string
  readonly disabled: string
}

/**
 * Users in a SQLite file. Any number of processes may have it open; what one has changed, the others see with their
 * next call, and it is on disk when the call returns. Throws `DirectoryFailure`.
 */
export function userDirectory(options: UserDirectoryOptions): UserDirectory {
  const { file, costs = defaultCosts, clock = Date.now } = options
  const localDomains = localDomainSet(options.localDomains ?? defaultLocalDomains)
  const database = guard(file, () => openDatabase(file))
  const secret = guard(file, () => secretOf(database))

  const select = database.prepare<[string], UserRow>('SELECT * FROM users WHERE name = ?')
  const selectFormer = database.prepare<[string], unknown>('SELECT 1 FROM former_accounts WHERE account = ?')
  const selectAll = database.prepare<[], UserEntry>('SELECT name, account FROM users ORDER BY name')
  const insert = database.prepare<[UserRow & { now: number }]>(
    `INSERT INTO users (name, account, created, changed, password, scram_sha1, scram_sha256)
     VALUES (@name, @account, @now, @now, @password, @scram_sha1, @scram_sha256)`,
  )
  const update = database.prepare<[UserRow & { now: number }]>(
    `UPDATE users SET changed = @now, password = @password, scram_sha1 = @scram_sha1, scram_sha256 = @scram_sha256
     WHERE name = @name AND account = @account`,
  )
  const updateDisabled = database.prepare<[string, string]>('UPDATE users SET disabled = ? WHERE name = ?')
  const remove = database.prepare<[string]>('DELETE FROM users WHERE name = ?')
  const leaveGroups = database.prepare<[string]>('DELETE FROM members WHERE member = ?')
  const insertFormer = database.prepare<[string]>('INSERT OR IGNORE INTO former_accounts VALUES (?)')

  /** Read where there is no user, so that the time taken does not tell. */
  const decoy = toRow({ name: '', account: '', credentials: impossibleCredentials(costs) })

  const now = (): number => Math.floor(clock() / 1000)
  const appPasswords = appPasswordTable(database, secret, now)

  function rowOf(text: string): UserRow | undefined {
    for (const name of candidateNames(text, localDomains)) {
      const row = select.get(name)
      if (row) return row
    }
    return undefined
  }

  function existingRow(text: string): UserRow {
    const row = rowOf(text)
    if (!row) throw noSuchUser(text)
    return row
  }

  /** All or none; nobody else writes in between. */
  const write = <Result>(work: () => Result): Result => guard(file, () => database.transaction(work).immediate())

  function insertAll(users: readonly PreparedUser[]): UserEntry[] {
    return write(() =>
      users.map((user) => {
        // Another process may have been here while we hashed.
        if (select.get(user.name)) throw userExists(user.name)
        if (selectFormer.get(user.account)) throw new DirectoryFailure('io', 'The id of a new account was used before')
        insert.run({ ...toRow(user), now: now() })
        return entryOf(user)
      }),
    )
  }

  const isTaken = (name: string): boolean => guard(file, () => select.get(name) !== undefined)
  const nameOf = (text: string): string => candidateNames(text, localDomains).at(-1) ?? ''
  const records = peopleRecords(
    database,
    (text) => guard(file, () => rowOf(text)),
    (work) => guard(file, work),
  )

  return {
    secret,
    costs,
    async find(text) {
      const row = guard(file, () => rowOf(text))
      const user = fromRow(row ?? decoy, file)
      return row && user
    },
    nameOf,
    people: people(records, nameOf),
    async add(name, password) {
      const [entry] = insertAll(await prepareUsers([{ name, password }], costs, isTaken))
      if (!entry) throw new Error('one user was asked for')
      return entry
    },
    async addMany(users, onHashed) {
      return insertAll(await prepareUsers(users, costs, isTaken, onHashed))
    },
    async setPassword(text, password) {
      const row = guard(file, () => existingRow(text))
      const credentials = await makeCredentials(checkedPassword(password), costs)
      const changed = write(() => update.run({ ...toRow({ ...entryOf(row), credentials }), now: now() }).changes)
      if (changed === 0) throw noSuchUser(text)
      return entryOf(row)
    },
    async setDisabledCapabilities(text, capabilities) {
      const names = capabilityNames(capabilities)
      write(() => updateDisabled.run(names.join(' '), existingRow(text).name))
      return names
    },
    async addAppPassword(text, wanted) {
      return write(() => appPasswords.add(existingRow(text).name, wanted))
    },
    async appPasswords(text) {
      return guard(file, () => appPasswords.list(existingRow(text).name))
    },
    async removeAppPassword(text, label) {
      write(() => appPasswords.remove(existingRow(text).name, label))
    },
    async findAppPassword(user, text) {
      return guard(file, () => appPasswords.find(user.name, text))
    },
    async addShared(text, owners) {
      const name = checkedName(text)
      const checked = checkedOwners(owners, nameOf)
      const user = { name, account: newAccountId(), credentials: impossibleCredentials(costs) }
      return write(() => {
        const [entry = entryOf(user)] = insertAll([user])
        records.setOwners(name, checked)
        return { ...entry, isShared: true, owners: checked }
      })
    },
    async remove(text) {
      return write(() => {
        const row = existingRow(text)
        remove.run(row.name)
        leaveGroups.run(row.name)
        insertFormer.run(row.account)
        return entryOf(row)
      })
    },
    async list() {
      return guard(file, () => selectAll.all())
    },
    async close() {
      guard(file, () => database.close())
    },
  }
}

function openDatabase(file: string): Database.Database {
  // Made by us, so that nobody else may read it; SQLite gives its side files the same rights.
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
  const database = new Database(file, { timeout: busyTimeoutMs })
  try {
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    database.pragma('trusted_schema = OFF')
    database.pragma('foreign_keys = ON')
    migrate(database, file)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function migrate(database: Database.Database, file: string): void {
  const version = (): number => Number(database.pragma('user_version', { simple: true }))
  if (version() === migrations.length) return
  database
    .transaction(() => {
      const from = version() // read again: another process may have migrated in between
      if (from > migrations.length) {
        throw new DirectoryFailure(
          'newer-version',
          `${file} has version ${from}, and this program knows versions up to ${migrations.length}: use a newer one`,
        )
      }
      for (const step of migrations.slice(from)) database.exec(step)
      database.pragma(`user_version = ${migrations.length}`)
    })
    .immediate()
}

function secretOf(database: Database.Database): Buffer {
  const stored = database.prepare<[], { value: Buffer }>("SELECT value FROM settings WHERE name = 'secret'")
  const known = stored.get()?.value
  if (known) return known
  database.prepare("INSERT OR IGNORE INTO settings VALUES ('secret', ?)").run(newSecret())
  const made = stored.get()?.value
  if (!made) throw new Error('the secret was written and is not there')
  return made
}

function entryOf({ name, account }: UserEntry): UserEntry {
  return { name, account }
}

function toRow({ name, account, credentials }: PreparedUser): UserRow {
  return {
    name,
    account,
    password: credentials.password,
    scram_sha1: formatScramKeys('SHA-1', credentials.scram['SHA-1']),
    scram_sha256: formatScramKeys('SHA-256', credentials.scram['SHA-256']),
    disabled: '',
  }
}

function fromRow(row: UserRow, file: string): User {
  const disabledCapabilities = row.disabled.split(' ').filter((word) => word !== '')
  return { ...entryOf(row), credentials: credentialsOf(row, file), disabledCapabilities }
}

function credentialsOf(row: UserRow, file: string): Credentials {
  try {
    parsePhc(row.password)
    const scram = {
      'SHA-1': parseScramKeys('SHA-1', row.scram_sha1),
      'SHA-256': parseScramKeys('SHA-256', row.scram_sha256),
    }
    return { password: row.password, scram }
  } catch (error) {
    throw new DirectoryFailure('damaged', `${file}: the password of ${row.name} cannot be read`, { cause: error })
  }
}

/** What operators are told, by the beginning of SQLite's or the system's error code. */
const failures: readonly (readonly [code: string, reason: DirectoryFailureReason, text: string])[] = [
  ['SQLITE_NOTADB', 'damaged', 'is not a database of users'],
  ['SQLITE_CORRUPT', 'damaged', 'is damaged'],
  ['SQLITE_BUSY', 'busy', 'is being written by another process for too long'],
  ['SQLITE_LOCKED', 'busy', 'is being written by another process for too long'],
  ['SQLITE_FULL', 'disk-full', 'cannot be written: the disk is full'],
  ['ENOSPC', 'disk-full', 'cannot be written: the disk is full'],
  ['SQLITE_READONLY', 'io', 'may not be written'],
  ['EROFS', 'io', 'may not be written'],
  ['EACCES', 'io', 'may not be read and written'],
  ['EISDIR', 'io', 'is a folder'],
  ['ENOENT', 'io', 'cannot be made: its folder is not there'],
  ['SQLITE_', 'io', 'cannot be read or written'],
]

/** Runs `work`; failures of SQLite and the system come out as `DirectoryFailure`. */
function guard<Result>(file: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Refusal || !('code' in error)) throw error
    const code = String(error.code)
    const known = failures.find(([start]) => code.startsWith(start))
    if (!known) throw error
    const [, reason, text] = known
    throw new DirectoryFailure(reason, `${file} ${text}`, { cause: error })
  }
}
