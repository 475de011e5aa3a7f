import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { constants, createDeflateRaw } from 'node:zlib'
import { transportPair } from './memory-transport.ts'
import { recordTransport } from './protocol-log.ts'

/** What is recorded of a dialogue of lines `C: ...` and `S: ...`; `!` signs in. */
async function recorded(dialogue: readonly string[]): Promise<string[]> {
  const { client, server } = transportPair()
  const lines: string[] = []
  const { transport, signedIn } = recordTransport(server, (line) => lines.push(line))
  for (const step of dialogue) {
    if (step === '!') signedIn()
    else if (step.startsWith('C: ')) {
      client.write(step.slice(3) + '\r\n')
      await once(transport.stream, 'data')
    } else {
      transport.stream.write(step.slice(3) + '\r\n')
      await once(client, 'data')
    }
  }
  client.destroy()
  transport.stream.destroy()
  return lines.filter((line) => !line.startsWith('--'))
}

const masks: readonly (readonly [what: string, dialogue: readonly string[], lines: readonly string[]])[] = [
  ['LOGIN', ['C: a LOGIN joe secret', 'S: a OK'], ['C: a LOGIN ***', 'S: a OK']],
  ['login in lower case, oddly spaced', ['C:  a  login joe secret'], ['C:  a  login ***']],
  [
    'LOGIN with literals',
    ['C: a LOGIN {3}', 'S: + go', 'C: joe {6}', 'S: + go', 'C: secret', 'S: a NO', 'C: b NOOP'],
    ['C: a LOGIN ***', 'S: + ***', 'C: ***', 'S: + ***', 'C: ***', 'S: a NO', 'C: b NOOP'],
  ],
  [
    'AUTHENTICATE with a challenge',
    [
      'C: a AUTHENTICATE SCRAM-SHA-256 bj1qb2U=',
      'S: + cj1zYWx0',
      'C: Yz1wcm9vZg==',
      'S: a OK done',
      '!',
      'C: b LIST "" *',
    ],
    ['C: a AUTHENTICATE SCRAM-SHA-256 ***', 'S: + ***', 'C: ***', 'S: a OK done', 'C: b LIST "" *'],
  ],
  ['an unknown command before sign-in', ['C: secret a LOGIN joe', 'C: joe'], ['C: secret a ***', 'C: ***']],
  ['harmless commands before sign-in', ['C: a ID ("name" "x")'], ['C: a ID ("name" "x")']],
  ['LOGIN after sign-in', ['!', 'C: a LOGIN joe secret'], ['C: a LOGIN ***']],
  ['after UNAUTHENTICATE', ['!', 'C: a UNAUTHENTICATE', 'C: b X secret'], ['C: a UNAUTHENTICATE ***', 'C: b X ***']],
]
for (const [what, dialogue, lines] of masks) {
  test(`protocol log: ${what}`, async () => assert.deepEqual(await recorded(dialogue), lines))
}

test('literals stand as their markers, in both directions', async () => {
  const said = [
    '!',
    'C: a APPEND INBOX {12+}\r\nmail\r\nmail\r\n\r\nb NOOP',
    'S: * 1 FETCH (BODY[] {6}\r\nmail\r\n FLAGS ())',
  ]
  assert.deepEqual(await recorded(said), [
    'C: a APPEND INBOX {12+}',
    'C: ',
    'C: b NOOP',
    'S: * 1 FETCH (BODY[] {6}',
    'S:  FLAGS ())',
  ])
})

test('compressed sessions are recorded too', async () => {
  const { client, server } = transportPair()
  const lines: string[] = []
  const { transport, signedIn } = recordTransport(server, (line) => lines.push(line))
  signedIn()
  client.write('a COMPRESS DEFLATE\r\n')
  await once(transport.stream, 'data')
  transport.stream.write('a OK go\r\n')
  await once(client, 'data')
  const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH })
  deflate.pipe(client)
  deflate.write('b SELECT x\r\n')
  await once(transport.stream, 'data')
  while (!lines.includes('C: b SELECT x')) await new Promise(setImmediate)
  client.destroy()
  transport.stream.destroy()
  deflate.destroy()
  assert.ok(lines.includes('-- compression begins'))
})

test('the record goes on across STARTTLS', async () => {
  const { client, server } = transportPair({ secure: false, startTls: true })
  const lines: string[] = []
  const { transport } = recordTransport(server, (line) => lines.push(line))
  client.write('a STARTTLS\r\n')
  await once(transport.stream, 'data')
  const secured = await transport.startTls?.()
  assert.ok(secured?.secure)
  client.write('b NOOP\r\n')
  assert.equal(String((await once(secured.stream, 'data'))[0]), 'b NOOP\r\n')
  secured.stream.end('b OK\r\n')
  const heard = []
  for await (const chunk of client) heard.push(chunk)
  assert.equal(heard.join(''), 'b OK\r\n')
  assert.deepEqual(lines.slice(0, 4), ['C: a STARTTLS', '-- TLS begins', 'C: b NOOP', 'S: b OK'])
})
