import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allDialogues } from './all-dialogues.ts'
import { engines, openPlayer } from './crispin-environment.ts'

const dialogues = allDialogues()

for (const engine of engines) {
  test(`the dialogues on the ${engine} engine`, async (t) => {
    const player = await openPlayer(engine)
    t.after(() => player.close())
    for (const dialogue of dialogues) {
      await t.test(dialogue.path, async () => {
        const outcome = await player.play(dialogue)
        assert.equal(outcome.kind === 'failed' ? outcome.report : outcome.kind, 'passed')
      })
    }
  })
}
