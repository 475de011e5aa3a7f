import type Database from 'better-sqlite3'
import type { UserEntry } from './directory.ts'
import type { Group, PeopleRecords } from './people.ts'

/** The tables beside that of the users. An owner is an identifier: a user's name, or `$` and a group's. */
export const peopleTables = `
  CREATE TABLE owners (
    name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    owner TEXT NOT NULL,
    PRIMARY KEY (name, owner)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX owners_by_owner ON owners (owner);
  CREATE TABLE members (
    member TEXT NOT NULL,
    name TEXT NOT NULL, -- of the group
    PRIMARY KEY (member, name)
  ) STRICT, WITHOUT ROWID;`

/** The records in a database; `userNamed` is the directory's, and `guard` turns failures of SQLite into its own. */
export function peopleRecords(
  database: Database.Database,
  userNamed: (text: string) => UserEntry | undefined,
  guard: <Result>(work: () => Result) => Result,
): PeopleRecords {
  const selectUser = database.prepare<[string], UserEntry>('SELECT name, account FROM users WHERE account = ?')
  const selectOwners = database.prepare<[string], string>('SELECT owner FROM owners WHERE name = ?').pluck()
  const selectOwned = database.prepare<[string], string>('SELECT name FROM owners WHERE owner = ?').pluck()
  const deleteOwners = database.prepare<[string]>('DELETE FROM owners WHERE name = ?')
  const insertOwner = database.prepare<[string, string]>('INSERT INTO owners VALUES (?, ?)')
  const selectGroups = database.prepare<[string], string>('SELECT name FROM members WHERE member = ?').pluck()
  const selectMembers = database.prepare<[], { name: string; member: string }>(
    'SELECT name, member FROM members ORDER BY name, member',
  )
  const deleteMembers = database.prepare<[string]>('DELETE FROM members WHERE name = ?')
  const insertMember = database.prepare<[string, string]>('INSERT INTO members VALUES (?, ?)')
  const replace = database.transaction((clear: () => void, add: () => void) => {
    clear()
    add()
  })

  return {
    userNamed,
    userOf: (account) => guard(() => selectUser.get(account)),
    ownersOf(name) {
      const owners = guard(() => selectOwners.all(name))
      return owners.length === 0 ? undefined : owners
    },
    setOwners(name, owners) {
      guard(() =>
        replace.immediate(
          () => deleteOwners.run(name),
          () => owners.forEach((owner) => insertOwner.run(name, owner)),
        ),
      )
    },
    ownedBy: (owner) => guard(() => selectOwned.all(owner)),
    groupsOf: (member) => guard(() => selectGroups.all(member)),
    groups(): readonly Group[] {
      const members = guard(() => selectMembers.all())
      return [...Map.groupBy(members, ({ name }) => name)].map(([name, rows]) => ({
        name,
        members: rows.map(({ member }) => member),
      }))
    },
    setMembers(group, members) {
      guard(() =>
        replace.immediate(
          () => deleteMembers.run(group),
          () => members.forEach((member) => insertMember.run(member, group)),
        ),
      )
    },
  }
}
