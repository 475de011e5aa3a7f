/**
 * Many random games of concurrent sessions (see test/sessions/game.ts), long ones too, from CRISPIN_SEED or always
 * the same seed (so that a change is judged by the games its predecessor played), and games that once failed.
 */
import { test } from 'node:test'
import { embeddedBoard, memoryBoard } from '../sessions/boards.ts'
import { playRandomly } from '../sessions/games.ts'

const seed = Number(process.env['CRISPIN_SEED'] ?? 20_261_122)

for (const [engine, newBoard] of [
  ['memory', memoryBoard],
  ['embedded', embeddedBoard],
] as const) {
  test(`many short games on the ${engine} engine`, async (t) => {
    t.diagnostic(`seed ${seed}`)
    await playRandomly(newBoard, { runs: 400, maxSteps: 40, seed, seconds: 40 })
  })

  test(`long games on the ${engine} engine`, async (t) => {
    t.diagnostic(`seed ${seed}`)
    await playRandomly(newBoard, { runs: 60, maxSteps: 250, seed, seconds: 40 })
  })
}

/** Seeds of games on the memory engine that once found a fault. */
const found: readonly {
  readonly seed: number
  readonly maxSteps: number
  readonly runs: number
  readonly fault: string
}[] = [
  { seed: 1, maxSteps: 60, runs: 15, fault: 'RECENT counts messages twice where a mailbox is examined' },
  { seed: 2, maxSteps: 60, runs: 15, fault: 'UID EXPUNGE does not take *' },
  {
    seed: 104648097,
    maxSteps: 40,
    runs: 120,
    fault: 'SELECT tells of a mailbox that is deleted meanwhile, then says NO',
  },
  { seed: 34, maxSteps: 25, runs: 200, fault: 'NOTIFY takes a commit of others for its own, which changed nothing' },
]

for (const { seed: old, maxSteps, runs, fault } of found) {
  test(`the games of seed ${old}: ${fault}`, () => playRandomly(memoryBoard, { runs, maxSteps, seed: old }))
}
