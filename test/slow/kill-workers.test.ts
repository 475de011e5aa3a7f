/**
 * Servers of several workers are killed while clients work: first one worker, at times the one that owns the account, then
 * all that is left. What was answered OK must be there; what was not answered may be, whole.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { userDirectory } from '../../src/accounts/user-directory.ts'
import type { Told } from './kill-child.ts'
import { type Lane, assertSound, ended, newLane, verify } from './kill-lane.ts'
import { work } from './kill-client.ts'
import { randomFrom } from './territory.ts'

/** How many servers are killed; `CRISPIN_WORKER_KILLS` sets another number. */
const kills = Number(process.env['CRISPIN_WORKER_KILLS'] ?? 12)
/** The longest that clients work before a worker is killed, and then before all are, in milliseconds. */
const maxLifeMs = 400

const program = join(import.meta.dirname, '../../bin/crispin')

/** What a worker says when the one that owns the account went away with a commit. */
const ownerIsGone = (answer: string): boolean => answer.startsWith('NO [UNAVAILABLE]')

for (const workers of [2, 3]) {
  test(`nothing answered OK is lost when servers of ${workers} workers are killed`, { timeout: 900_000 }, async (t) => {
    const scratch = mkdtempSync(join(tmpdir(), 'crispin-kill-workers-'))
    const seed = Number(process.env['CRISPIN_SEED'] ?? Date.now() % 1_000_000)
    t.diagnostic(`seed ${seed}`)
    try {
      const lane = await newLane(join(scratch, 'data'))
      const users = userDirectory({ file: join(lane.directory, 'users.db') })
      await users.addMany([{ name: 'alice', password: 'secret', account: 'alice' }])
      await users.close()
      const random = randomFrom(seed)
      for (let kill = 0; kill < kills; kill++) {
        const told = await lifeAndDeath(lane, workers, seed + kill, random)
        await verify(lane, lane.directory, told, `seed ${seed}, kill ${kill}`)
        await assertSound(lane.directory)
      }
      t.diagnostic(`${lane.acknowledged} commands answered OK and found done; ${lane.halfway} not answered were done`)
      assert.ok(lane.acknowledged > kills, 'the clients did too little for the test to mean anything')
    } finally {
      rmSync(scratch, { recursive: true, force: true })
    }
  })
}

/** Runs a server, kills one worker and then all, and gives what was answered until then. */
async function lifeAndDeath(lane: Lane, workers: number, seed: number, random: () => number): Promise<Told[]> {
  const args = ['serve', '--data', lane.directory, '--json', '--imap', '127.0.0.1:0', '--allow-plaintext-login']
  const env = { ...process.env, CRISPIN_SERVER_WORKERS: String(workers), CRISPIN_LOG_LEVEL: 'silent' }
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], env })
  const over = ended(child)
  const all = new Set<number>()
  try {
    const port = await readyPort(child)
    const told: Told[] = []
    const working = lane.territories.map((territory) => work(port, territory, seed, told, ownerIsGone))
    await sleep(random() * maxLifeMs + 20)
    const pids = workersOf(child)
    assert.equal(pids.length, workers)
    const victim = pids[Math.floor(random() * pids.length)]
    if (victim !== undefined) process.kill(victim, 'SIGKILL')
    for (const pid of pids) if (pid !== victim) all.add(pid)
    await sleep(random() * 2 * maxLifeMs)
    for (const pid of workersOf(child)) all.add(pid)
    child.kill('SIGKILL')
    for (const pid of all) killed(pid)
    await Promise.all(working)
    return told
  } finally {
    child.kill('SIGKILL')
    await over
  }
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended with the one that started it
  }
}

async function readyPort({ stdout }: ChildProcess): Promise<number> {
  assert.ok(stdout)
  for await (const line of createInterface(stdout)) {
    const { imap } = JSON.parse(line) as { imap: string[] } // what `serve --json` prints
    return Number(/\d+$/.exec(imap[0] ?? '')?.[0])
  }
  throw new Error('the server is not ready')
}

/** The processes that the server has started, from Linux's /proc. */
function workersOf({ pid }: ChildProcess): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
  return children.split(' ').filter(Boolean).map(Number)
}
