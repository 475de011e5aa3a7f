import { Refusal } from '../../model/refusal.ts'
import { type AccountStore, type Store, StoreFailure } from '../store.ts'
import { MemoryAccount, type MemoryLimits } from './memory-account.ts'

/** What an embedder may set. */
export interface MemoryStoreOptions {
  /** Milliseconds since 1970. */
  readonly clock?: () => number
  readonly limits?: MemoryLimits
}

/** A store that keeps everything in memory, for tests and embedding: complete, and gone with the process. */
export function memoryStore({ clock = Date.now, limits = {} }: MemoryStoreOptions = {}): Store {
  const accounts = new Map<string, MemoryAccount>()
  const listeners = new Set<() => void>()
  let closed = false

  const onShared = (): void => {
    for (const listener of listeners) listener()
  }

  const open = (id: string): AccountStore => {
    if (closed) throw new StoreFailure('closed', 'The store is closed')
    if (!/^[A-Za-z0-9-]{1,255}$/.test(id)) throw new Refusal('CANNOT', 'Not the id of an account')
    let account = accounts.get(id)
    if (!account) accounts.set(id, (account = new MemoryAccount(id, clock, limits, onShared)))
    return account.share()
  }

  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- failures are to arrive as rejections
    openAccount: async (id) => open(id),
    sharedWith: (identifiers) =>
      Promise.resolve([...accounts.values()].filter(grantsTo(identifiers)).map(({ id }) => id)),
    watchShared: (onChange) => {
      const listener = (): void => onChange() // the same one may watch twice
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    accounts: () => Promise.resolve([...accounts.keys()]),
    // eslint-disable-next-line @typescript-eslint/require-await -- failures are to arrive as rejections
    removeAccount: async (id) => {
      if (accounts.get(id)?.isOpen) throw new StoreFailure('busy', 'The account is in use')
      accounts.delete(id)
    },
    close: () => {
      closed = true
      accounts.clear()
      listeners.clear()
      return Promise.resolve()
    },
  }
}

/** Whether an account has a mailbox that is shared with one of the identifiers. */
function grantsTo(identifiers: readonly string[]): (account: MemoryAccount) => boolean {
  return ({ state }) =>
    [...state.tree().byId.values()].some(({ acl }) => identifiers.some((identifier) => acl.has(identifier)))
}
