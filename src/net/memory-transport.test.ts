import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { transportPair } from './memory-transport.ts'

test('what one side writes the other reads, and ends are seen', async () => {
  const { client, server } = transportPair({ remoteAddress: '192.0.2.1' })
  client.write('hello')
  assert.equal(String((await once(server.stream, 'data'))[0]), 'hello')
  server.stream.end('bye')
  const heard = []
  for await (const chunk of client) heard.push(chunk)
  assert.equal(heard.join(''), 'bye')
  assert.equal(server.remoteAddress, '192.0.2.1')
  assert.ok(server.secure)
})

test('a side that does not read holds the other up', () => {
  const { client, server } = transportPair()
  const chunk = Buffer.alloc(16 * 1024)
  let writes = 0
  while (client.write(chunk)) writes++
  assert.ok(writes < 100)
  assert.ok(server.stream.readableLength < 1024 * 1024)
})

test('STARTTLS of a pair throws away what was slipped in', async () => {
  const binding = Buffer.alloc(32, 7)
  const { client, server } = transportPair({ secure: false, startTls: true, tlsExporter: binding })
  assert.equal(server.tlsExporter(), undefined)
  client.write('slipped in')
  await once(server.stream, 'readable')
  const secured = await server.startTls?.()
  assert.ok(secured?.secure)
  assert.equal(secured.tlsExporter(), binding)
  assert.equal('startTls' in secured, false)
  client.write('said in TLS')
  assert.equal(String((await once(secured.stream, 'data'))[0]), 'said in TLS')
  client.destroy()
})

test('what one side cuts is cut for the other', async () => {
  for (const cutter of ['client', 'server'] as const) {
    const { client, server } = transportPair()
    const [cut, other] = cutter === 'client' ? [client, server.stream] : [server.stream, client]
    cut.destroy()
    await once(other, 'close')
  }
})
