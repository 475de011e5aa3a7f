import { addressGroup } from './address.ts'

/** How many connections may be open at once. */
export interface ConnectionCeilings {
  /** Of all listeners together. */
  readonly total: number
  /** From one address (IPv6: one /64). */
  readonly perAddress: number
  /** That have not signed in yet, of all listeners together. */
  readonly unauthenticated: number
  /** Of one account. */
  readonly perAccount: number
}

/** Which of the {@link ConnectionCeilings} is reached. */
export type CeilingReached = keyof ConnectionCeilings

/** The place of one open connection in the count. All methods may be called again without effect. */
export interface Admission {
  /** The connection has signed in; false when the account has as many connections as it may. */
  signedIn(account: string): boolean
  /** The connection has signed out again (RFC 8437 §2) and counts as one that did not sign in. */
  signedOut(): void
  /** The connection is gone. */
  release(): void
}

/** Counts the open connections of a server and says when there are too many. */
export class ConnectionLimits {
  #ceilings: ConnectionCeilings
  #total = 0
  #unauthenticated = 0
  readonly #byAddress = new Map<string, number>()
  readonly #byAccount = new Map<string, number>()

  constructor(ceilings: ConnectionCeilings) {
    this.#ceilings = ceilings
  }

  /** New ceilings for connections to come; those that are open stay. */
  change(ceilings: ConnectionCeilings): void {
    this.#ceilings = ceilings
  }

  /** How many connections are open, and how many of them have not signed in. */
  get open(): { readonly total: number; readonly unauthenticated: number } {
    return { total: this.#total, unauthenticated: this.#unauthenticated }
  }

  /** Counts a connection from `remoteAddress`, or says which ceiling is in its way. */
  admit(remoteAddress: string): Admission | CeilingReached {
    const group = addressGroup(remoteAddress)
    if (this.#total >= this.#ceilings.total) return 'total'
    if ((this.#byAddress.get(group) ?? 0) >= this.#ceilings.perAddress) return 'perAddress'
    if (this.#unauthenticated >= this.#ceilings.unauthenticated) return 'unauthenticated'
    this.#total++
    this.#unauthenticated++
    add(this.#byAddress, group, 1)
    let state: { at: 'open' } | { at: 'signedIn'; account: string } | { at: 'gone' } = { at: 'open' }
    const leave = (): void => {
      if (state.at === 'signedIn') add(this.#byAccount, state.account, -1)
      if (state.at === 'open') this.#unauthenticated--
    }
    return {
      signedIn: (account) => {
        if (state.at !== 'open') return state.at === 'signedIn' && state.account === account
        if ((this.#byAccount.get(account) ?? 0) >= this.#ceilings.perAccount) return false
        leave()
        add(this.#byAccount, account, 1)
        state = { at: 'signedIn', account }
        return true
      },
      signedOut: () => {
        if (state.at !== 'signedIn') return
        leave()
        this.#unauthenticated++
        state = { at: 'open' }
      },
      release: () => {
        if (state.at === 'gone') return
        leave()
        this.#total--
        add(this.#byAddress, group, -1)
        state = { at: 'gone' }
      },
    }
  }
}

function add(counts: Map<string, number>, key: string, step: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + step
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}
