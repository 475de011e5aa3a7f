import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { createAuthenticator } from '../accounts/authenticator.ts'
import { memoryDirectory } from '../accounts/memory-directory.ts'
import { type Log, silentLog } from '../model/log.ts'
import { transportPair } from '../net/memory-transport.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import type { AccountStore, Store } from '../store/store.ts'
import { defaultImapLimits } from './limits.ts'
import { serveImap } from './serve.ts'

/** One client's connection; `say` sends a line and resolves with all that has come once `last` is in it. */
function connect(
  store: Store,
  log: Log = silentLog,
): { client: Duplex; say: (line: string, last: string) => Promise<string> } {
  const directory = memoryDirectory([{ name: 'alice', password: 'secret' }])
  const authenticator = createAuthenticator({ directory, log, clock: () => 0 })
  const { client, server } = transportPair()
  let heard = ''
  let check = (): void => {}
  client.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1')
    check()
  })
  serveImap(server, {
    store,
    authenticator,
    log,
    limits: defaultImapLimits,
    now: () => 0,
    serverId: new Map(),
    disabledCapabilities: new Set(),
    loginCounts: new Map(),
  })
  return {
    client,
    say: (line, last) =>
      new Promise((resolve) => {
        check = () => {
          if (heard.includes(last)) resolve(heard)
        }
        client.write(line + '\r\n')
        check()
      }),
  }
}

test('a client that goes on while it is being answered is heard', async () => {
  const { client, say } = connect(memoryStore())
  let answers = 0
  // In one process, the answer to the first is heard inside the very write that sends it.
  client.on('data', (chunk: Buffer) => {
    answers += chunk.toString('latin1').split(' OK NOOP').length - 1
    if (answers === 1) client.write('a2 NOOP\r\n')
  })
  assert.match(await say('a1 NOOP', 'a2 OK'), /a1 OK/)
  client.destroy()
})

/** A store that calls `onTree` each time it is asked for the tree. */
function storeWithHook(onTree: (account: AccountStore) => Promise<void>): Store {
  const store = memoryStore()
  return {
    openAccount: async (id) => {
      const account = await store.openAccount(id)
      return {
        id: account.id,
        tree: async () => {
          await onTree(account)
          return account.tree()
        },
        snapshot: (mailbox, user) => account.snapshot(mailbox, user),
        status: (mailboxes, user) => account.status(mailboxes, user),
        vanishedSince: (mailbox, modSeq) => account.vanishedSince(mailbox, modSeq),
        stage: () => account.stage(),
        commit: (operations) => account.commit(operations),
        readBlob: (message, offset, into) => account.readBlob(message, offset, into),
        readComputed: (kind, messages) => account.readComputed(kind, messages),
        watch: (onChange) => account.watch(onChange),
        close: () => account.close(),
      }
    },
    accounts: () => store.accounts(),
    removeAccount: (id) => store.removeAccount(id),
    close: () => store.close(),
  }
}

test('BYE when the selected mailbox goes while a command is being refused, and no fault of ours', async () => {
  const errors: string[] = []
  const log: Log = { ...silentLog, error: (_fields, text) => void errors.push(text) }
  let armed = false
  const store = storeWithHook(async (account) => {
    if (!armed) return
    armed = false
    const mailbox = (await account.tree()).byName.get('one')
    if (mailbox) await account.commit([{ op: 'deleteMailbox', mailbox: mailbox.id }])
  })
  const { client, say } = connect(store, log)
  await say('a1 LOGIN alice secret', 'a1 OK')
  await say('a2 CREATE one', 'a2 OK')
  await say('a3 SELECT one', 'a3 OK')
  armed = true
  assert.match(await say('a4 APPEND nowhere {3}', '* BYE'), /\* BYE The selected mailbox was deleted/)
  assert.deepEqual(errors, [])
  client.destroy()
})
