import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkStore } from '../../src/store/embedded/check.ts'
import type { Orders, Told } from './kill-child.ts'
import { type Lane, assertSound, ended, newLane, verify } from './kill-lane.ts'
import { randomFrom } from './territory.ts'

/** How many processes are killed: several hundred; `CRISPIN_KILLS` sets another number. */
const kills = Number(process.env['CRISPIN_KILLS'] ?? 300)
/** Stores that are worked on at the same time. */
const lanes = 2
/** Kills between two checks of the whole store. */
const checkEvery = 10
/** The longest a child may work before it is killed, in milliseconds. */
const maxLifeMs = 250

test(`nothing acknowledged is lost in ${kills} kills`, { timeout: 1_200_000 }, async (context) => {
  const scratch = mkdtempSync(join(tmpdir(), 'crispin-kill-'))
  const seed = Number(process.env['CRISPIN_SEED'] ?? Date.now() % 1_000_000)
  context.diagnostic(`seed ${seed}`)
  try {
    const settled = await Promise.allSettled(
      Array.from({ length: lanes }, (_, lane) => runLane(join(scratch, `lane-${lane}`), seed + lane * 500_000)),
    )
    const results = settled.map((result) => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
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
  const lane = await newLane(join(directory, 'data'))
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
  await verify(lane, lane.directory, [], `seed ${seed}, at the end`)
  await assertSound(lane.directory)
  const rebuilt = await checkStore(lane.directory, { rebuild: true })
  assert.deepEqual(rebuilt.problems, [])
  await verify(lane, lane.directory, [], `seed ${seed}, rebuilt`)
  return lane
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
