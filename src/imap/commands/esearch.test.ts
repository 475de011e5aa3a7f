import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer } from '../../index.ts'
import { memoryStore } from '../../store/memory/memory-store.ts'
import type { AccountStore } from '../../store/store.ts'
import { connectClient } from '../url/client.test-support.ts'
import { withMethod } from '../with-method.test-support.ts'

test('a mailbox is not searched whose turn comes when it may not be read any more, or is gone', async () => {
  const plain = memoryStore()
  let amid: (() => Promise<unknown>) | undefined
  const store = withMethod(plain, 'openAccount', async (id: string): Promise<AccountStore> => {
    const account = await plain.openAccount(id)
    return withMethod(account, 'readBlob', async (...args) => {
      await amid?.()
      return await account.readBlob(...args)
    })
  })
  const accounts = ['alice', 'bob'].map((name) => ({ name, password: 'secret', account: name }))
  const server = await startServer({ store, accounts })
  const [alice, bob] = [await connectClient(server, 'alice'), await connectClient(server, 'bob')]
  for (const mailbox of ['Kept', 'Lost', 'Gone']) {
    await alice.say(`CREATE ${mailbox}`)
    await alice.say(`SETACL ${mailbox} bob lr`)
    await alice.say(`APPEND ${mailbox} {13+}\r\nA: b\r\n\r\nfar\r\n`)
  }
  const names = ['Kept', 'Lost', 'Gone'].map((name) => `"Other Users/alice/${name}"`).join(' ')
  const search = `ESEARCH IN (mailboxes (${names})) RETURN (COUNT) BODY far`
  assert.equal((await bob.say(search)).match(/COUNT 1/g)?.length, 3)
  amid = async () => {
    amid = undefined
    await alice.say('SETACL Lost bob l')
    await alice.say('DELETE Gone')
  }
  assert.match(await bob.say(search), /^\* ESEARCH .*alice\/Kept.* COUNT 1\r\nt\d+ OK/)
  await server.close()
})
