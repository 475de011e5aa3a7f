import type Database from 'better-sqlite3'
import { appPasswordMac, checkedAppPassword, makeAppPassword, maxAppPasswords } from './app-password.ts'
import type { AppPassword, NewAppPassword } from './app-password.ts'
import { appPasswordExists, noSuchAppPassword, tooManyAppPasswords } from './directory.ts'

/** The step of the file of users that brings app passwords. */
export const appPasswordMigration: string = `
  CREATE TABLE app_passwords (
    user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    label TEXT NOT NULL,
    mac BLOB NOT NULL, -- of the password, under the file's secret
    created INTEGER NOT NULL, -- seconds since 1970, and so is expires
    expires INTEGER,
    disabled TEXT NOT NULL, -- capabilities, a space between
    PRIMARY KEY (user, label)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX app_passwords_by_mac ON app_passwords (user, mac);`

interface Row {
  readonly label: string
  readonly created: number
  readonly expires: number | null
  readonly disabled: string
}

/** App passwords in the file of users. Users are named as the file has them; errors of SQLite come as they are. */
export interface AppPasswordTable {
  /** To be called inside a transaction. Throws `Refusal`. */
  add(user: string, wanted: NewAppPassword): AppPassword & { readonly password: string }
  list(user: string): readonly AppPassword[]
  /** Throws `Refusal`. */
  remove(user: string, label: string): void
  find(user: string, text: string): AppPassword | undefined
}

/** `now` gives whole seconds since 1970. */
export function appPasswordTable(database: Database.Database, secret: Buffer, now: () => number): AppPasswordTable {
  const insert = database.prepare<[Row & { user: string; mac: Buffer }]>(
    'INSERT INTO app_passwords (user, label, mac, created, expires, disabled) VALUES (@user, @label, @mac, @created, @expires, @disabled)',
  )
  const selectAll = database.prepare<[string], Row>(
    'SELECT * FROM app_passwords WHERE user = ? ORDER BY created, label',
  )
  const selectByMac = database.prepare<[string, Buffer], Row>('SELECT * FROM app_passwords WHERE user = ? AND mac = ?')
  const remove = database.prepare<[string, string]>('DELETE FROM app_passwords WHERE user = ? AND label = ?')
  return {
    add(user, wanted) {
      const checked = checkedAppPassword(wanted)
      const existing = selectAll.all(user)
      if (existing.some(({ label }) => label === checked.label)) throw appPasswordExists(checked.label)
      if (existing.length >= maxAppPasswords) throw tooManyAppPasswords()
      const password = makeAppPassword()
      const mac = appPasswordMac(secret, user, password)
      if (!mac) throw new Error('a password was made that is none')
      const added = { ...checked, created: now() }
      insert.run({
        ...added,
        user,
        mac,
        expires: added.expires ?? null,
        disabled: added.disabledCapabilities.join(' '),
      })
      return { ...added, password }
    },
    list: (user) => selectAll.all(user).map(fromRow),
    remove(user, label) {
      if (remove.run(user, label).changes === 0) throw noSuchAppPassword(label)
    },
    find(user, text) {
      const mac = appPasswordMac(secret, user, text)
      const row = mac && selectByMac.get(user, mac)
      return row && (row.expires ?? Infinity) > now() ? fromRow(row) : undefined
    },
  }
}

function fromRow({ label, created, expires, disabled }: Row): AppPassword {
  const words = disabled.split(' ').filter((word) => word !== '')
  return { label, created, ...(expires === null ? {} : { expires }), disabledCapabilities: words }
}
