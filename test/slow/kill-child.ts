/**
 * The process that the kill test kills: several workers change their mailboxes as fast as the store lets them, and
 * tell on standard output what they are about to do, and what was acknowledged.
 */
import { readFileSync, writeSync } from 'node:fs'
import { type EmbeddedLimits, embeddedStore } from '../../src/store/embedded/index.ts'
import { type Deed, type Territory, after, nextDeed, perform, randomFrom } from './territory.ts'

/** A line of the child's output. */
export type Told =
  | { readonly is: 'ready' }
  | { readonly is: 'begun'; readonly worker: number; readonly deed: Deed }
  | { readonly is: 'acknowledged'; readonly worker: number }

/** What the parent writes down for the child. */
export interface Orders {
  readonly directory: string
  readonly seed: number
  readonly territories: readonly Territory[]
}

/** Small, so that a short life goes through everything: new segments, checkpoints, closed files. */
export const limits: EmbeddedLimits = {
  segmentBytes: [32 * 1024, 128 * 1024, 512 * 1024],
  checkpointBytes: 96 * 1024,
  idleCheckpointMs: 15,
  lazySyncMs: 20,
  openFiles: 8,
  chunkCacheBytes: 256 * 1024,
  columnBytes: 4 * 1024,
  compactionShare: 0.2,
  compactionGraceMs: 0,
}

const pause = new Int32Array(new SharedArrayBuffer(4))

/** Writes a line before it returns, even when the parent has no time to read. */
function tell(told: Told): void {
  let rest = Buffer.from(JSON.stringify(told) + '\n')
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
      Atomics.wait(pause, 0, 0, 1)
    }
  }
}

async function work(directory: string, seed: number, territories: readonly Territory[]): Promise<void> {
  const store = await embeddedStore({ directory, limits })
  const account = await store.openAccount('alice')
  tell({ is: 'ready' })
  await Promise.all(
    territories.map(async (start) => {
      const random = randomFrom(seed * 1000 + start.worker)
      let territory = start
      for (let n = 0; ; n++) {
        const deed = nextDeed(territory, `${seed}.${start.worker}.${n}`, random)
        tell({ is: 'begun', worker: start.worker, deed })
        await perform(account, territory, deed)
        tell({ is: 'acknowledged', worker: start.worker })
        territory = after(territory, deed)
        if (random() < 0.2) await new Promise((resolve) => setTimeout(resolve, random() * 20))
      }
    }),
  )
}

const [path] = process.argv.slice(2)
if (import.meta.main && path !== undefined) {
  const orders = JSON.parse(readFileSync(path, 'utf8')) as Orders // the parent wrote it
  await work(orders.directory, orders.seed, orders.territories)
}
