import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { checkStore } from '../../src/store/embedded/check.ts'
import { embeddedStore } from '../../src/store/embedded/index.ts'
import { imageOf } from '../store-image.ts'
import { type Told, limits } from './kill-child.ts'
import { type Deed, type Territory, after, compare, newTerritory } from './territory.ts'

/** How many work on one store at the same time. */
export const workers = 6

/** What is known of one store. */
export interface Lane {
  readonly directory: string
  territories: Territory[]
  acknowledged: number
  /** Commits in flight at a kill that had happened. */
  halfway: number
}

/** Makes a store in which every worker has its two mailboxes. */
export async function newLane(directory: string): Promise<Lane> {
  const territories = Array.from({ length: workers }, (_, worker) => newTerritory(worker))
  const lane: Lane = { directory, territories, acknowledged: 0, halfway: 0 }
  const store = await embeddedStore({ directory: lane.directory, limits })
  const account = await store.openAccount('alice')
  for (const { a, b } of lane.territories) {
    await account.commit([a, b].map(({ name }) => ({ op: 'createMailbox', name })))
  }
  await store.close()
  return lane
}

/** Waits until a child has ended and all its output is there; the signal that ended it. */
export function ended(child: ChildProcess): Promise<NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (_code, signal) => resolve(signal))
  })
}

/** Compares a store with what was told of it, and takes over what it has come to. */
export async function verify(lane: Lane, directory: string, told: readonly Told[], what: string): Promise<void> {
  const inFlight = new Map<number, Deed>()
  const territories = [...lane.territories]
  for (const line of told) {
    if (line.is === 'begun') inFlight.set(line.worker, line.deed)
    if (line.is !== 'acknowledged') continue
    const deed = inFlight.get(line.worker)
    const territory = territories[line.worker]
    assert.ok(deed && territory)
    territories[line.worker] = after(territory, deed)
    inFlight.delete(line.worker)
    lane.acknowledged++
  }
  const store = await embeddedStore({ directory, limits })
  try {
    const image = await imageOf(await store.openAccount('alice'))
    lane.territories = territories.map((territory) => {
      const without = compare(territory, image)
      if (typeof without !== 'string') return without
      const deed = inFlight.get(territory.worker)
      const withDeed = deed ? compare(after(territory, deed), image) : 'nothing was in flight'
      if (typeof withDeed === 'string') {
        assert.fail(`${what}: ${without}; with what was in flight (${JSON.stringify(deed)}): ${withDeed}`)
      }
      lane.halfway++
      return withDeed
    })
    assert.equal(Object.keys(image).length, 1 + 2 * workers, `${what}: mailboxes too many or too few`)
  } finally {
    await store.close()
  }
}

/** Throws when `check` finds anything. */
export async function assertSound(directory: string): Promise<void> {
  const { problems } = await checkStore(directory)
  assert.deepEqual(
    problems.map(({ text }) => text),
    [],
  )
}
