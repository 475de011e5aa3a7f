import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embeddedStore } from '../../src/store/embedded/index.ts'
import { memoryStore } from '../../src/store/memory/memory-store.ts'
import { MemoryShare } from '../../src/store/memory/memory-account.ts'
import { checkState } from '../../src/store/state/check-state.ts'
import { byTurns, openPair } from '../../src/store/shared/pair.test-support.ts'
import type { Store } from '../../src/store/store.ts'
import { account } from '../fuzz/in-process-server.ts'
import type { Board } from './game.ts'

/** A board that is to be put away after the game. */
export interface OwnBoard extends Board {
  readonly close: () => Promise<void>
}

async function checkMemory(store: Store): Promise<readonly string[]> {
  const share = await store.openAccount(account)
  try {
    return share instanceof MemoryShare ? checkState(share.state) : ['not an account of the memory engine']
  } finally {
    await share.close()
  }
}

/** A fresh store in memory. */
export async function memoryBoard(): Promise<OwnBoard> {
  const store = memoryStore()
  return { store, check: checkMemory, close: () => store.close() }
}

/** Small segments, so that games cross their ends. */
const limits = { segmentBytes: [16 * 1024, 32 * 1024], idleAccounts: 1, checkpointBytes: 16 * 1024 }

/** A fresh store on disk. */
export async function embeddedBoard(): Promise<OwnBoard> {
  const directory = mkdtempSync(join(tmpdir(), 'crispin-sessions-'))
  let store = await embeddedStore({ directory, limits })
  return {
    store,
    async reopen() {
      await store.close()
      store = await embeddedStore({ directory, limits })
      return store
    },
    async close() {
      await store.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The same, with every other session on the side of another process than the one that owns the account. */
export async function sharedBoard(): Promise<OwnBoard> {
  const directory = mkdtempSync(join(tmpdir(), 'crispin-sessions-'))
  let pair = await openPair({ directory, limits }, account)
  return {
    store: byTurns(pair),
    async reopen() {
      await pair.close()
      pair = await openPair({ directory, limits }, account)
      return byTurns(pair)
    },
    async close() {
      await pair.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
