import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/** Milliseconds for which a password that was checked is remembered. */
export const defaultRememberMs: number = 10 * 60_000
/** Passwords remembered at once, right ones and wrong ones each. */
const maxRemembered = 20_000

/**
 * Passwords that were checked lately, as MACs under a key that never leaves this process: a program that signs in
 * again and again with the same password costs one hash. The stored hash is part of what is authenticated, so a
 * change of password is a miss, whichever process made it.
 */
export class PasswordMemory {
  /** A key object: given octets, Node would make one of them for each MAC, which costs six times what the MAC does. */
  readonly #key = createSecretKey(randomBytes(32))
  readonly #clock: () => number
  readonly #rememberMs: number
  /** MAC to the end of its time, in milliseconds since 1970. Apart, so that guessing does not push out right ones. */
  readonly #right = new LRUCache<string, number>({ max: maxRemembered })
  readonly #wrong = new LRUCache<string, number>({ max: maxRemembered })

  /** `clock` gives milliseconds since 1970. */
  constructor(clock: () => number, rememberMs: number) {
    this.#clock = clock
    this.#rememberMs = rememberMs
  }

  /** Under what a password is remembered, for one user and their stored hash. Neither of these holds a NUL. */
  mac(user: string, storedHash: string, password: string): string {
    return createHmac('sha256', this.#key).update(`${user}\0${storedHash}\0${password}`).digest('base64')
  }

  remember(mac: string, right: boolean): void {
    const table = right ? this.#right : this.#wrong
    table.set(mac, this.#clock() + this.#rememberMs)
  }

  /** Whether the password was right or wrong; `undefined` when that is not known. */
  recall(mac: string): boolean | undefined {
    const now = this.#clock()
    if ((this.#right.get(mac) ?? 0) > now) return true
    return (this.#wrong.get(mac) ?? 0) > now ? false : undefined
  }
}
