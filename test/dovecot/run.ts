/** Plays dialogues against Dovecot and prints what differs: `node test/dovecot/run.ts [part of a path]`. */
import { allDialogues } from '../all-dialogues.ts'
import { runDialogue } from '../dialogue-runner.ts'
import { knownDifferences } from './differences.ts'
import { startDovecot } from './start-dovecot.ts'

const known = knownDifferences()
const counts = { passed: 0, skipped: 0, failed: 0, known: 0 }
const dovecot = await startDovecot()
try {
  for (const [index, dialogue] of allDialogues(process.argv[2]).entries()) {
    const outcome = await runDialogue(dialogue, {
      server: 'dovecot',
      speaksTls: true,
      connect: ({ startTls }) => dovecot.connect(index, startTls),
    })
    const difference = known.get(dialogue.path)
    if (outcome.kind === 'skipped') console.log(`skipped ${dialogue.path}: ${outcome.reason}`)
    if (outcome.kind === 'failed' && difference?.line === outcome.line) counts.known++
    else counts[outcome.kind]++
    if (outcome.kind === 'failed' && difference?.line !== outcome.line) console.log(`\n${outcome.report}\n`)
    if (outcome.kind === 'passed' && difference) console.log(`no longer different: ${dialogue.path}`)
  }
} finally {
  await dovecot.stop()
}
console.log(counts)
