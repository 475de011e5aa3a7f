/**
 * Random clients at one account: what each was told is what there is, and nothing said is ever contradicted. A few games
 * only; test/slow/sessions.property.test.ts plays many.
 */
import { test } from 'node:test'
import { embeddedBoard, memoryBoard } from './sessions/boards.ts'
import { playRandomly } from './sessions/games.ts'

test('random sessions on the memory engine', async () => {
  await playRandomly(memoryBoard, { runs: 15, maxSteps: 40 })
})

test('random sessions on the embedded engine, which is opened again', async () => {
  await playRandomly(embeddedBoard, { runs: 5, maxSteps: 30 })
})
