import { LRUCache } from 'lru-cache'
import { Refusal } from '../model/refusal.ts'

/** When wrong passwords are too many, for one account or one address. */
export interface FailureLimits {
  /** Failures without any refusal. */
  readonly free: number
  /** Milliseconds of refusal after the first failure beyond that; doubled with each further one. */
  readonly firstBlockMs: number
  readonly maxBlockMs: number
  /** Milliseconds after which one failure is forgotten. */
  readonly forgiveMs: number
}

/** How wrong passwords slow down whoever gives them. */
export interface ThrottleLimits {
  /** For an account, whoever tries. Not long, since others can cause it. */
  readonly account: FailureLimits
  /** For a network address. */
  readonly address: FailureLimits
  /** Milliseconds by which the first failure's answer is held back; doubled with each further one. */
  readonly firstDelayMs: number
  readonly maxDelayMs: number
  /** Entries of each table; the oldest are forgotten. */
  readonly maxEntries: number
}

/** Generous to typing errors and shared addresses, hopeless for guessing. */
export const defaultThrottleLimits: ThrottleLimits = {
  account: { free: 10, firstBlockMs: 1000, maxBlockMs: 5 * 60_000, forgiveMs: 3 * 60_000 },
  address: { free: 30, firstBlockMs: 1000, maxBlockMs: 15 * 60_000, forgiveMs: 60_000 },
  firstDelayMs: 200,
  maxDelayMs: 5000,
  maxEntries: 20_000,
}

/** One who tries to sign in, as the throttle knows them. */
export interface Attempt {
  /** The name in its canonical spelling, whether or not there is such a user. */
  readonly name: string
  /** What {@link addressPrefix} gives. */
  readonly address: string
}

/** The address of everybody on this machine: a webmail, a proxy. They stand for too many people to be refused. */
export const localAddress = 'local'

/**
 * What counts as one address: an IPv4 address, the first 64 bits of an IPv6 one (the rest a host chooses freely),
 * {@link localAddress} for loopback and Unix sockets.
 */
export function addressPrefix(address: string): string {
  const bare = address.replace(/%.*$/, '').toLowerCase()
  const text = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1] ?? bare
  if (text === '' || text === localAddress || text === '::1' || text.startsWith('127.')) return localAddress
  if (!text.includes(':')) return text
  const [head = '', tail] = text.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail ? tail.split(':') : []
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right]
  return (
    groups
      .slice(0, 4)
      .map((group) => group.replace(/^0+(?=.)/, ''))
      .join(':') + '::/64'
  )
}

/** Failures under one key. */
interface Failures {
  count: number
  /** When one was last added or forgiven, and until when new attempts are refused; milliseconds since 1970. */
  since: number
  blockedUntil: number
}

/**
 * Remembers failures, and refuses whoever has too many. An address from which an account has signed in before has its
 * own count for that account, so that strangers cannot lock its owner out.
 */
export class Throttle {
  readonly #limits: ThrottleLimits
  readonly #clock: () => number
  readonly #accounts: LRUCache<string, Failures>
  readonly #addresses: LRUCache<string, Failures>
  readonly #familiar: LRUCache<string, true>

  /** `clock` gives milliseconds since 1970. */
  constructor(limits: ThrottleLimits, clock: () => number) {
    this.#limits = limits
    this.#clock = clock
    const { maxEntries: max } = limits
    this.#accounts = new LRUCache({ max })
    this.#addresses = new LRUCache({ max })
    this.#familiar = new LRUCache({ max })
  }

  /** Throws `Refusal` with `LIMIT` when there were too many failures from this address. */
  admitAddress(address: string): void {
    this.#refuseIfBlocked(this.#addresses.get(address))
  }

  /** Throws `Refusal` with `LIMIT` when there were too many failures for this account. */
  admitAccount(attempt: Attempt): void {
    this.#refuseIfBlocked(this.#accounts.get(this.#accountKey(attempt)))
  }

  /** Counts a failure of the account and of the address. */
  failed(attempt: Attempt): void {
    this.#count(this.#accounts, this.#accountKey(attempt), this.#limits.account)
    this.failedAddress(attempt.address)
  }

  /** Counts a failure of the address alone. */
  failedAddress(address: string): void {
    if (address !== localAddress) this.#count(this.#addresses, address, this.#limits.address)
  }

  /** From now on the address is familiar to the account. Counts stay: who has one password may be guessing another. */
  succeeded(attempt: Attempt): void {
    this.#familiar.set(pairKey(attempt), true)
  }

  /** Milliseconds to hold back the answer to a failure that was counted. */
  delayMs(attempt: Attempt): number {
    const { firstDelayMs, maxDelayMs } = this.#limits
    const count = this.#accounts.get(this.#accountKey(attempt))?.count ?? 1
    return Math.min(maxDelayMs, firstDelayMs * 2 ** Math.max(0, count - 1))
  }

  #accountKey(attempt: Attempt): string {
    const pair = pairKey(attempt)
    return this.#familiar.get(pair) ? pair : attempt.name
  }

  #refuseIfBlocked(failures: Failures | undefined): void {
    const waitMs = (failures?.blockedUntil ?? 0) - this.#clock()
    if (waitMs <= 0) return
    throw new Refusal('LIMIT', `Too many failed attempts, try again in ${Math.ceil(waitMs / 1000)} seconds`)
  }

  #count(table: LRUCache<string, Failures>, key: string, limits: FailureLimits): void {
    const now = this.#clock()
    const failures = table.get(key) ?? { count: 0, since: now, blockedUntil: 0 }
    const forgiven = Math.max(0, Math.floor((now - failures.since) / limits.forgiveMs))
    failures.since = forgiven >= failures.count ? now : failures.since + forgiven * limits.forgiveMs
    failures.count = Math.max(0, failures.count - forgiven) + 1
    const beyond = failures.count - limits.free
    if (beyond > 0) failures.blockedUntil = now + Math.min(limits.maxBlockMs, limits.firstBlockMs * 2 ** (beyond - 1))
    table.set(key, failures)
  }
}

/** No name and no address holds a space. */
function pairKey({ name, address }: Attempt): string {
  return `${name} ${address}`
}
