import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkStore } from '../../src/store/embedded/check.ts'
import { embeddedStore } from '../../src/store/embedded/index.ts'
import { imageOf } from '../store-image.ts'
import { type Orders, type Told, limits } from './kill-child.ts'
import { type Deed, type Territory, after, compare, newTerritory, randomFrom } from './territory.ts'

/** How many processes are killed: several hundred; `CRISPIN_KILLS` sets another number. */
const kills = Number(process.env['CRISPIN_KILLS'] ?? 300)
/** Stores that are worked on at the same time. */
const lanes = 2
const workers = 6
/** Kills between two checks of the whole store. */
const checkEvery = 10
/** The longest a child may work before it is killed, in milliseconds. */
const maxLifeMs = 250

/** What is known of one store. */
interface Lane {
  readonly directory: string
  territories: Territory[]
  acknowledged: number
  /** Commits in flight at a kill that had happened. */
  halfway: number
}

test(`nothing acknowledged is lost in ${kills} kills`, { timeout: 1_200_000 }, async (context) => {
  const scratch = mkdtempSync(join(tmpdir(), 'crispin-kill-'))
  const seed = Number(process.env['CRISPIN_SEED'] ?? Date.now() % 1_000_000)
  context.diagnostic(`seed ${seed}`)
  try {
    const results = await Promise.all(
      Array.from({ length: lanes }, (_, lane) => runLane(join(scratch, `lane-${lane}`), seed + lane * 500_000)),
    )
    const sum = (pick: (lane: Lane) => number): number => results.reduce((total, lane) => total + pick(lane), 0)
    context.diagnostic(
      `${sum((lane) => lane.acknowledged)} commits acknowledged and found; ` +
        `${sum((lane) => lane.halfway)} not yet acknowledged were done when the process died`,
    )
    assert.ok(sum((lane) => lane.acknowledged) > kills, 'the children did too little for the test to mean anything')
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
})

async function runLane(directory: string, seed: number): Promise<Lane> {
  const lane: Lane = { directory: join(directory, 'data'), territories: [], acknowledged: 0, halfway: 0 }
  await prepare(lane)
  const random = randomFrom(seed)
  for (let kill = 0; kill < kills / lanes; kill++) {
    const ordersPath = join(directory, 'orders.json')
    const orders: Orders = { directory: lane.directory, seed: seed + kill, territories: lane.territories }
    writeFileSync(ordersPath, JSON.stringify(orders))
    const told = await lifeAndDeath(ordersPath, random)
    // Half the times a copy is looked at, so that the next child finds things as the last one left them.
    const copy = random() < 0.5 ? join(directory, 'copy') : undefined
    if (copy !== undefined) cpSync(lane.directory, copy, { recursive: true })
    try {
      await verify(lane, copy ?? lane.directory, told, `seed ${seed}, kill ${kill}`)
      if (kill % checkEvery === checkEvery - 1) await assertSound(copy ?? lane.directory)
    } finally {
      if (copy !== undefined) rmSync(copy, { recursive: true })
    }
  }
  await assertSound(lane.directory)
  const rebuilt = await checkStore(lane.directory, { rebuild: true })
  assert.deepEqual(rebuilt.problems, [])
  await verify(lane, lane.directory, [], `seed ${seed}, rebuilt`)
  return lane
}

async function prepare(lane: Lane): Promise<void> {
  lane.territories = Array.from({ length: workers }, (_, worker) => newTerritory(worker))
  const store = await embeddedStore({ directory: lane.directory, limits })
  const account = await store.openAccount('alice')
  for (const { a, b } of lane.territories) {
    await account.commit([a, b].map(({ name }) => ({ op: 'createMailbox', name })))
  }
  await store.close()
}

/** Starts a child, kills it at some moment, and gives what it told until then. */
async function lifeAndDeath(ordersPath: string, random: () => number): Promise<Told[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-child.ts'), ordersPath], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // Sometimes before it is ready: in the middle of a recovery.
  const early = random() < 0.1
  const lifeMs = random() ** 2 * maxLifeMs
  const output: Buffer[] = []
  let deadline: NodeJS.Timeout | undefined
  const killLater = (): void => {
    deadline ??= setTimeout(() => child.kill('SIGKILL'), early ? lifeMs * 2 : lifeMs)
  }
  if (early) killLater()
  child.stdout.on('data', (chunk: Buffer) => {
    output.push(chunk)
    killLater()
  })
  const signal = await ended(child)
  clearTimeout(deadline)
  assert.equal(signal, 'SIGKILL', 'the child ended by itself')
  // The last line may be cut off; then it was not told.
  const lines = Buffer.concat(output).toString().split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Told) // as the child wrote it
}

function ended(child: ChildProcess): Promise<NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (_code, signal) => resolve(signal))
  })
}

/** Compares a store with what was told of it, and takes over what it has come to. */
async function verify(lane: Lane, directory: string, told: readonly Told[], what: string): Promise<void> {
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

async function assertSound(directory: string): Promise<void> {
  const { problems } = await checkStore(directory)
  assert.deepEqual(
    problems.map(({ text }) => text),
    [],
  )
}
