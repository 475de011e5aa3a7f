import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeContract } from '../contract.ts'
import { embeddedStore } from './index.ts'

/** Small segments, so that histories cross their ends. */
const limits = { segmentBytes: [8 * 1024, 16 * 1024], idleAccounts: 0 }

storeContract('embedded', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'crispin-store-'))
  let store = await embeddedStore({ directory, limits })
  return {
    store,
    reopen: async () => {
      await store.close()
      store = await embeddedStore({ directory, limits })
      return store
    },
    close: async () => {
      await store.close()
      rmSync(directory, { recursive: true })
    },
  }
})
