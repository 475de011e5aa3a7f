import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { silentLog } from '../../model/log.ts'
import { asMailboxId, asModSeq } from '../../model/numbers.ts'
import { checkStore } from './check.ts'
import { Grants, grantsFile } from './grants.ts'
import { embeddedStore } from './index.ts'

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'crispin-grants-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return folder
}

const aclSet = (...identifiers: string[]): Parameters<Grants['note']>[1] => ({
  modSeq: asModSeq(1),
  time: 0,
  changes: [{ kind: 'aclSet', mailbox: asMailboxId(1), acl: new Map(identifiers.map((one) => [one, 'lr'])) }],
})

test('what an account grants is known before it is done, and to every process', (context) => {
  const folder = temporaryFolder(context)
  const [one, two] = [new Grants(folder, silentLog), new Grants(folder, silentLog)]
  assert.deepEqual(two.accountsFor(['bob']), [])
  one.note('alice', aclSet('bob', '$team', '-carol'))
  one.note('dave', aclSet('bob'))
  assert.deepEqual(two.accountsFor(['bob']), ['alice', 'dave'])
  assert.deepEqual(two.accountsFor(['carol', '-carol', '$team']), ['alice'])
  two.settle('alice', { byId: new Map() })
  assert.deepEqual(one.accountsFor(['bob', '$team']), ['dave'])
  one.close()
  two.close()
})

test('who watches hears of grants, those of other processes too', (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] })
  const folder = temporaryFolder(context)
  const [one, two] = [new Grants(folder, silentLog), new Grants(folder, silentLog)]
  one.note('alice', aclSet('erin'))
  let heardByOne = 0
  let heardByTwo = 0
  const stop = one.watch(() => heardByOne++)
  two.watch(() => heardByTwo++)
  one.note('alice', aclSet('bob'))
  assert.deepEqual([heardByOne, heardByTwo], [1, 0])
  context.mock.timers.tick(1000)
  assert.deepEqual([heardByOne, heardByTwo], [1, 1])
  one.note('alice', aclSet('bob')) // which is known
  context.mock.timers.tick(5000)
  assert.deepEqual([heardByOne, heardByTwo], [1, 1])
  two.note('dave', aclSet('bob'))
  context.mock.timers.tick(1000)
  assert.deepEqual([heardByOne, heardByTwo], [2, 2])
  stop()
  one.note('alice', aclSet('carol'))
  assert.equal(heardByOne, 2)
  one.close()
  two.close()
})

test('a file that is damaged is made anew', (context) => {
  const folder = temporaryFolder(context)
  writeFileSync(grantsFile(folder), 'This is no database at all, and long enough to be sure of it. '.repeat(100))
  const grants = new Grants(folder, silentLog)
  assert.deepEqual(grants.accountsFor(['bob']), [])
  grants.note('alice', aclSet('bob'))
  assert.deepEqual(grants.accountsFor(['bob']), ['alice'])
  grants.close()
})

test('a store says what is shared with whom; lost notes come back as accounts are opened', async (context) => {
  const folder = temporaryFolder(context)
  let store = await embeddedStore({ directory: folder })
  let alice = await store.openAccount('alice')
  const inbox = (await alice.tree()).byName.get('INBOX')
  assert.ok(inbox)
  const grant = (identifier: string, rights: string) =>
    alice.commit([{ op: 'setAcl', mailbox: inbox.id, identifier, mode: 'replace', rights }])
  await grant('bob', 'lr')
  await grant('carol', 'lr')
  await grant('carol', '')
  assert.deepEqual(await store.sharedWith(['bob']), ['alice'])
  await alice.close()
  await store.close()
  rmSync(grantsFile(folder))

  store = await embeddedStore({ directory: folder })
  assert.deepEqual(await store.sharedWith(['bob']), [])
  alice = await store.openAccount('alice')
  assert.deepEqual(await store.sharedWith(['bob']), ['alice'])
  assert.deepEqual(await store.sharedWith(['carol']), [])
  await alice.close()
  await store.close()
  rmSync(grantsFile(folder))

  assert.deepEqual((await checkStore(folder, { rebuild: true })).problems, [])
  store = await embeddedStore({ directory: folder })
  assert.deepEqual(await store.sharedWith(['bob']), ['alice'])
  await store.removeAccount('alice')
  assert.deepEqual(await store.sharedWith(['bob']), [])
  await store.close()
})
