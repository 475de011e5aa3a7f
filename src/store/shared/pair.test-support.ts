import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { duplexPair } from 'node:stream'
import type { EmbeddedStoreOptions } from '../embedded/index.ts'
import { takeDirectory } from '../embedded/index.ts'
import type { Store } from '../store.ts'
import { type SharedStore, sharedStore } from './index.ts'
import { ownerOf } from './owner-of.ts'

/** Two processes' stores on one directory, both in this process: the one that owns an account, and one that follows it. */
export interface StorePair {
  readonly owner: SharedStore
  readonly follower: SharedStore
  /** Cuts the streams between the two, as the end of a process does. Later calls make new ones. */
  cut(): Promise<void>
  close(): Promise<void>
}

/** A store of which each account that is opened is by turns the one on one side or on the other. */
export function byTurns({ owner, follower }: StorePair): Store {
  let turn = 0
  return {
    openAccount: (id) => (turn++ % 2 === 0 ? owner : follower).openAccount(id),
    accounts: () => follower.accounts(),
    sharedWith: (identifiers) => follower.sharedWith(identifiers),
    watchShared: (onChange) => follower.watchShared(onChange),
    removeAccount: (id) => follower.removeAccount(id),
    close: () => Promise.reject(new Error('the pair is closed, not its sides')),
  }
}

/** Opens a pair of stores; `account` is the account that one of them owns and the other follows. */
export async function openPair(options: EmbeddedStoreOptions, account = 'alice'): Promise<StorePair> {
  const unlock = await takeDirectory(options.directory)
  const stores: SharedStore[] = []
  const streams = new Set<Duplex>()
  const workers = 2
  for (let worker = 0; worker < workers; worker++) {
    stores.push(
      await sharedStore({
        ...options,
        worker,
        workers,
        connect: async (to) => {
          const [near, far] = duplexPair()
          for (const stream of [near, far]) {
            streams.add(stream)
            stream.once('close', () => streams.delete(stream))
          }
          near.once('close', () => far.destroy())
          far.once('close', () => near.destroy())
          const store = stores[to]
          if (!store) throw new Error('nobody is there')
          store.serve(far)
          return near
        },
      }),
    )
  }
  const own = ownerOf(account, workers)
  const [owner, follower] = [stores[own]!, stores[1 - own]!] // one for each worker
  return {
    owner,
    follower,
    cut: async () => {
      const closed = [...streams].map((stream) => once(stream, 'close'))
      for (const stream of streams) stream.destroy()
      await Promise.all(closed)
    },
    close: async () => {
      await follower.close()
      await owner.close()
      unlock()
    },
  }
}
