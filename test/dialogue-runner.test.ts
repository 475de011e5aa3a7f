import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { DialogueSyntaxError, parseDialogue } from './dialogue-file.ts'
import { runDialogue } from './dialogue-runner.ts'
import type { Outcome } from './dialogue-runner.ts'

/** A server that greets, says yes to everything and answers NOOP with `answer`. */
function scripted(answer: string): Duplex {
  const [client, server] = duplexPair()
  server.write('* OK hello\r\n')
  let received = ''
  server.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
    for (let end = received.indexOf('\r\n'); end !== -1; end = received.indexOf('\r\n')) {
      const [tag = '', command = ''] = received.slice(0, end).split(' ')
      received = received.slice(end + 2)
      server.write(command === 'NOOP' ? answer : `${tag} OK done\r\n`)
    }
  })
  return client
}

function play(text: string, answer: string): Promise<Outcome> {
  const dialogue = parseDialogue('', 'test.txt', `# a rule\nC: a1 NOOP\n${text}`)
  const connect = (): Promise<Duplex> => Promise.resolve(scripted(answer))
  return runDialogue(dialogue, { server: 'crispin', speaksTls: false, connect })
}

const passing: readonly (readonly [why: string, text: string, answer: string])[] = [
  ['what is wanted', 'S: a1 OK\n', 'a1 OK\r\n'],
  ['any order', 'S*: * 1 EXISTS\nS*: * 0 RECENT\nS: a1 OK\n', '* 0 RECENT\r\n* 1 EXISTS\r\na1 OK\r\n'],
  ['an optional line that is there', 'S~: * 1 EXISTS\nS: a1 OK\n', '* 1 EXISTS\r\na1 OK\r\n'],
  ['an optional line that is not', 'S~: * 1 EXISTS\nS: a1 OK\n', 'a1 OK\r\n'],
  ['lines nobody looks at', 'S: ...\nS: a1 OK\n', '* 1 EXISTS\r\n* 0 RECENT\r\na1 OK\r\n'],
  ['a literal', 'S: * 1 FETCH (BODY[] {#}\nS| x\nS> )\nS: a1 OK\n', '* 1 FETCH (BODY[] {3}\r\nx\r\n)\r\na1 OK\r\n'],
  ['expunges upwards', 'S: expunged 1 2\nS: a1 OK\n', '* 1 EXPUNGE\r\n* 1 EXPUNGE\r\na1 OK\r\n'],
  ['expunges downwards', 'S: expunged 1 2\nS: a1 OK\n', '* 2 EXPUNGE\r\n* 1 EXPUNGE\r\na1 OK\r\n'],
  ['a number that grew', 'S: * $a EXISTS\nS: * $b EXISTS\nCheck: $a < $b\n', '* 4 EXISTS\r\n* 5 EXISTS\r\n'],
]

test('a server that does what is written passes', async () => {
  for (const [why, text, answer] of passing) {
    const outcome = await play(text, answer)
    assert.equal(outcome.kind === 'failed' ? outcome.report : outcome.kind, 'passed', why)
  }
})

const failing: readonly (readonly [why: string, text: string, answer: string, line: number])[] = [
  ['another answer', 'S: a1 OK\n', 'a1 NO\r\n', 3],
  ['a line too many', 'S: a1 OK\n', '* 1 EXISTS\r\na1 OK\r\n', 3],
  ['a line too few', 'S: * 1 EXISTS\nS: a1 OK\n', 'a1 OK\r\n', 3],
  ['one of a block missing', 'S*: * 1 EXISTS\nS*: * 0 RECENT\nS: a1 OK\n', '* 1 EXISTS\r\na1 OK\r\n', 4],
  ['something behind the end', 'S: a1 OK\n', 'a1 OK\r\n* 1 EXISTS\r\n', 3],
  ['other octets', 'S: * 1 FETCH (BODY[] "x")\nS: a1 OK\n', '* 1 FETCH (BODY[] "X")\r\na1 OK\r\n', 3],
  ['the wrong expunge', 'S: expunged 1 2\nS: a1 OK\n', '* 1 EXPUNGE\r\n* 2 EXPUNGE\r\na1 OK\r\n', 3],
  ['a number that shrank', 'S: * $a EXISTS\nS: * $b EXISTS\nCheck: $a < $b\n', '* 5 EXISTS\r\n* 4 EXISTS\r\n', 5],
  ['a number that changed', 'S: * $a EXISTS\nS: * $a EXISTS\n', '* 5 EXISTS\r\n* 4 EXISTS\r\n', 4],
]

test('a server that does otherwise fails at the line it does not meet', async () => {
  for (const [why, text, answer, line] of failing) {
    const outcome = await play(text, answer)
    assert.equal(outcome.kind === 'failed' ? outcome.line : outcome.kind, line, why)
    assert.ok(outcome.kind === 'failed' && outcome.report.includes('  got   '), why)
  }
})

test('a transcript that breaks the format is refused with its line', () => {
  const table: readonly (readonly [text: string, at: string])[] = [
    ['C: a1 NOOP\n', ':1:'],
    ['# a rule\nX: a1 NOOP\n', ':2:'],
    ['# a rule\nGiven: something odd\n', ':2:'],
    ['# a rule\nC: a1 LOGIN {#}\n', ':2:'],
    ['# a rule\nS: * 1 FETCH (BODY[] {5}\nS| x\n', ':3:'],
    ['# a rule\nCheck: $a > $b\n', ':2:'],
  ]
  for (const [text, at] of table) {
    const parse = (): unknown => parseDialogue('', 'test.txt', text)
    assert.throws(parse, (error) => error instanceof DialogueSyntaxError && error.message.includes(at), text)
  }
})

test('what another server lacks is skipped, what Crispin lacks is a failure', async () => {
  const dialogue = parseDialogue('', 'test.txt', '# a rule\nNeeds: MOVE\nC: a1 NOOP\nS: a1 OK\n')
  const connect = (): Promise<Duplex> => Promise.resolve(scripted('a1 OK\r\n'))
  const others = await runDialogue(dialogue, { server: 'dovecot', speaksTls: false, connect })
  assert.equal(others.kind, 'skipped')
  const ours = await runDialogue(dialogue, { server: 'crispin', speaksTls: false, connect })
  assert.equal(ours.kind, 'failed')
})
