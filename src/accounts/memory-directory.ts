import {
  appPasswordMac,
  capabilityNames,
  checkedAppPassword,
  makeAppPassword,
  maxAppPasswords,
} from './app-password.ts'
import type { AppPassword } from './app-password.ts'
import { impossibleCredentials, makeCredentials, testCosts } from './credentials.ts'
import type { HashCosts } from './credentials.ts'
import {
  appPasswordExists,
  checkedName,
  checkedPassword,
  defaultLocalDomains,
  localDomainSet,
  newAccountId,
  newSecret,
  noSuchAppPassword,
  noSuchUser,
  tooManyAppPasswords,
  userExists,
} from './directory.ts'
import type { NewUser, UserDirectory, UserEntry } from './directory.ts'
import { candidateNames } from './name.ts'
import { checkedOwners, people } from './people.ts'
import type { PeopleRecords } from './people.ts'
import { prepareUsers } from './prepare-users.ts'
import type { PreparedUser } from './prepare-users.ts'

/** Settings of {@link memoryDirectory}. */
export interface MemoryDirectoryOptions {
  readonly localDomains?: readonly string[] | undefined
  /** By default next to nothing: nobody can steal this memory who could not also read the passwords. */
  readonly costs?: HashCosts | undefined
  /** Milliseconds since 1970. */
  readonly clock?: (() => number) | undefined
  /** Names of users by that of their group. */
  readonly groups?: Readonly<Record<string, readonly string[]>> | undefined
}

interface Kept extends UserEntry {
  /** Made when first asked for, so that a server with many users starts at once. */
  readonly load: () => Promise<PreparedUser>
  readonly disabledCapabilities: readonly string[]
  /** Of a shared account. */
  owners?: readonly string[] | undefined
  /** By their MACs, in hex. */
  readonly appPasswords: Map<string, AppPassword>
}

/** Users that live as long as the process, for embedding and tests. Throws `Refusal` as `add` does. */
export function memoryDirectory(users: Iterable<NewUser> = [], options: MemoryDirectoryOptions = {}): UserDirectory {
  const { costs = testCosts, clock = Date.now } = options
  const localDomains = localDomainSet(options.localDomains ?? defaultLocalDomains)
  const byName = new Map<string, Kept>()
  const secret = newSecret()
  const now = (): number => Math.floor(clock() / 1000)

  function insert(user: PreparedUser): UserEntry {
    if (byName.has(user.name)) throw userExists(user.name)
    byName.set(
      user.name,
      newUser(user, () => Promise.resolve(user)),
    )
    return entryOf(user)
  }

  function existing(text: string): Kept {
    const name = candidateNames(text, localDomains).find((candidate) => byName.has(candidate))
    const kept = name === undefined ? undefined : byName.get(name)
    if (!kept) throw noSuchUser(text)
    return kept
  }

  for (const { name: text, password, account = newAccountId(), owners } of users) {
    const name = checkedName(text)
    if (byName.has(name)) throw userExists(name)
    byName.set(name, { ...lazyUser({ name, account }, checkedPassword(password), costs), owners })
  }

  const userNamed = (text: string): UserEntry | undefined => {
    const name = candidateNames(text, localDomains).find((candidate) => byName.has(candidate))
    return name === undefined ? undefined : byName.get(name)
  }
  const nameOf = (text: string): string => candidateNames(text, localDomains).at(-1) ?? ''
  const records = memoryRecords(byName, userNamed)
  for (const [group, members] of Object.entries(options.groups ?? {})) records.setMembers(group, members)

  const ofUser = ({ name }: UserEntry, text: string): string | undefined =>
    appPasswordMac(secret, name, text)?.toString('hex')

  return {
    secret,
    costs,
    async find(text) {
      const name = candidateNames(text, localDomains).find((candidate) => byName.has(candidate))
      const kept = name === undefined ? undefined : byName.get(name)
      return kept && { ...(await kept.load()), disabledCapabilities: kept.disabledCapabilities }
    },
    nameOf,
    people: people(records, nameOf),
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
      const entry = entryOf(existing(text))
      const credentials = await makeCredentials(checkedPassword(password), costs)
      byName.set(entry.name, { ...existing(text), load: () => Promise.resolve({ ...entry, credentials }) })
      return entry
    },
    async setDisabledCapabilities(text, capabilities) {
      const kept = existing(text)
      const disabledCapabilities = capabilityNames(capabilities)
      byName.set(kept.name, { ...kept, disabledCapabilities })
      return disabledCapabilities
    },
    async addAppPassword(text, wanted) {
      const kept = existing(text)
      const added = { ...checkedAppPassword(wanted), created: now() }
      if ([...kept.appPasswords.values()].some(({ label }) => label === added.label))
        throw appPasswordExists(added.label)
      if (kept.appPasswords.size >= maxAppPasswords) throw tooManyAppPasswords()
      const password = makeAppPassword()
      kept.appPasswords.set(ofUser(kept, password) ?? '', added)
      return { ...added, password }
    },
    async appPasswords(text) {
      return [...existing(text).appPasswords.values()]
    },
    async removeAppPassword(text, label) {
      const { appPasswords } = existing(text)
      const [mac] = [...appPasswords].find(([, kept]) => kept.label === label) ?? []
      if (mac === undefined) throw noSuchAppPassword(label)
      appPasswords.delete(mac)
    },
    async findAppPassword(user, text) {
      const found = byName.get(user.name)?.appPasswords.get(ofUser(user, text) ?? '')
      return found && (found.expires ?? Infinity) > now() ? found : undefined
    },
    async addShared(text, owners) {
      const name = checkedName(text)
      const checked = checkedOwners(owners, nameOf)
      const entry = insert({ name, account: newAccountId(), credentials: impossibleCredentials(costs) })
      records.setOwners(name, checked)
      return { ...entry, isShared: true, owners: checked }
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

function newUser(entry: UserEntry, load: Kept['load']): Kept {
  return { ...entryOf(entry), load, disabledCapabilities: [], appPasswords: new Map() }
}

function lazyUser(entry: UserEntry, password: string, costs: HashCosts): Kept {
  let user: ReturnType<Kept['load']> | undefined
  return newUser(
    entry,
    () => (user ??= makeCredentials(password, costs).then((credentials) => ({ ...entry, credentials }))),
  )
}

function memoryRecords(
  byName: ReadonlyMap<string, Kept>,
  userNamed: (text: string) => UserEntry | undefined,
): PeopleRecords {
  const members = new Map<string, readonly string[]>()
  return {
    userNamed,
    userOf: (account) => [...byName.values()].find((kept) => kept.account === account),
    ownersOf: (name) => byName.get(name)?.owners,
    setOwners(name, owners) {
      const kept = byName.get(name)
      if (kept) kept.owners = owners
    },
    ownedBy: (owner) => [...byName.values()].filter((kept) => kept.owners?.includes(owner)).map(({ name }) => name),
    groupsOf: (member) => [...members].filter(([, names]) => names.includes(member)).map(([group]) => group),
    groups: () => [...members].map(([name, names]) => ({ name, members: names })),
    setMembers(group, names) {
      if (names.length > 0) members.set(group, names)
      else members.delete(group)
    },
  }
}
