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
): { client: Duplex; say: (line: string, last: string) => Promise<string>; ended: Promise<string> } {
  const directory = memoryDirectory([{ name: 'alice', password: 'secret' }])
  const authenticator = createAuthenticator({ directory, log, clock: () => 0 })
  const { client, server } = transportPair()
  let heard = ''
  let check = (): void => {}
  client.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1')
    check()
  })
  const { closed } = serveImap(server, {
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
    /** All that was said to the client, once nothing is left of the connection. */
    ended: closed.then(() => heard),
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

type Hook = (account: AccountStore) => Promise<void>

/** A store that calls `onTree` each time it is asked for the tree, and `onStatus` for the status of mailboxes. */
function storeWithHook(onTree: Hook, onStatus: Hook = () => Promise.resolve()): Store {
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
        quotas: () => account.quotas(),
        snapshot: (mailbox, user) => account.snapshot(mailbox, user),
        status: async (mailboxes, user) => {
          await onStatus(account)
          return account.status(mailboxes, user)
        },
        vanishedSince: (mailbox, modSeq) => account.vanishedSince(mailbox, modSeq),
        stage: () => account.stage(),
        commit: (operations) => account.commit(operations),
        readBlob: (message, offset, into) => account.readBlob(message, offset, into),
        readComputed: (kind, messages) => account.readComputed(kind, messages),
        watch: (onChange) => account.watch(onChange),
        close: () => account.close(),
      }
    },
    sharedWith: (identifiers) => store.sharedWith(identifiers),
    watchShared: (onChange) => store.watchShared(onChange),
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

test('a client that says no more is answered all that it has asked for, and then hears the end', async () => {
  // What was said, and the tags that are answered.
  const cases: readonly (readonly [said: string, answered: readonly string[]])[] = [
    ['', []],
    ['a1 LOGIN alice secret\r\n', ['a1 OK']],
    ['a1 LOGIN alice secret\r\na2 SELECT INBOX\r\na3 NOO', ['a1 OK', 'a2 OK']],
    ['a1 LOGIN alice secret\r\na2 CREATE b\r\na3 LIST "" *\r\na4 LOGOUT\r\n', ['a1 OK', 'a2 OK', 'a3 OK', 'a4 OK']],
    ['a1 LOGIN alice secret\r\na2 SELECT INBOX\r\na3 IDLE\r\n', ['a1 OK', 'a2 OK']],
    ['a1 LOGIN alice secret\r\na2 APPEND INBOX {20+}\r\nhalf', ['a1 OK']],
    ['a1 AUTHENTICATE PLAIN\r\n', ['a1 NO']],
  ]
  for (const [said, answered] of cases) {
    const { client, ended } = connect(memoryStore())
    client.end(said)
    const heard = await ended
    assert.deepEqual(heard.match(/^a\d (?:OK|NO|BAD)/gm) ?? [], answered, said)
  }
})

test('LIST leaves out the STATUS of a mailbox that another session deletes meanwhile', async () => {
  let armed = false
  const deleteOne: Hook = async (account) => {
    const mailbox = (await account.tree()).byName.get('one')
    if (armed && mailbox) await account.commit([{ op: 'deleteMailbox', mailbox: mailbox.id }])
  }
  const store = storeWithHook(() => Promise.resolve(), deleteOne)
  const { client, say } = connect(store)
  await say('a1 LOGIN alice secret', 'a1 OK')
  await say('a2 CREATE one', 'a2 OK')
  await say('a3 CREATE two', 'a3 OK')
  armed = true
  const heard = await say('a4 LIST "" * RETURN (STATUS (MESSAGES))', '\r\na4 ')
  assert.match(heard, /^\* STATUS two \(MESSAGES 0\)/m)
  assert.doesNotMatch(heard, /^\* STATUS one/m)
  assert.match(heard, /^a4 OK/m)
  client.destroy()
})
