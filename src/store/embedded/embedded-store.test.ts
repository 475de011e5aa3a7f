import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeContract } from '../contract.ts'
import type { EmbeddedLimits } from './index.ts'
import { embeddedStore } from './index.ts'

/** Small segments, so that histories cross their ends. */
const small: EmbeddedLimits = { segmentBytes: [8 * 1024, 16 * 1024], idleAccounts: 0 }
/** A checkpoint after every commit, and whatever can be compacted then is. */
const compacting: EmbeddedLimits = {
  segmentBytes: [4 * 1024],
  idleAccounts: 0,
  checkpointBytes: 1,
  compactionShare: 0,
  compactionGraceMs: 0,
}

for (const [name, limits] of [
  ['embedded', small],
  ['embedded, compacting', compacting],
] as const) {
  storeContract(name, async () => {
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
}
