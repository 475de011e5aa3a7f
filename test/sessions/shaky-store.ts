import type { AccountStore, Store } from '../../src/store/store.ts'
import type { Random } from '../fuzz/random.ts'

/**
 * The store with every call taking some turns of the event loop before it is done and before its answer is there, as
 * over a network: what can happen in between does.
 */
export function shakyStore(store: Store, random: Random): Store {
  return {
    openAccount: async (id) => shakyAccount(await store.openAccount(id), random),
    sharedWith: (identifiers) => store.sharedWith(identifiers),
    watchShared: (onChange) => store.watchShared(onChange),
    accounts: () => store.accounts(),
    removeAccount: (id) => store.removeAccount(id),
    close: () => store.close(),
  }
}

async function dawdle(random: Random): Promise<void> {
  for (let turns = random.below(random.oneIn(6) ? 25 : 4); turns > 0; turns--) {
    if (random.oneIn(2)) await new Promise<void>((resolve) => setImmediate(resolve))
    else await Promise.resolve()
  }
}

function shakyAccount(account: AccountStore, random: Random): AccountStore {
  async function shaken<Answer>(call: () => Answer | Promise<Answer>): Promise<Answer> {
    await dawdle(random)
    const answer = await call()
    await dawdle(random)
    return answer
  }
  return {
    id: account.id,
    tree: () => shaken(() => account.tree()),
    quotas: () => shaken(() => account.quotas()),
    snapshot: (mailbox, user) => shaken(() => account.snapshot(mailbox, user)),
    status: (mailboxes, user) => shaken(() => account.status(mailboxes, user)),
    vanishedSince: (mailbox, modSeq) => shaken(() => account.vanishedSince(mailbox, modSeq)),
    stage: () => account.stage(),
    commit: (operations) => shaken(() => account.commit(operations)),
    readBlob: (message, offset, into) => shaken(() => account.readBlob(message, offset, into)),
    readComputed: (kind, messages) => shaken(() => account.readComputed(kind, messages)),
    watch: (onChange) => account.watch(onChange),
    close: () => account.close(),
  }
}
