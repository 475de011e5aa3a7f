import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../model/refusal.ts'
import { StoreFailure } from '../store/store.ts'
import { hello, messagesOf, playLmtp, lmtpScene, quit } from './dialogue.test-support.ts'

/** Where the store fails, how, and what RCPT and the end of DATA say. */
const failures: readonly (readonly [
  point: 'open' | 'tree' | 'write' | 'finish' | 'commit',
  failure: Error,
  atRcpt: string,
  atEnd: string,
])[] = [
  ['open', new StoreFailure('disk-full', 'full'), '452 4.3.1', ''],
  ['open', new StoreFailure('busy', 'busy'), '451 4.3.0', ''],
  ['tree', new StoreFailure('io', 'broken'), '451 4.3.0', ''],
  ['tree', new Error('a fault'), '451 4.3.0', ''],
  ['write', new Refusal('TOOBIG', 'too big'), '250 2.1.5', '552 5.3.4'],
  ['write', new StoreFailure('disk-full', 'full'), '250 2.1.5', '452 4.3.1'],
  ['finish', new StoreFailure('disk-full', 'full'), '250 2.1.5', '452 4.3.1'],
  ['finish', new Error('a fault'), '250 2.1.5', '451 4.3.0'],
  ['commit', new Refusal('OVERQUOTA', 'full'), '250 2.1.5', '452 4.2.2'],
  ['commit', new Refusal('LIMIT', 'no more UIDs'), '250 2.1.5', '452 4.2.0'],
  ['commit', new Refusal('NOPERM', 'no'), '250 2.1.5', '550 5.7.1'],
  ['commit', new Refusal('INUSE', 'wait'), '250 2.1.5', '451 4.2.0'],
  ['commit', new StoreFailure('disk-full', 'full'), '250 2.1.5', '452 4.3.1'],
  ['commit', new StoreFailure('closed', 'closed'), '250 2.1.5', '451 4.3.0'],
]

test('LMTP: what the sender hears when the store fails', async () => {
  for (const [point, failure, atRcpt, atEnd] of failures) {
    const scene = lmtpScene()
    scene.alice.failures.set(point, failure)
    const message = `
      C: DATA
      S: 354
      C: hi
      C: .
      S: ${atEnd}`
    await playLmtp(
      scene,
      `${hello}
      C: MAIL FROM:<x@y>
      S: 250 2.1.0
      C: RCPT TO:<alice>
      S: ${atRcpt}
      ${atEnd === '' ? '' : message}
      ${quit}`,
    )
  }
})

/** Arguments, and the replies to `MAIL FROM:` or `RCPT TO:` with them. */
const argumentTable: readonly (readonly [mail: string, reply: string])[] = [
  ['MAIL FROM:<>', '250 2.1.0'],
  ['MAIL FROM: <a@b>', '250 2.1.0'],
  ['MAIL FROM:<a@b> ', '250 2.1.0'],
  ['MAIL FROM:<"a b"@c>', '250 2.1.0'],
  ['MAIL FROM:<"a\\"b"@c>', '250 2.1.0'],
  ['MAIL FROM:<a@[127.0.0.1]>', '250 2.1.0'],
  ['MAIL FROM:<@one,@two:a@b> SIZE=5', '250 2.1.0'],
  ['MAIL FROM:<a@b> body=8bitmime', '250 2.1.0'],
  ['MAIL FROM:a@b', '501 5.1.7'],
  ['MAIL FROM:<a@b', '501 5.1.7'],
  ['MAIL FROM:<a..b@c>', '501 5.1.7'],
  ['MAIL FROM:<.a@c>', '501 5.1.7'],
  ['MAIL FROM:<a@>', '501 5.1.7'],
  ['MAIL FROM:<"a@c>', '501 5.1.7'],
  ['MAIL FROM:<a b@c>', '501 5.1.7'],
  [`MAIL FROM:<${'a'.repeat(1000)}@b>`, '501 5.1.7'],
  ['MAIL FROM:<a@b>SIZE=5', '501 5.5.4'],
  ['MAIL FROM:<a@b> SIZE=', '501 5.5.4'],
  ['MAIL FROM:<a@b> SIZE', '501 5.5.4'],
  ['MAIL FROM:<a@b> SIZE=-1', '501 5.5.4'],
  ['MAIL FROM:<a@b> SIZE=99999999999999999999', '552 5.3.4'],
  ['MAIL FROM:<a@b> SIZE=1 SIZE=1', '501 5.5.4'],
  ['MAIL FROM:<a@b> BODY=16BIT', '501 5.5.4'],
  ['MAIL FROM:<a@b> RET=FULL', '555 5.5.4'],
  ['MAIL TO:<a@b>', '501 5.5.4'],
  ['MAIL', '501 5.5.4'],
  ['RCPT TO:<alice>', '250 2.1.5'],
  ['RCPT TO:<"al ice"@example.org>', '250 2.1.5'],
  ['RCPT TO:<"alice"@example.org>', '250 2.1.5'],
  ['RCPT TO:<@relay:alice@example.org>', '250 2.1.5'],
  ['RCPT TO:<>', '501 5.1.3'],
  ['RCPT TO:<alice@example..org>', '501 5.1.3'],
  ['RCPT TO:<alice@elsewhere.org>', '550 5.1.1'],
  ['RCPT TO:<alice> NOTIFY=NEVER', '555 5.5.4'],
  ['RCPT TO:<broken>', '451 4.3.0'],
]

