import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStore } from '../store/memory/memory-store.ts'
import { OtherAccounts } from './other-accounts.ts'

test('accounts of others are open for as long as somebody has to do with them', async () => {
  const store = memoryStore()
  const others = new OtherAccounts(store)
  const isOpen = async (id: string): Promise<boolean> => {
    try {
      await store.removeAccount(id)
      return false
    } catch {
      return true // the store removes none that is open
    }
  }
  const alice = await others.open('alice')
  assert.equal(await others.open('alice'), alice)
  const letGo = others.hold('alice')
  const letGoToo = others.hold('alice')
  await others.open('bob')
  await others.closeUnused()
  assert.equal(await isOpen('bob'), false)
  letGo()
  letGo() // once is enough
  await others.closeUnused()
  assert.equal(await isOpen('alice'), true)
  letGoToo()
  await others.closeUnused()
  assert.equal(await isOpen('alice'), false)
  others.hold('carol')() // not open, or the user's own: nothing to hold

  await others.open('alice')
  others.hold('alice')
  await others.close()
  assert.equal(await isOpen('alice'), false)
})

test('what cannot be opened is tried again the next time', async () => {
  const store = memoryStore()
  const others = new OtherAccounts(store)
  await assert.rejects(others.open('no such name!'))
  await assert.rejects(others.open('no such name!'))
  await others.closeUnused()
  await store.close()
})
