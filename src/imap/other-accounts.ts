import type { AccountStore, Store } from '../store/store.ts'

/**
 * The accounts of others that a session has open: those that a command asks for, until it is over, and those that
 * something holds on to (the selected mailbox, a watch).
 */
export class OtherAccounts {
  readonly #store: Store
  readonly #open: Map<string, { readonly account: Promise<AccountStore>; holds: number }> = new Map()

  constructor(store: Store) {
    this.#store = store
  }

  /** The account; it stays open until the command is over, or for as long as it is held. */
  async open(id: string): Promise<AccountStore> {
    let entry = this.#open.get(id)
    if (!entry) this.#open.set(id, (entry = { account: this.#store.openAccount(id), holds: 0 }))
    try {
      return await entry.account
    } catch (error) {
      this.#open.delete(id)
      throw error
    }
  }

  /** Keeps an account open beyond the command; returns the way to let go of it. Does nothing for the user's own. */
  hold(id: string): () => void {
    const entry = this.#open.get(id)
    if (!entry) return () => {}
    entry.holds++
    let isHeld = true
    return () => {
      if (isHeld) entry.holds--
      isHeld = false
    }
  }

  /** Closes what nobody holds on to. */
  async closeUnused(): Promise<void> {
    for (const [id, { account, holds }] of this.#open) {
      if (holds > 0) continue
      this.#open.delete(id)
      await (await account).close()
    }
  }

  /** Closes them all. */
  async close(): Promise<void> {
    const accounts = [...this.#open.values()]
    this.#open.clear()
    for (const { account } of accounts) await (await account).close()
  }
}
