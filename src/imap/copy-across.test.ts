import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { startServer } from '../index.ts'
import type { Operation } from '../model/operation.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { type AccountStore, type Store, StoreFailure } from '../store/store.ts'
import { connectClient, type Client } from './url/client.test-support.ts'
import { withMethod } from './with-method.test-support.ts'

const accounts = ['alice', 'bob'].map((name) => ({ name, password: 'secret', account: name }))
const message = '{5+}\r\nA: b\n'

/** A store whose commits fail when `isDoomed` says so, account by account. */
function failing(store: Store, isDoomed: (account: string, operations: readonly Operation[]) => boolean): Store {
  return withMethod(store, 'openAccount', async (id: string): Promise<AccountStore> => {
    const account = await store.openAccount(id)
    return withMethod(account, 'commit', (operations: readonly Operation[]) =>
      isDoomed(id, operations) ? Promise.reject(new StoreFailure('io', 'no disk')) : account.commit(operations),
    )
  })
}

async function ok(client: Client, command: string): Promise<string> {
  const answer = await client.say(command)
  assert.match(answer, /^t\d+ OK/m, command)
  return answer
}

async function count(client: Client, mailbox: string): Promise<number> {
  return Number(/MESSAGES (\d+)/.exec(await ok(client, `STATUS "${mailbox}" (MESSAGES)`))?.[1])
}

test('MOVE to another account appends before it expunges: what fails in between leaves messages in both', async () => {
  let doomed = ''
  const store = failing(memoryStore(), (id, operations) => operations.some(({ op }) => `${id} ${op}` === doomed))
  const server = await startServer({ store, accounts })
  const [alice, bob] = [await connectClient(server, 'alice'), await connectClient(server, 'bob')]
  await ok(alice, 'SETACL INBOX bob lri')
  await ok(bob, `APPEND INBOX ${message} ${message}`)
  await ok(bob, 'SELECT INBOX')

  doomed = 'alice append'
  assert.match(await bob.say('MOVE 1:2 "Other Users/alice/INBOX"'), /NO \[UNAVAILABLE\]/)
  assert.deepEqual([await count(bob, 'INBOX'), await count(alice, 'INBOX')], [2, 0])
  doomed = 'bob expunge'
  assert.match(await bob.say('MOVE 1:2 "Other Users/alice/INBOX"'), /NO \[UNAVAILABLE\]/)
  assert.deepEqual([await count(bob, 'INBOX'), await count(alice, 'INBOX')], [2, 2])
  doomed = ''
  await ok(bob, 'MOVE 1:2 "Other Users/alice/INBOX"')
  assert.deepEqual([await count(bob, 'INBOX'), await count(alice, 'INBOX')], [0, 4])
  await server.close()
})

test('a long message goes to another account octet by octet, and many at once are refused', async () => {
  const server = await startServer({ accounts })
  const [alice, bob] = [await connectClient(server, 'alice'), await connectClient(server, 'bob')]
  await ok(alice, 'SETACL INBOX bob lri')
  const text = 'Subject: long\r\n\r\n' + Array.from({ length: 20_000 }, (_, n) => `line ${n}\r\n`).join('')
  await ok(bob, `APPEND INBOX {${text.length}+}\r\n${text}`)
  await ok(bob, 'SELECT INBOX')
  await ok(bob, 'COPY 1 "Other Users/alice/INBOX"')
  await ok(alice, 'SELECT INBOX')
  assert.ok((await ok(alice, 'FETCH 1 BODY.PEEK[]')).includes(`{${text.length}}\r\n${text}`))

  const account = await server.store.openAccount('bob')
  const inbox = (await account.tree()).byName.get('INBOX')
  assert.ok(inbox)
  const copy: Operation = { op: 'copy', from: inbox.id, uids: [1], to: inbox.id }
  await account.commit(Array.from({ length: 600 }, () => copy)) // 128 MiB, kept once
  await account.close()
  assert.match(await bob.say('UID COPY 1:* "Other Users/alice/INBOX"'), /NO \[LIMIT\]/)
  assert.equal(await count(alice, 'INBOX'), 1)
  await server.close()
})

test('rights that go while messages are on their way to another account are not used any more', async () => {
  const plain = memoryStore()
  let revoke: (() => Promise<unknown>) | undefined
  const store = withMethod(plain, 'openAccount', async (id: string): Promise<AccountStore> => {
    const account = await plain.openAccount(id)
    return withMethod(account, 'readBlob', async (...args) => {
      await revoke?.()
      return await account.readBlob(...args)
    })
  })
  const server = await startServer({ store, accounts })
  const [alice, bob] = [await connectClient(server, 'alice'), await connectClient(server, 'bob')]
  for (const mailbox of ['From', 'To']) {
    await ok(alice, `CREATE ${mailbox}`)
    await ok(alice, `SETACL ${mailbox} bob lrite`)
    await ok(alice, `APPEND ${mailbox} ${message}`)
  }
  await ok(bob, `APPEND INBOX ${message}`)
  const cases: [selected: string, command: string, revoked: string, answer: RegExp][] = [
    ['INBOX', 'COPY 1 "Other Users/alice/To"', 'SETACL To bob lr', /NO \[NOPERM\]/],
    ['INBOX', 'MOVE 1 "Other Users/alice/To"', 'DELETEACL To bob', /NO \[TRYCREATE\]/],
    ['Other Users/alice/From', 'MOVE 1 INBOX', 'SETACL From bob lrit', /NO \[NOPERM\]/],
  ]
  for (const [selected, command, revoked, answer] of cases) {
    await ok(bob, `SELECT "${selected}"`)
    revoke = () => ok(alice, revoked)
    assert.match(await bob.say(command), answer, command)
    revoke = undefined
    for (const mailbox of ['From', 'To']) await ok(alice, `SETACL ${mailbox} bob lrite`)
  }
  await ok(bob, 'SELECT "Other Users/alice/From"')
  revoke = () => ok(alice, 'DELETEACL From bob')
  await assert.rejects(bob.say('COPY 1 INBOX'), /BYE/)
  const counts = [await count(alice, 'From'), await count(alice, 'To')]
  assert.deepEqual(counts, [1, 1])
  await server.close()
})

test('a message is not stored in another account than it was taken in by', async () => {
  const server = await startServer({ accounts })
  const account = await server.store.openAccount('bob')
  // As those have it who had such mailboxes before anything was shared.
  await account.commit([{ op: 'createMailbox', name: 'Other Users/carol' }])
  await account.close()
  const [alice, bob] = [await connectClient(server, 'alice'), await connectClient(server, 'bob')]
  const again = await connectClient(server, 'bob')
  await ok(alice, 'CREATE Work')
  await ok(alice, 'SETACL Work bob lri')
  bob.stream.write('a1 APPEND "Other Users/alice/Work" {5}\r\n')
  await once(bob.stream, 'data') // it is admitted
  await ok(again, 'CREATE "Other Users/alice/Work"')
  bob.stream.write('A: b\n\r\n')
  assert.match(await bob.say('NOOP'), /^a1 NO/m)
  assert.deepEqual([await count(alice, 'Work'), await count(bob, 'Other Users/alice/Work')], [0, 0])
  await server.close()
})
