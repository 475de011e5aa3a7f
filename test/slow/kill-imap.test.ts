import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Told } from './kill-child.ts'
import { type Lane, assertSound, ended, newLane, verify } from './kill-lane.ts'
import { work } from './kill-client.ts'
import { randomFrom } from './territory.ts'

/** How many servers are killed; `CRISPIN_IMAP_KILLS` sets another number. */
const kills = Number(process.env['CRISPIN_IMAP_KILLS'] ?? 50)
/** Kills between two checks of the whole store. */
const checkEvery = 10
/** The longest that clients work before the server is killed, in milliseconds. */
const maxLifeMs = 500

test(`nothing that IMAP answered OK is lost in ${kills} kills`, { timeout: 900_000 }, async (context) => {
  const scratch = mkdtempSync(join(tmpdir(), 'crispin-kill-imap-'))
  const seed = Number(process.env['CRISPIN_SEED'] ?? Date.now() % 1_000_000)
  context.diagnostic(`seed ${seed}`)
  try {
    const lane = await newLane(join(scratch, 'data'))
    const random = randomFrom(seed)
    for (let kill = 0; kill < kills; kill++) {
      const told = await lifeAndDeath(lane, seed + kill, random)
      await verify(lane, lane.directory, told, `seed ${seed}, kill ${kill}`)
      if (kill % checkEvery === checkEvery - 1) await assertSound(lane.directory)
    }
    await assertSound(lane.directory)
    context.diagnostic(
      `${lane.acknowledged} commands answered OK and found done; ${lane.halfway} not yet answered were done`,
    )
    assert.ok(lane.acknowledged > kills, 'the clients did too little for the test to mean anything')
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
})

/** Runs a server, lets every worker talk to it, kills it at some moment, and gives what it answered until then. */
async function lifeAndDeath(lane: Lane, seed: number, random: () => number): Promise<Told[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-server.ts'), lane.directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const over = ended(child)
  try {
    const [first] = (await once(child.stdout, 'data')) as [Buffer] // a readable stream gives Buffers
    const port = Number(first.toString())
    const told: Told[] = []
    const working = lane.territories.map((territory) => work(port, territory, seed, told, () => false))
    setTimeout(() => child.kill('SIGKILL'), random() ** 2 * maxLifeMs + 20)
    await Promise.all(working)
    return told
  } finally {
    child.kill('SIGKILL')
    await over
  }
}
