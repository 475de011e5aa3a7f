import assert from 'node:assert/strict'
import { test } from 'node:test'

import { allDialogues } from '../all-dialogues.ts'
import { runDialogue } from '../dialogue-runner.ts'
import { knownDifferences } from '../dovecot/differences.ts'
import { haveDovecot, startDovecot } from '../dovecot/start-dovecot.ts'

test('the dialogues against Dovecot', { skip: haveDovecot ? false : 'Dovecot is not installed' }, async (t) => {
  const known = knownDifferences()
  const dialogues = allDialogues()
  const dovecot = await startDovecot()
  t.after(() => dovecot.stop())

  for (const [index, dialogue] of dialogues.entries()) {
    await t.test(dialogue.path, async (t) => {
      const connect = ({ startTls }: { startTls: boolean }) => dovecot.connect(index, startTls)
      const outcome = await runDialogue(dialogue, { server: 'dovecot', speaksTls: true, connect })
      const difference = known.get(dialogue.path)
      if (outcome.kind === 'skipped') t.skip(outcome.reason)
      else if (!difference) assert.equal(outcome.kind === 'failed' ? outcome.report : '', '')
      else if (outcome.kind === 'passed') assert.fail('Dovecot agrees by now: strike it from differences.txt')
      else {
        assert.equal(outcome.line, difference.line, outcome.report)
        t.diagnostic(`Dovecot: ${difference.what}`)
      }
    })
  }

  await t.test('differences.txt names dialogues that exist', () => {
    const paths = new Set(dialogues.map(({ path }) => path))
    assert.deepEqual(
      [...known.keys()].filter((path) => !paths.has(path)),
      [],
    )
  })
})
