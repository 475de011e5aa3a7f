import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from './config.ts'
import { workerConfig } from './worker-messages.ts'

test('a worker has its part of what is limited, the ports that were found, and Unix sockets if it is the first', async () => {
  const config = await loadConfig({
    overrides: {
      server: { workers: 3 },
      imap: { listen: ['127.0.0.1:0'] },
      lmtp: { listen: ['unix:/run/lmtp', '127.0.0.1:0'] },
      http: { listen: ['127.0.0.1:9100'] },
      limits: { connections: 100, connectionsPerAddress: 50 },
      signIn: { accountFailures: 2 },
    },
  })
  const addresses = { imap: ['127.0.0.1:1143'], imaps: [], lmtp: ['unix:/run/lmtp', '127.0.0.1:24'], http: [] }
  const [first, second] = [0, 1].map((worker) => workerConfig(config, addresses, worker, 3))
  assert.deepEqual(first?.lmtp.listen, ['unix:/run/lmtp', '127.0.0.1:24'])
  assert.deepEqual(second?.lmtp.listen, ['127.0.0.1:24'])
  assert.deepEqual(second.imap.listen, ['127.0.0.1:1143'])
  assert.deepEqual(second.http.listen, [])
  assert.deepEqual([second.limits.connections, second.limits.connectionsPerAddress], [34, 50])
  assert.equal(second.signIn.accountFailures, 1)
})
