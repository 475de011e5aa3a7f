import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeContract } from '../contract.ts'
import { compacting, small } from '../embedded/contract-limits.test-support.ts'
import { openPair } from './pair.test-support.ts'

for (const [name, limits] of [
  ['followed', small],
  ['followed, compacting', compacting],
] as const) {
  storeContract(name, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'crispin-shared-'))
    let pair = await openPair({ directory, limits })
    return {
      store: pair.follower,
      reopen: async () => {
        await pair.close()
        pair = await openPair({ directory, limits })
        return pair.follower
      },
      close: async () => {
        await pair.close()
        rmSync(directory, { recursive: true })
      },
    }
  })
}
