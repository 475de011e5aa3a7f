import { storeContract } from '../contract.ts'
import { checkState } from '../state/check-state.ts'
import { MemoryShare } from './memory-account.ts'
import { memoryStore } from './memory-store.ts'

storeContract('memory', () => {
  const store = memoryStore()
  const check = (account: unknown): string[] =>
    account instanceof MemoryShare ? checkState(account.state) : ['not an account of this store']
  return Promise.resolve({ store, close: () => store.close(), check })
})
