import { addressGroup } from './address.ts'

/** How many connections may be open at once. */
export interface ConnectionCeilings {
  /** Of all listeners together. */
  readonly total: number
  /** From one address (IPv6: one /64). */
  readonly perAddress: number
  /** That have not signed in yet, of all listeners together. */
  readonly unauthenticated: number
}

/** Which of the {@link ConnectionCeilings} is reached. */
export type CeilingReached = keyof ConnectionCeilings

/** The place of one open connection in the count. Both functions may be called again without effect. */
export interface Admission {
  /** The connection has signed in. */
  readonly signedIn: () => void
  /** The connection is gone. */
  readonly release: () => void
}

/** Counts the open connections of a server and says when there are too many. */
export class ConnectionLimits {
  #ceilings: ConnectionCeilings
  #total = 0
  #unauthenticated = 0
  readonly #byAddress = new Map<string, number>()

  constructor(ceilings: ConnectionCeilings) {
    this.#ceilings = ceilings
  }

  /** New ceilings for connections to come; those that are open stay. */
  change(ceilings: ConnectionCeilings): void {
    this.#ceilings = ceilings
  }

  /** The ceilings that hold now. */
  get ceilings(): ConnectionCeilings {
    return this.#ceilings
  }

  /** How many connections are open, and how many of them have not signed in. */
  get open(): { readonly total: number; readonly unauthenticated: number } {
    return { total: this.#total, unauthenticated: this.#unauthenticated }
  }

  /** Counts a connection from `remoteAddress`, or says which ceiling is in its way. */
  admit(remoteAddress: string): Admission | CeilingReached {
    const group = addressGroup(remoteAddress)
    const sameAddress = this.#byAddress.get(group) ?? 0
    if (this.#total >= this.#ceilings.total) return 'total'
    if (sameAddress >= this.#ceilings.perAddress) return 'perAddress'
    if (this.#unauthenticated >= this.#ceilings.unauthenticated) return 'unauthenticated'
    this.#total++
    this.#unauthenticated++
    this.#byAddress.set(group, sameAddress + 1)
    let state: 'open' | 'signedIn' | 'gone' = 'open'
    return {
      signedIn: () => {
        if (state !== 'open') return
        state = 'signedIn'
        this.#unauthenticated--
      },
      release: () => {
        if (state === 'gone') return
        if (state === 'open') this.#unauthenticated--
        state = 'gone'
        this.#total--
        const left = (this.#byAddress.get(group) ?? 1) - 1
        if (left === 0) this.#byAddress.delete(group)
        else this.#byAddress.set(group, left)
      },
    }
  }
}
