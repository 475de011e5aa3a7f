/**
 * Dialogues and random games of sessions that are by turns on the side of the process that owns an account, and of one
 * that follows it. Both sides are in this process, so that it is quick; test/slow/workers.test.ts has real ones.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { byTurns, openPair } from '../../src/store/shared/pair.test-support.ts'
import { allDialogues } from '../all-dialogues.ts'
import { playerOn } from '../crispin-environment.ts'
import { sharedBoard } from '../sessions/boards.ts'
import { playRandomly } from '../sessions/games.ts'

const seed = Number(process.env['CRISPIN_SEED'] ?? 20_261_123)

test('the dialogues on two sides of a store', { concurrency: 8 }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'crispin-dialogues-'))
  const pair = await openPair({ directory })
  const player = playerOn({ store: byTurns(pair), close: () => pair.close() })
  t.after(async () => {
    await player.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const tests = allDialogues().map((dialogue) =>
    t.test(dialogue.path, async () => {
      const outcome = await player.play(dialogue)
      assert.equal(outcome.kind === 'failed' ? outcome.report : outcome.kind, 'passed')
    }),
  )
  await Promise.all(tests)
})

test('many games on two sides of a store', async (t) => {
  t.diagnostic(`seed ${seed}`)
  await playRandomly(sharedBoard, { runs: 300, maxSteps: 60, seed, seconds: 60 })
})
