import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { test } from 'node:test'
import { Refusal } from '../../model/refusal.ts'
import { StoreFailure } from '../store.ts'
import { Channel } from './channel.ts'
import { failureOf, type Message, sentFailure } from './protocol.ts'

const messages: readonly Message[] = [
  { is: 'imaged', account: 'alice', sequence: 1 },
  { is: 'answer', number: 7, value: { uids: new Uint32Array([1, 2]), octets: Buffer.alloc(100_000, 'x') } },
  { is: 'call', number: 8, name: 'discard', account: 'bob', ask: { number: 9 } },
]

test('messages come through whole and in order, in whatever pieces', async () => {
  for (const piece of [1_000_000, 7, 60_000]) {
    const [near, far] = duplexPair()
    const [relay, end] = duplexPair()
    const received: Message[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    new Channel(end, {
      received: (message) => received.push(message) === messages.length && resolve(),
      closed: () => {},
    })
    far.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += piece) relay.write(chunk.subarray(at, at + piece))
    })
    const sender = new Channel(near, { received: () => {}, closed: () => {} })
    for (const message of messages) assert.ok(sender.send(message))
    await promise
    assert.deepEqual(received, messages)
    for (const stream of [near, far, relay, end]) stream.destroy()
  }
})

test('the end is told once, and nothing is sent behind it', async () => {
  const [near, far] = duplexPair()
  const closed = new Promise<Error | undefined>((resolve) => {
    const channel = new Channel(near, { received: () => {}, closed: resolve })
    channel.close(new Error('enough'))
    assert.equal(channel.send(messages[0]!), false)
  })
  assert.equal((await closed)?.message, 'enough')
  far.destroy()
})

test('nonsense closes the channel', async () => {
  const [near, far] = duplexPair()
  const cause = await new Promise<Error | undefined>((resolve) => {
    new Channel(near, { received: () => assert.fail('nothing was said'), closed: resolve })
    far.write(Buffer.alloc(8, 0xff))
  })
  assert.match(cause?.message ?? '', /nonsense/)
  far.destroy()
})

test('failures arrive as what they were', () => {
  const refusal = failureOf(sentFailure(new Refusal('OVERQUOTA', 'Too much')))
  assert.ok(refusal instanceof Refusal)
  assert.deepEqual([refusal.code, refusal.message], ['OVERQUOTA', 'Too much'])
  const failure = failureOf(sentFailure(new StoreFailure('disk-full', 'no space')))
  assert.ok(failure instanceof StoreFailure)
  assert.deepEqual([failure.reason, failure.message], ['disk-full', 'no space'])
  const fault = failureOf(sentFailure(new TypeError('a mistake')))
  assert.ok(fault instanceof StoreFailure && fault.reason === 'io')
})
