import { randomBytes } from 'node:crypto'
import { Refusal } from '../model/refusal.ts'
import { prepare } from '../sasl/text.ts'
import { maxAppPasswords } from './app-password.ts'
import type { AppPassword, NewAppPassword } from './app-password.ts'
import type { Credentials, HashCosts } from './credentials.ts'
import { canonicalDomain, canonicalName } from './name.ts'
import type { Holder, People } from './people.ts'

/** A user without secrets. */
export interface UserEntry {
  /** In canonical spelling. */
  readonly name: string
  /** The account in the store; made with the user, never the name, never used again. */
  readonly account: string
}

/** A user who can sign in. */
export interface User extends UserEntry {
  readonly credentials: Credentials
  /** Capabilities that none of their sessions has, in capitals. */
  readonly disabledCapabilities: readonly string[]
}

/** A user to be. */
export interface NewUser {
  readonly name: string
  readonly password: string
  /** An account's id to keep, for restores and for tests; by default a new random one. */
  readonly account?: string | undefined
  /** In memory only: makes it a shared account of these identifiers, to which nobody needs to sign in. */
  readonly owners?: readonly string[] | undefined
}

/**
 * Who may sign in. Names are taken in any spelling; a user without a domain also answers at every local domain.
 * Methods throw `Refusal`: `ALREADYEXISTS`, `NONEXISTENT`, `CANNOT` (a name or password that cannot be), each with a
 * sentence to show; and {@link DirectoryFailure}.
 */
export interface UserDirectory {
  /** 32 random octets, as old as the directory: what is made up for unknown users comes from them. */
  readonly secret: Buffer
  /** What new passwords cost. */
  readonly costs: HashCosts
  find(name: string): Promise<User | undefined>
  /** How `name` would be written if a user had it: canonical, without a local domain. Empty if nobody can have it. */
  nameOf(name: string): string
  add(name: string, password: string): Promise<UserEntry>
  /** All or none. `onHashed` hears after each user how many are done; hashing is what takes the time. */
  addMany(users: Iterable<NewUser>, onHashed?: (done: number) => void): Promise<readonly UserEntry[]>
  setPassword(name: string, password: string): Promise<UserEntry>
  /** Switches capabilities off for all future sessions of a user, and all others on again; the names in capitals. */
  setDisabledCapabilities(name: string, capabilities: readonly string[]): Promise<readonly string[]>
  /** Makes an app password for a user; it is told this once. `LIMIT` when there are too many. */
  addAppPassword(name: string, wanted: NewAppPassword): Promise<AppPassword & { readonly password: string }>
  /** App passwords of a user, expired ones included, the oldest first. */
  appPasswords(name: string): Promise<readonly AppPassword[]>
  removeAppPassword(name: string, label: string): Promise<void>
  /** The app password of this user that `text` is, unless it has expired. */
  findAppPassword(user: UserEntry, text: string): Promise<AppPassword | undefined>
  /** Makes an account that nobody signs in to: its owners, identifiers of users and groups, share it. */
  addShared(name: string, owners: readonly string[]): Promise<Holder>
  /** Who shares mail with whom. */
  readonly people: People
  /** The user is gone; the account and its mail are the caller's business. */
  remove(name: string): Promise<UserEntry>
  /** All users, by name. */
  list(): Promise<readonly UserEntry[]>
  close(): Promise<void>
}

/** Domains at which users without a domain receive and sign in, if nothing else is said. */
export const defaultLocalDomains: readonly string[] = ['localhost']

/** Why the users cannot be read or written. */
export type DirectoryFailureReason = 'newer-version' | 'damaged' | 'busy' | 'disk-full' | 'io'

/** The users cannot be read or written; the message is a sentence to show to an operator. */
export class DirectoryFailure extends Error {
  readonly reason: DirectoryFailureReason

  constructor(reason: DirectoryFailureReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DirectoryFailure'
    this.reason = reason
  }
}

/** The secret of a new directory. */
export function newSecret(): Buffer {
  return randomBytes(32)
}

/** The id of a new account: `a` and 80 random bits in base32. */
export function newAccountId(): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
  return 'a' + Array.from(randomBytes(16), (octet) => alphabet.charAt(octet & 31)).join('')
}

/** Whether access control lists mean something else by a name than the user (RFC 4314 §2): groups, and everybody. */
export function isReservedIdentifier(name: string): boolean {
  return name.startsWith('$') || name === 'authenticated' || name === 'anyone'
}

/** The canonical name for a new user. Throws `Refusal` with `CANNOT`. */
export function checkedName(text: string): string {
  const name = canonicalName(text)
  if (name === undefined || isReservedIdentifier(name)) {
    throw new Refusal('CANNOT', `${JSON.stringify(text.slice(0, 80))} cannot be the name of a user`)
  }
  return name
}

/** The prepared password for a user. Throws `Refusal` with `CANNOT`. */
export function checkedPassword(text: string): string {
  const password = prepare(text)
  if (password !== undefined) return password
  throw new Refusal('CANNOT', 'A password must not be empty, longer than 1024 octets or hold control characters')
}

/** A refusal for a name that is taken. */
export function userExists(name: string): Refusal {
  return new Refusal('ALREADYEXISTS', `There is a user ${name} already`)
}

/** A refusal for a name that nobody has. */
export function noSuchUser(text: string): Refusal {
  return new Refusal('NONEXISTENT', `There is no user ${JSON.stringify(text.slice(0, 80))}`)
}

/** A refusal for an app password that does not exist. */
export function noSuchAppPassword(label: string): Refusal {
  return new Refusal('NONEXISTENT', `There is no app password ${JSON.stringify(label.slice(0, 80))}`)
}

/** A refusal for an app password whose name is taken. */
export function appPasswordExists(label: string): Refusal {
  return new Refusal('ALREADYEXISTS', `There is an app password ${JSON.stringify(label)} already`)
}

/** A refusal for one app password too many. */
export function tooManyAppPasswords(): Refusal {
  return new Refusal('LIMIT', `A user has ${maxAppPasswords} app passwords at most; remove one`)
}

/** Local domains in canonical spelling. Throws `Error` for what is no domain: it comes from the configuration. */
export function localDomainSet(domains: readonly string[]): ReadonlySet<string> {
  return new Set(
    domains.map((text) => {
      const domain = canonicalDomain(text)
      if (domain === undefined) throw new Error(`${JSON.stringify(text)} is not a domain`)
      return domain
    }),
  )
}
