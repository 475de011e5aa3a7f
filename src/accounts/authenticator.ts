import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../model/log.ts'
import { Refusal } from '../model/refusal.ts'
import { offeredMechanisms } from '../sasl/mechanisms.ts'
import { authenticationFailed } from '../sasl/refusals.ts'
import type { Authenticator, Identity, SaslChannel } from '../sasl/sasl.ts'
import { scramHashes, scramSaltBytes } from '../sasl/scram-keys.ts'
import type { ScramHash, ScramKeys } from '../sasl/scram-keys.ts'
import { prepare } from '../sasl/text.ts'
import type { ScramAttempt, Verifier } from '../sasl/verifier.ts'
import { impossibleCredentials, isPassword } from './credentials.ts'
import type { User, UserDirectory } from './directory.ts'
import { defaultRememberMs, PasswordMemory } from './password-memory.ts'
import { addressPrefix, defaultThrottleLimits, localAddress, Throttle } from './throttle.ts'
import type { Attempt, ThrottleLimits } from './throttle.ts'
import { hashConcurrency, WorkQueue } from './work-queue.ts'

/** Sign-ins that may wait for a password to be checked. */
const maxWaitingChecks = 2048
/** Sign-ins from one address that may wait or be under way, so that none can fill the queue alone. */
const maxChecksPerAddress = 512

/** Settings of {@link createAuthenticator}. */
export interface AuthenticatorOptions {
  readonly directory: UserDirectory
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly throttle?: Partial<ThrottleLimits> | undefined
  /** Milliseconds for which a password that was right is remembered. */
  readonly rememberMs?: number | undefined
  /** Mechanisms not to offer, by name. */
  readonly disabledMechanisms?: readonly string[] | undefined
  /** Waits before the answer to a failure; by default by a timer. */
  readonly delay?: ((ms: number) => Promise<void>) | undefined
  /** Hashes at once; by default one a core. */
  readonly concurrency?: number | undefined
  /** Hashes that may wait, beyond which sign-ins are `UNAVAILABLE`. */
  readonly maxWaiting?: number | undefined
  /** Makes the server's half of SCRAM's nonces, for tests. */
  readonly makeNonce?: (() => string) | undefined
}

/** The way to sign in that all protocols of a server share. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const checker = new PasswordChecker(options)
  const disabled = new Set(options.disabledMechanisms?.map((name) => name.toUpperCase()))

  return {
    mechanisms(channel) {
      return offeredMechanisms(channel, disabled).map(({ name }) => name)
    },
    begin(name, channel) {
      const offered = offeredMechanisms(channel, disabled)
      const plusOffered = offered.some((mechanism) => mechanism.name.endsWith('-PLUS'))
      const mechanism = offered.find((candidate) => candidate.name === name)
      return mechanism?.begin({ verifier: checker.on(channel), channel, plusOffered, makeNonce: options.makeNonce })
    },
    async login(user, password, channel) {
      if (!channel.secure) throw new Refusal('PRIVACYREQUIRED', 'Passwords are taken on a secure connection only')
      return checker.on(channel).password(user, password)
    },
  }
}

/** A user name as somebody gave it: who it is, if anybody. */
interface Claim extends Attempt {
  readonly user: User | undefined
}

/** Checks credentials against the directory: slowly for those who guess, at once for those who were right before. */
class PasswordChecker {
  readonly #directory: UserDirectory
  readonly #log: Log
  readonly #delay: (ms: number) => Promise<void>
  readonly #throttle: Throttle
  readonly #memory: PasswordMemory
  readonly #queue: WorkQueue
  /** Checks under way by their MAC, so that five connections with one password cost one hash. */
  readonly #checking = new Map<string, Promise<boolean>>()
  readonly #checksByAddress = new Map<string, number>()
  /** Stands in for the hash of users who do not exist. */
  readonly #impossible: string

  constructor(options: AuthenticatorOptions) {
    this.#directory = options.directory
    this.#log = options.log
    this.#delay = options.delay ?? ((ms) => sleep(ms))
    this.#throttle = new Throttle({ ...defaultThrottleLimits, ...options.throttle }, options.clock)
    this.#memory = new PasswordMemory(options.clock, options.rememberMs ?? defaultRememberMs)
    this.#queue = new WorkQueue(options.concurrency ?? hashConcurrency(), options.maxWaiting ?? maxWaitingChecks)
    this.#impossible = impossibleCredentials(options.directory.costs).password
  }

