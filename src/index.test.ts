import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { memoryStore, startServer } from './index.ts'

const accounts = [{ name: 'joe', password: 'secret', account: 'joe-account' }]

async function dialogue(stream: Duplex, said: string): Promise<string> {
  let heard = ''
  stream.on('data', (chunk: Buffer) => (heard += chunk.toString()))
  stream.write(said)
  await once(stream, 'close')
  return heard
}

test('a server in the process is spoken to without a port', async () => {
  const server = await startServer({ accounts })
  const heard = await dialogue(server.connect(), 'a LOGIN joe secret\r\nb LOGOUT\r\n')
  assert.match(heard, /^\* OK [^]*^a OK [^]*^\* BYE [^]*^b OK /m)
  assert.deepEqual(server.ports, {})
  await server.close()
})

test('a client that ends its side sees the end of the other', { timeout: 10_000 }, async () => {
  const server = await startServer({ accounts })
  const client = server.connect().resume()
  client.end('a LOGIN joe secret\r\nb LOGOUT\r\n')
  await once(client, 'close')
  await server.close()
})

test('the store can be given, is looked into, and outlives the server', async () => {
  const store = memoryStore({ clock: () => 1_000_000_000_000 })
  for (const [said, answer] of [
    ['b CREATE one\r\n', /^b OK/m],
    ['b SELECT one\r\n', /^b OK \[READ-WRITE\]/m],
  ] as const) {
    const server = await startServer({ store, accounts })
    assert.match(await dialogue(server.connect(), `a LOGIN joe secret\r\n${said}c LOGOUT\r\n`), answer)
    await server.close()
  }
  const account = await store.openAccount('joe-account')
  assert.ok((await account.tree()).byName.has('one'))
  await account.close()
  await store.close()
})

test('a connection may be insecure, or LMTP; a port may be opened', async () => {
  const server = await startServer({ accounts, listen: { imap: { port: 0 } } })
  const open = await dialogue(server.connect({ secure: false }), 'a LOGIN joe secret\r\nb LOGOUT\r\n')
  assert.match(open, /^a NO \[PRIVACYREQUIRED\]/m)
  assert.match(await dialogue(server.connect({ protocol: 'lmtp' }), 'QUIT\r\n'), /^220 [^]*^221 /m)
  assert.ok(server.ports.imap)
  assert.match(await dialogue(connect(server.ports.imap), 'a LOGIN joe secret\r\nb LOGOUT\r\n'), /^a OK/m)
  await server.close()
})

test('closing says BYE to all', async () => {
  const server = await startServer({ accounts })
  const heard = dialogue(server.connect(), '')
  await server.close()
  assert.match(await heard, /^\* BYE /m)
})

test('settings are checked', async () => {
  await assert.rejects(startServer({ config: { limits: { lineByte: 1 } } }), /lineByte/)
})
