import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { resultOf } from '../../model/operation.ts'
import { embeddedStore } from './index.ts'

test('the mailboxes of an account that is not open are known, and those of one that is are the newest', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'crispin-closed-'))
  const store = await embeddedStore({ directory, limits: { idleAccounts: 0 } })
  context.after(async () => {
    await store.close()
    rmSync(directory, { recursive: true })
  })
  const names = async (): Promise<string[]> => [...(await store.mailboxesOf('alice')).byName.keys()]

  assert.deepEqual(await names(), ['INBOX'], 'opened and closed for it')
  let alice = await store.openAccount('alice')
  const work = resultOf(await alice.commit([{ op: 'createMailbox', name: 'Work' }]), 0, 'createMailbox').mailbox
  await alice.commit([{ op: 'setAcl', mailbox: work, identifier: 'bob', mode: 'replace', rights: 'lr' }])
  const share = await store.openAccount('alice')
  assert.deepEqual(await names(), ['INBOX', 'Work'])
  await share.close()
  await alice.close()
  const closed = await store.mailboxesOf('alice')
  assert.equal(await store.mailboxesOf('alice'), closed, 'without being opened')
  assert.deepEqual(closed.byName.get('Work')?.acl, new Map([['bob', 'lr']]))

  alice = await store.openAccount('alice')
  await alice.commit([{ op: 'renameMailbox', mailbox: work, to: 'Play' }])
  assert.deepEqual(await names(), ['INBOX', 'Play'])
  const closing = alice.close()
  assert.deepEqual(await names(), ['INBOX', 'Play'])
  await closing
  assert.deepEqual(await names(), ['INBOX', 'Play'])
  await store.removeAccount('alice')
  assert.deepEqual(await names(), ['INBOX'], 'another account')
})