  /** The checks for one connection. */
  on({ remoteAddress }: SaslChannel): Verifier {
    const address = addressPrefix(remoteAddress)
    return {
      password: (name, password) => this.#password(name, password, address),
      scram: (name, hash) => this.#scram(name, hash, address),
      identity: async (name) => identityOf(await this.#find(name)),
    }
  }

  async #password(name: string, text: string, address: string): Promise<Identity> {
    this.#throttle.admitAddress(address)
    const claim = await this.#claim(name, address)
    const { user } = claim
    const app = user && (await this.#lookUp(() => this.#directory.findAppPassword(user, text)))
    if (app) return withoutCapabilities(this.#accept(claim), app.disabledCapabilities)
    const storedHash = claim.user?.credentials.password ?? this.#impossible
    const password = prepare(text)
    const mac = this.#memory.mac(claim.name, storedHash, password ?? '')
    const remembered = this.#memory.recall(mac)
    if (remembered === true) return this.#accept(claim)

    try {
      this.#throttle.admitAccount(claim)
    } catch (refusal) {
      // Whoever guesses while the account is closed would otherwise pay nothing for learning "not remembered".
      this.#throttle.failedAddress(address)
      throw refusal
    }
    // A device that repeats an old password is no guesser; one failure is enough for it.
    if (remembered === false) return this.#reject(claim)

    const fits = await this.#check(mac, storedHash, password ?? '', address)
    const right = fits && password !== undefined && claim.user !== undefined
    if (right) {
      this.#memory.remember(mac, true)
      return this.#accept(claim)
    }
    if (this.#memory.recall(mac) === undefined) this.#throttle.failed(claim)
    this.#memory.remember(mac, false)
    return this.#reject(claim)
  }

  async #scram(name: string, hash: ScramHash, address: string): Promise<ScramAttempt> {
    this.#throttle.admitAddress(address)
    const claim = await this.#claim(name, address)
    this.#throttle.admitAccount(claim)
    const invented = this.#inventKeys(claim.name, hash) // also for users who exist: it takes the same time then
    return {
      keys: claim.user?.credentials.scram[hash] ?? invented,
      finish: async (proved) => {
        // Again, since many exchanges may have begun before the first of them failed.
        this.#throttle.admitAddress(address)
        this.#throttle.admitAccount(claim)
        if (proved && claim.user) return this.#accept(claim)
        this.#throttle.failed(claim)
        return this.#reject(claim)
      },
    }
  }

  /** Keys that look like anybody's and stay the same, and that no password fits (RFC 5802 §5.1 unknown users). */
  #inventKeys(name: string, hash: ScramHash): ScramKeys {
    const make = (what: string, bytes: number): Buffer =>
      createHmac('sha256', this.#directory.secret).update(`${what}\0${hash}\0${name}`).digest().subarray(0, bytes)
    const { bytes } = scramHashes[hash]
    return {
      salt: make('salt', scramSaltBytes),
      iterations: this.#directory.costs.scramIterations,
      storedKey: make('stored key', bytes),
      serverKey: make('server key', bytes),
    }
  }

  async #claim(text: string, address: string): Promise<Claim> {
    const user = await this.#find(text)
    return { user, address, name: user?.name ?? this.#directory.nameOf(text) }
  }

  #find(name: string): Promise<User | undefined> {
    return this.#lookUp(() => this.#directory.find(name))
  }

  async #lookUp<Found>(find: () => Promise<Found>): Promise<Found> {
    try {
      return await find()
    } catch (error) {
      this.#log.error({ err: error }, 'cannot look up users')
      throw new Refusal('UNAVAILABLE', 'Users cannot be looked up now, please try again later')
    }
  }

  /** Whether the password fits the hash; on the thread pool, in turn. */
  async #check(mac: string, storedHash: string, password: string, address: string): Promise<boolean> {
    const under = this.#checking.get(mac)
    if (under) return under
    const count = this.#checksByAddress.get(address) ?? 0
    if (count >= maxChecksPerAddress && address !== localAddress) {
      throw new Refusal('UNAVAILABLE', 'Too many sign-ins at once from your address, please try again later')
    }
    this.#checksByAddress.set(address, count + 1)
    const check = this.#queue.run(() => isPassword(storedHash, password))
    this.#checking.set(mac, check)
    try {
      return await check
    } finally {
      this.#checking.delete(mac)
      const left = (this.#checksByAddress.get(address) ?? 1) - 1
      if (left > 0) this.#checksByAddress.set(address, left)
      else this.#checksByAddress.delete(address)
    }
  }

  #accept(claim: Claim): Identity {
    const identity = identityOf(claim.user)
    if (!identity) throw new Error('nobody was accepted')
    this.#throttle.succeeded(claim)
    return identity
  }

  async #reject(claim: Claim): Promise<never> {
    // An unknown name is not logged: people type their password there.
    this.#log.info({ user: claim.user?.name, address: claim.address }, 'sign-in failed')
    await this.#delay(this.#throttle.delayMs(claim))
    throw authenticationFailed()
  }
}

function identityOf(user: User | undefined): Identity | undefined {
  return user && withoutCapabilities({ user: user.name, account: user.account }, user.disabledCapabilities)
}

function withoutCapabilities(identity: Identity, names: readonly string[]): Identity {
  const { disabledCapabilities = [] } = identity
  return names.length === 0 ? identity : { ...identity, disabledCapabilities: [...disabledCapabilities, ...names] }
}
