import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer } from '../index.ts'
import { connectClient } from './url/client.test-support.ts'

test('who had mailboxes named as a namespace before there was one keeps them, and can make more', async () => {
  const accounts = ['alice', 'bob'].map((name) => ({ name, password: 'secret', account: name }))
  const server = await startServer({ accounts })
  const account = await server.store.openAccount('bob')
  await account.commit([{ op: 'createMailbox', name: 'Other Users/alice/INBOX' }])
  await account.close()
  const [alice, bob] = [await connectClient(server, 'alice'), await connectClient(server, 'bob')]
  await alice.say('SETACL INBOX bob lrk')
  await alice.say('CREATE Work')
  await alice.say('SETACL Work bob lr')

  assert.match(await bob.say('MYRIGHTS "Other Users/alice/INBOX"'), / lrswipkxteacd\r\n/)
  assert.match(await bob.say('MYRIGHTS "Other Users/alice/Work"'), / lr\r\n/)
  assert.match(await bob.say('CREATE "Other Users/mine"'), / OK /)
  assert.match(await bob.say('RENAME "Other Users" Old'), / OK /)
  assert.match(await bob.say('MYRIGHTS "Other Users/alice/INBOX"'), / lrkc\r\n/)
  assert.match(await bob.say('CREATE "Other Users/mine"'), / NO \[NOPERM\]/)
  await server.close()
})

test('mail comes into a shared account, for its owners', async () => {
  const accounts = [
    { name: 'alice', password: 'secret' },
    { name: 'info', password: 'secret', owners: ['alice'] },
  ]
  const server = await startServer({ accounts, config: { server: { localDomains: ['localhost'] } } })
  const lmtp = server.connect({ protocol: 'lmtp' })
  let heard = ''
  lmtp.on('data', (chunk: Buffer) => (heard += chunk.toString()))
  lmtp.end('LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<info@localhost>\r\nDATA\r\nSubject: order\r\n\r\n.\r\nQUIT\r\n')
  await new Promise((resolve) => lmtp.once('close', resolve))
  assert.match(heard, /^250 2\.\d\.\d .*\r\n221/m)
  const alice = await connectClient(server, 'alice')
  assert.match(await alice.say('STATUS Shared/info/INBOX (MESSAGES)'), /MESSAGES 1/)
  await server.close()
})
