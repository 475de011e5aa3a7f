import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeContract } from '../contract.ts'
import { compacting, small } from './contract-limits.test-support.ts'
import { embeddedStore } from './index.ts'

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
