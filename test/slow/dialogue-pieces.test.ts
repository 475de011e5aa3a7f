import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allDialogues } from '../all-dialogues.ts'
import { openPlayer } from '../crispin-environment.ts'

/** Octets that go out at once: each alone, and a number that divides nothing evenly. */
const sizes = [1, 7]

for (const pieceBytes of sizes) {
  test(`the dialogues, ${pieceBytes} octets at a time`, async (t) => {
    const player = await openPlayer('memory')
    t.after(() => player.close())
    for (const dialogue of allDialogues()) {
      const outcome = await player.play(dialogue, pieceBytes)
      assert.equal(outcome.kind === 'failed' ? outcome.report : outcome.kind, 'passed')
    }
  })
}
