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

/** The place of one open connection in the count. Both methods may be called again without effect. */
export interface Admission {
  /** The connection has signed in. */
  signedIn(): void
  /** The connection is gone. */
  release(): void
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
    return new Place(this, group)
  }

  /** For {@link Place}: a connection has signed in, or went without. */
  leaveUnauthenticated(): void {
    this.#unauthenticated--
  }

  /** For {@link Place}: a connection of this group of addresses is gone. */
  leave(group: string): void {
    this.#total--
    const left = (this.#byAddress.get(group) ?? 1) - 1
    if (left === 0) this.#byAddress.delete(group)
    else this.#byAddress.set(group, left)
  }
}

/** A class and no closures, since there is one for every idle connection. */
class Place implements Admission {
  readonly #limits: ConnectionLimits
  readonly #group: string
  #state: 'open' | 'signedIn' | 'gone' = 'open'

  constructor(limits: ConnectionLimits, group: string) {
    this.#limits = limits
    this.#group = group
  }

  signedIn(): void {
    if (this.#state !== 'open') return
    this.#state = 'signedIn'
    this.#limits.leaveUnauthenticated()
  }

  release(): void {
    if (this.#state === 'gone') return
    if (this.#state === 'open') this.#limits.leaveUnauthenticated()
    this.#state = 'gone'
    this.#limits.leave(this.#group)
  }
}
