import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allDialogues } from './all-dialogues.ts'
import { engines, openPlayer } from './crispin-environment.ts'

const dialogues = allDialogues()

for (const engine of engines) {
  test(`the dialogues on the ${engine} engine`, { concurrency: 8 }, async (t) => {
    const player = await openPlayer(engine)
    t.after(() => player.close())
    const tests = dialogues.map((dialogue) =>
      t.test(dialogue.path, async () => {
        const outcome = await player.play(dialogue)
        assert.equal(outcome.kind === 'failed' ? outcome.report : outcome.kind, 'passed')
      }),
    )
    await Promise.all(tests)
  })
}
