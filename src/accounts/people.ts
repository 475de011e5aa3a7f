/** Who shares mail with whom, as far as it does not stand in the mail itself: groups, and accounts that are nobody's own. */
import { Refusal } from '../model/refusal.ts'
import type { UserEntry } from './directory.ts'
import { isReservedIdentifier, noSuchUser } from './directory.ts'
import { canonicalName } from './name.ts'

/** An account and whose it is. */
export interface Holder extends UserEntry {
  /** Whether it is nobody's own: nobody signs in to it, and its owners share it. */
  readonly isShared: boolean
  /** Identifiers of those who may do everything with it, beside its user. */
  readonly owners: readonly string[]
}

/** Users under one name, who can be given rights together. */
export interface Group {
  /** Without the `$` that identifiers of groups begin with. */
  readonly name: string
  /** Names of users, whether or not there are such users; ascending. */
  readonly members: readonly string[]
}

/** What a directory keeps of them. Names are canonical. */
export interface PeopleRecords {
  /** A user by a name in any spelling. */
  userNamed(text: string): UserEntry | undefined
  userOf(account: string): UserEntry | undefined
  /** The identifiers of a shared account's owners; undefined where it is somebody's own. */
  ownersOf(name: string): readonly string[] | undefined
  setOwners(name: string, owners: readonly string[]): void
  /** Names of the shared accounts that an identifier owns. */
  ownedBy(owner: string): readonly string[]
  groupsOf(member: string): readonly string[]
  groups(): readonly Group[]
  /** A group without members is none. */
  setMembers(group: string, members: readonly string[]): void
}

/** Questions about users that sharing asks, and what operators change. Throws `Refusal` and `DirectoryFailure`. */
export interface People {
  /** Whose name it is, in any spelling. */
  holderNamed(text: string): Promise<Holder | undefined>
  /** Whose account it is. */
  holderOf(account: string): Promise<Holder | undefined>
  /** Accounts that have one of the identifiers among their owners. */
  ownedBy(identifiers: readonly string[]): Promise<readonly string[]>
  /** Identifiers that stand for a user in access control lists: the name, groups, `authenticated`, `anyone`. */
  identifiersOf(user: string): Promise<readonly string[]>
  /** The one spelling of an identifier, without a `-` before it; `undefined` when it cannot be one. */
  identifierNamed(text: string): Promise<string | undefined>
  /** Makes others the owners of a shared account. */
  setOwners(text: string, owners: readonly string[]): Promise<Holder>
  groups(): Promise<readonly Group[]>
  /** Gives a group other members; without any it is no more. */
  setMembers(group: string, members: readonly string[]): Promise<Group>
}

/** Identifiers of everybody who has signed in, and of everybody (RFC 4314 §2). */
const everybody: readonly string[] = ['authenticated', 'anyone']
/** What identifiers of groups begin with, as in the examples of RFC 4314 §3.2. */
const groupMark = '$'

/** Answers out of the records. `nameOf`: how a user's name is spelt, whether or not there is one. */
export function people(records: PeopleRecords, nameOf: (text: string) => string): People {
  const identifier = (text: string): string | undefined => canonicalIdentifier(text, nameOf)

  function holder(entry: UserEntry | undefined): Holder | undefined {
    if (!entry) return undefined
    const owners = records.ownersOf(entry.name)
    return { name: entry.name, account: entry.account, isShared: owners !== undefined, owners: owners ?? [] }
  }

  return {
    async holderNamed(text) {
      return holder(records.userNamed(text))
    },
    async holderOf(account) {
      return holder(records.userOf(account))
    },
    async ownedBy(identifiers) {
      const names = new Set(identifiers.flatMap((identifier) => records.ownedBy(identifier)))
      return [...names].flatMap((name) => records.userNamed(name)?.account ?? [])
    },
    async identifiersOf(user) {
      const groups = records.groupsOf(user).map((group) => groupMark + group)
      return [...(isReservedIdentifier(user) ? [] : [user]), ...groups, ...everybody]
    },
    async identifierNamed(text) {
      return identifier(text)
    },
    async setOwners(text, owners) {
      const user = records.userNamed(text)
      if (!user) throw noSuchUser(text)
      if (!records.ownersOf(user.name)) throw new Refusal('CANNOT', `${user.name} is not a shared account`)
      const checked = checkedOwners(owners, nameOf)
      records.setOwners(user.name, checked)
      return { name: user.name, account: user.account, isShared: true, owners: checked }
    },
    async groups() {
      return records.groups()
    },
    async setMembers(text, members) {
      const name = canonicalName(text)
      if (name === undefined) throw new Refusal('CANNOT', `${JSON.stringify(text.slice(0, 80))} cannot be a group`)
      const checked = [...new Set(members.map((member) => records.userNamed(member)?.name ?? unknown(member)))].sort()
      records.setMembers(name, checked)
      return { name, members: checked }
    },
  }
}

/** The owners of a shared account, in their one spelling. Throws `Refusal` (`CANNOT`) at what cannot be one. */
export function checkedOwners(owners: readonly string[], nameOf: (text: string) => string): string[] {
  const checked = owners.map((owner) => {
    const identifier = canonicalIdentifier(owner, nameOf)
    if (identifier === undefined || everybody.includes(identifier)) {
      throw new Refusal('CANNOT', `${JSON.stringify(owner.slice(0, 80))} cannot own an account`)
    }
    return identifier
  })
  if (checked.length === 0) throw new Refusal('CANNOT', 'A shared account needs an owner')
  return [...new Set(checked)].sort()
}

function canonicalIdentifier(text: string, nameOf: (text: string) => string): string | undefined {
  const lower = text.toLowerCase()
  if (everybody.includes(lower)) return lower
  if (lower.startsWith(groupMark)) {
    const name = canonicalName(text.slice(groupMark.length))
    return name === undefined ? undefined : groupMark + name
  }
  const name = nameOf(text)
  return name === '' ? undefined : name
}

function unknown(text: string): never {
  throw noSuchUser(text)
}
