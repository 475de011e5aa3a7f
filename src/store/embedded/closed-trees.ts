import { LRUCache } from 'lru-cache'
import type { MailboxTree } from '../../model/mailbox.ts'
import type { MailboxNames } from '../store.ts'

/** Mailboxes that are remembered of accounts that are not open. */
const maxMailboxes = 50_000

/**
 * What mailboxes accounts have that share any and are not open: nobody can change them without opening the account, so
 * LIST need not open it, either.
 */
export class ClosedTrees {
  readonly #trees = new LRUCache<string, MailboxNames>({
    maxSize: maxMailboxes,
    sizeCalculation: ({ byId }) => byId.size + 1,
  })

  get(account: string): MailboxNames | undefined {
    return this.#trees.get(account)
  }

  /** To be called when an account has been closed. */
  note(account: string, { byId, byName }: MailboxTree): void {
    for (const { acl } of byId.values()) {
      if (acl.size === 0) continue
      this.#trees.set(account, { byId, byName })
      return
    }
  }

  /** To be called before an account is opened, and when it is gone. */
  forget(account: string): void {
    this.#trees.delete(account)
  }
}
