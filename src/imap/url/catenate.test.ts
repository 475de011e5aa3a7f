import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer } from '../../index.ts'
import { memoryStore } from '../../store/memory/memory-store.ts'
import type { AccountStore } from '../../store/store.ts'
import { type Client, connectClient } from './client.test-support.ts'

const alice = { name: 'alice', password: 'secret', account: 'a1' }

async function append(client: Client, octets: number): Promise<void> {
  const message = 'a: b\r\n\r\n'.padEnd(octets, 'x')
  assert.match(await client.say(`APPEND INBOX {${octets}+}\r\n${message}`), / OK /)
}

test('URLs count toward the size of a message, and so do texts before and behind them', async () => {
  const server = await startServer({ accounts: [alice], config: { limits: { messageBytes: 1024 } } })
  const client = await connectClient(server, 'alice')
  await append(client, 600)
  const url = 'URL "/INBOX/;UID=1"'
  assert.match(await client.say(`APPEND INBOX CATENATE (${url} ${url})`), / NO \[TOOBIG\]/)
  assert.match(await client.say(`APPEND INBOX CATENATE (${url} TEXT {500}`), / NO \[TOOBIG\]/)
  assert.match(await client.say(`APPEND INBOX CATENATE (${url} TEXT {500+}\r\n${'y'.repeat(500)})`), / NO \[TOOBIG\]/)
  assert.match(await client.say(`APPEND INBOX CATENATE (TEXT {500+}\r\n${'y'.repeat(500)} ${url})`), / NO \[TOOBIG\]/)
  assert.match(await client.say(`APPEND INBOX CATENATE (TEXT {424+}\r\n${'y'.repeat(424)} ${url})`), / OK /)
  assert.match(await client.say('STATUS INBOX (MESSAGES)'), /MESSAGES 2/)
  await server.close()
})

test('short URLs of long messages have a limit together', async () => {
  const server = await startServer({ accounts: [alice], config: { limits: { catenatedBytes: 2000 } } })
  const client = await connectClient(server, 'alice')
  await append(client, 600)
  const one = 'CATENATE (URL "/INBOX/;UID=1")'
  assert.match(await client.say(`APPEND INBOX ${one} ${one} ${one}`), / OK /)
  assert.match(await client.say(`APPEND INBOX ${one} ${one} ${one} ${one}`), / NO \[LIMIT\]/)
  assert.match(await client.say(`APPEND INBOX ${one}`), / OK /, 'and only within one command')
  assert.match(await client.say('STATUS INBOX (MESSAGES)'), /MESSAGES 5/)
  await server.close()
})

test('as many messages as one APPEND may have, whole or put together', async () => {
  const server = await startServer({ accounts: [alice], config: { limits: { appendMessages: 2 } } })
  const client = await connectClient(server, 'alice')
  await append(client, 10)
  const one = 'CATENATE (URL "/INBOX/;UID=1")'
  assert.match(await client.say(`APPEND INBOX ${one} ${one}`), / OK /)
  assert.match(await client.say(`APPEND INBOX ${one} ${one} ${one}`), / NO \[LIMIT\]/)
  assert.match(await client.say(`APPEND INBOX ${one} {1+}\r\nx ${one}`), / NO \[LIMIT\]/)
  assert.match(await client.say('STATUS INBOX (MESSAGES)'), /MESSAGES 3/)
  await server.close()
})

test('where CATENATE is switched off there is none', async () => {
  const server = await startServer({ accounts: [alice], config: { imap: { disabledCapabilities: ['CATENATE'] } } })
  const client = await connectClient(server, 'alice')
  assert.doesNotMatch(await client.say('CAPABILITY'), /CATENATE/)
  assert.match(await client.say('APPEND INBOX CATENATE (URL "/INBOX/;UID=1")'), / BAD /)
  assert.match(await client.say('APPEND INBOX CATENATE (TEXT {3}'), / BAD /)
  await server.close()
})

test('whatever ends a command, nothing of its messages is left in the store', async () => {
  const inner = memoryStore()
  const open = new Set<object>()
  const store = withMethod(inner, 'openAccount', async (id: string) => watched(await inner.openAccount(id), open))
  const server = await startServer({ accounts: [alice], store })
  const client = await connectClient(server, 'alice')
  await append(client, 100)
  const url = 'URL "/INBOX/;UID=1"'
  await client.say(`APPEND INBOX CATENATE (${url} URL "/INBOX/;UID=2")`)
  await client.say(`APPEND INBOX CATENATE (${url} TEXT {3+}\r\nabc URL "/INBOX/;UID=2" TEXT {3+}\r\nabc)`)
  await client.say(`APPEND INBOX CATENATE (${url} TEXT {3+}\r\nabc`)
  await client.say(`APPEND INBOX CATENATE (TEXT {3+}\r\na\0c)`)
  await client.say(`APPEND Nowhere CATENATE (${url})`)
  assert.equal(open.size, 0)
  client.stream.write(`x APPEND INBOX CATENATE (${url} TEXT {30+}\r\nabc`)
  await new Promise((resolve) => setImmediate(resolve))
  client.stream.destroy()
  await server.close()
  assert.equal(open.size, 0, 'nor of a client that went away')
})

/** The object, with another method in the place of one. */
function withMethod<T extends object, Name extends keyof T>(whole: T, name: Name, method: T[Name]): T {
  return new Proxy(whole, {
    get(target, wanted) {
      if (wanted === name) return method
      const value: unknown = Reflect.get(target, wanted)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** The account; `open` has every stager that was neither finished nor aborted, and every message not released. */
function watched(account: AccountStore, open: Set<object>): AccountStore {
  return withMethod(account, 'stage', () => {
    const stager = account.stage()
    open.add(stager)
    return {
      write: (chunk) => stager.write(chunk),
      abort: () => {
        open.delete(stager)
        return stager.abort()
      },
      finish: async () => {
        const staged = await stager.finish()
        open.delete(stager)
        open.add(staged)
        const release = staged.release.bind(staged)
        // Committed ones are released, too, which does nothing to them.
        return Object.assign(staged, {
          release() {
            open.delete(staged)
            release()
          },
        })
      },
    }
  })
}
