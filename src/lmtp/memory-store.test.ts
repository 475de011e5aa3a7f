import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { silentLog } from '../model/log.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { defaultLmtpLimits } from './limits.ts'
import { serveLmtp } from './serve.ts'
import { lmtpSystemClock } from './services.ts'

test('LMTP delivers into a store', async () => {
  const store = memoryStore({ limits: { maxMessageBytes: 400_000 } })
  const account = await store.openAccount('alice')
  await account.commit([{ op: 'createMailbox', name: 'lists' }])
  const [client, stream] = duplexPair()
  const served = serveLmtp(
    {
      stream,
      secure: true,
      allowPlaintextLogin: false,
      remoteAddress: 'local',
      remotePort: 0,
      tlsExporter: () => undefined,
      certificateNames: () => [],
    },
    {
      store,
      recipients: (address) => Promise.resolve({ account: 'alice', user: 'alice', detail: address.split('+')[1] }),
      limits: defaultLmtpLimits,
      log: silentLog,
      clock: lmtpSystemClock,
      hostname: 'mail.example',
    },
  )
  const body = `Subject: long\r\n\r\n${'.line that is stuffed\r\n'.repeat(10_000)}`
  const envelope = 'MAIL FROM:<x@y>\r\nRCPT TO:<alice+lists>\r\nRCPT TO:<alice>\r\n'
  client.write(`LHLO c\r\n${envelope}DATA\r\n${body.replaceAll('\n.', '\n..')}.\r\n`)
  client.write(`${envelope}BDAT 500000 LAST\r\n${'x'.repeat(500_000)}QUIT\r\n`)
  const replies = (await text(client)).match(/^\d{3} (?:\d\.\d\.\d)?/gm)
  client.destroy()
  await served.closed
  assert.deepEqual(replies, [
    '220 ',
    '250 ',
    // DATA, and what it was about
    '250 2.1.0',
    '250 2.1.5',
    '250 2.1.5',
    '354 ',
    '250 2.0.0',
    '250 2.0.0',
    // BDAT, which is over the limit of the store
    '250 2.1.0',
    '250 2.1.5',
    '250 2.1.5',
    '552 5.3.4',
    '552 5.3.4',
    '221 2.0.0',
  ])

  for (const { id, name } of (await account.tree()).byName.values()) {
    const { sizes, messages, firstRecentUid } = await account.snapshot(id)
    const to = name === 'lists' ? 'alice+lists' : 'alice'
    const expected = `Return-Path: <x@y>\r\nDelivered-To: ${to}\r\n${body}`
    assert.deepEqual([...sizes], [expected.length])
    assert.equal(firstRecentUid, 1)
    const octets = Buffer.alloc(expected.length)
    await account.readBlob(messages[0]!, 0, octets)
    assert.equal(octets.toString('latin1'), expected)
  }
  await account.close()
  await store.close()
})
