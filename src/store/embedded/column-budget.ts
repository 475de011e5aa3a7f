import type { MailboxId } from '../../model/numbers.ts'
import type { AccountState } from '../state/account-state.ts'

/** Keeps the columns of an account's mailboxes from taking too much memory. */
export class ColumnBudget {
  readonly #maxBytes: number
  /** In the order of their last use. */
  readonly #used = new Set<MailboxId>()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Notes that somebody asked for the mailbox. */
  use(mailbox: MailboxId): void {
    this.#used.delete(mailbox)
    this.#used.add(mailbox)
  }

  /** Lets go of the columns that were not used for longest, as far as there are too many. */
  enforce(state: AccountState): void {
    const loaded = new Map(state.loaded().map(({ mailbox, bytes }) => [mailbox, bytes]))
    let total = [...loaded.values()].reduce((sum, bytes) => sum + bytes, 0)
    const neverAsked = [...loaded.keys()].filter((mailbox) => !this.#used.has(mailbox))
    for (const mailbox of [...neverAsked, ...this.#used]) {
      if (total <= this.#maxBytes) return
      const bytes = loaded.get(mailbox) ?? 0
      if (bytes > 0 && state.evict(mailbox)) total -= bytes
      this.#used.delete(mailbox)
    }
  }
}
