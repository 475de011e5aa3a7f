import { makeCredentials, testCosts } from './credentials.ts'
import type { HashCosts } from './credentials.ts'
import {
  checkedName,
  checkedPassword,
  defaultLocalDomains,
  localDomainSet,
  newAccountId,
  newSecret,
  noSuchUser,
  userExists,
} from './directory.ts'
import type { NewUser, User, UserDirectory, UserEntry } from './directory.ts'
import { candidateNames } from './name.ts'
import { prepareUsers } from './prepare-users.ts'

/** Settings of {@link memoryDirectory}. */
export interface MemoryDirectoryOptions {
  readonly localDomains?: readonly string[] | undefined
  /** By default next to nothing: nobody can steal this memory who could not also read the passwords. */
  readonly costs?: HashCosts | undefined
}

interface Kept extends UserEntry {
  /** Made when first asked for, so that a server with many users starts at once. */
  readonly load: () => Promise<User>
}

/** Users that live as long as the process, for embedding and tests. Throws `Refusal` as `add` does. */
export function memoryDirectory(users: Iterable<NewUser> = [], options: MemoryDirectoryOptions = {}): UserDirectory {
  const { costs = testCosts } = options
  const localDomains = localDomainSet(options.localDomains ?? defaultLocalDomains)
  const byName = new Map<string, Kept>()

  function insert(user: User): UserEntry {
    if (byName.has(user.name)) throw userExists(user.name)
    byName.set(user.name, { ...entryOf(user), load: () => Promise.resolve(user) })
    return entryOf(user)
  }

  function existing(text: string): Kept {
    const name = candidateNames(text, localDomains).find((candidate) => byName.has(candidate))
    const kept = name === undefined ? undefined : byName.get(name)
    if (!kept) throw noSuchUser(text)
    return kept
  }

  for (const { name: text, password, account = newAccountId() } of users) {
    const name = checkedName(text)
    if (byName.has(name)) throw userExists(name)
    byName.set(name, lazyUser({ name, account }, checkedPassword(password), costs))
  }

  return {
    secret: newSecret(),
    costs,
    async find(text) {
      const name = candidateNames(text, localDomains).find((candidate) => byName.has(candidate))
      return name === undefined ? undefined : byName.get(name)?.load()
    },
    nameOf: (text) => candidateNames(text, localDomains).at(-1) ?? '',
    async add(name, password) {
      const [user] = await prepareUsers([{ name, password }], costs, (taken) => byName.has(taken))
      if (!user) throw new Error('one user was asked for')
      return insert(user)
    },
    async addMany(added, onHashed) {
      const prepared = await prepareUsers(added, costs, (name) => byName.has(name), onHashed)
      const taken = prepared.find(({ name }) => byName.has(name))
      if (taken) throw userExists(taken.name)
      return prepared.map(insert)
    },
    async setPassword(text, password) {
      const { name, account } = existing(text)
      const credentials = await makeCredentials(checkedPassword(password), costs)
      byName.set(name, { name, account, load: () => Promise.resolve({ name, account, credentials }) })
      return { name, account }
    },
    async remove(text) {
      const kept = existing(text)
      byName.delete(kept.name)
      return entryOf(kept)
    },
    async list() {
      return [...byName.values()].map(entryOf).sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    async close() {},
  }
}

function entryOf({ name, account }: UserEntry): UserEntry {
  return { name, account }
}

function lazyUser(entry: UserEntry, password: string, costs: HashCosts): Kept {
  let user: Promise<User> | undefined
  return {
    ...entry,
    load: () => (user ??= makeCredentials(password, costs).then((credentials) => ({ ...entry, credentials }))),
  }
}
