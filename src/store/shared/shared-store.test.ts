import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeContract } from '../contract.ts'
import type { EmbeddedLimits } from '../embedded/index.ts'
import { openPair } from './pair.test-support.ts'

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