test('LMTP: arguments of MAIL and RCPT', async () => {
  for (const [command, reply] of argumentTable) {
    const mail = command.startsWith('RCPT') ? 'C: MAIL FROM:<x@y>\nS: 250 2.1.0' : ''
    await playLmtp(lmtpScene(), `${hello}\n${mail}\nC: ${command}\nS: ${reply}\n${quit}`)
  }
})

test('LMTP: the same dialogue octet by octet', async () => {
  const scene = lmtpScene()
  const input =
    'LHLO c\r\nMAIL FROM:<x@y>\r\nRCPT TO:<alice>\r\nDATA\r\na\r\n..\r\n.\r\n' +
    'MAIL FROM:<x@y>\r\nRCPT TO:<alice>\r\nBDAT 3\r\n\r\n.BDAT 2 LAST\r\n\r\nQUIT\r\n'
  const replies: string[] = []
  scene.client.on('data', (chunk: Buffer) => replies.push(chunk.toString('latin1')))
  for (const octet of Buffer.from(input)) scene.client.write(Buffer.of(octet))
  scene.client.end()
  await scene.served.closed
  const codes = replies.join('').match(/^\d{3} /gm)
  assert.equal(codes?.join(''), '220 250 250 250 354 250 250 250 250 250 221 ')
  const header = 'Return-Path: <x@y>\r\nDelivered-To: alice\r\n'
  assert.deepEqual(messagesOf(scene.alice), [`${header}a\r\n.\r\n`, `${header}\r\n.\r\n`])
})

test('LMTP: bye and silence end a session with 421', async () => {
  const stopped = lmtpScene()
  const timedOut = lmtpScene()
  const playing = [
    playLmtp(stopped, 'S: 220\nS: 421 4.3.2 mail.example: shutting down for now\nS! closed'),
    playLmtp(timedOut, 'S: 220\nS: 421 4.4.2\nS! closed'),
  ]
  await new Promise(setImmediate)
  stopped.served.bye('shutting down for now')
  for (const timer of timedOut.timers) timer()
  await Promise.all(playing)
})

test('LMTP: bye during a message lets it be delivered', async () => {
  const scene = lmtpScene()
  scene.alice.beforeCommit = () => scene.served.bye('shutting down')
  await playLmtp(
    scene,
    `${hello}
    C: MAIL FROM:<x@y>
    C: RCPT TO:<alice>
    C: DATA
    S: 250 2.1.0
    S: 250 2.1.5
    S: 354
    C: hi
    C: .
    S: 250 2.0.0
    S: 421 4.3.2
    S! closed`,
  )
  assert.equal(messagesOf(scene.alice).length, 1)
})

test('LMTP: silence in the middle of a message ends the session; nothing is delivered', async () => {
  const scene = lmtpScene()
  const playing = playLmtp(
    scene,
    `${hello}
    C: MAIL FROM:<x@y>
    C: RCPT TO:<alice>
    C: DATA
    S: 250 2.1.0
    S: 250 2.1.5
    S: 354
    C: half a mess
    S: 421 4.4.2
    S! closed`,
  )
  // The timer that runs when nothing else can happen any more is that of the wait for data.
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
  for (const timer of scene.timers) timer()
  await playing
  assert.deepEqual(messagesOf(scene.alice), [])
})
