import assert from 'node:assert/strict'
import { test } from 'node:test'
import { registeredKeywords } from '../../model/keywords.ts'
import { memoryStore } from '../../store/memory/memory-store.ts'
import { type Store, StoreFailure, type StoreFailureReason } from '../../store/store.ts'
import { clientOf, fill, storeWith } from '../fetch/client.test-support.ts'

test('a client hears when it can make no more keywords, and that registered ones are still taken', async () => {
  const store = memoryStore()
  await fill(store, ['Subject: x\r\n\r\n'])
  const { command, close } = await clientOf(store, { maxKeywords: 2 })
  const permanent = (responses: readonly string[]): string | undefined =>
    responses.map((response) => /PERMANENTFLAGS \((.*)\)/.exec(response)?.[1]).find((flags) => flags !== undefined)
  const system = '\\Answered \\Flagged \\Deleted \\Seen \\Draft'

  assert.equal(permanent((await command('SELECT INBOX')).untagged), system + ' \\*')
  assert.equal(permanent((await command('STORE 1 +FLAGS (one)')).untagged), system + ' one \\*')
  assert.equal(permanent((await command('STORE 1 +FLAGS ($Junk)')).untagged), system + ' one $Junk \\*')
  const known = registeredKeywords.filter((keyword) => keyword !== '$Junk').join(' ')
  assert.equal(permanent((await command('STORE 1 +FLAGS (two)')).untagged), `${system} one $Junk two ${known}`)
  assert.equal(permanent((await command('EXAMINE INBOX')).untagged), '')
  await close()
  await store.close()
})

/** A store in which nothing that is recent can be claimed. */
function withoutClaims(store: Store, reason: StoreFailureReason): Store {
  return storeWith(store, (account) => ({
    commit: (operations) =>
      operations.some(({ op }) => op === 'claimRecent')
        ? Promise.reject(new StoreFailure(reason, 'injected'))
        : account.commit(operations),
  }))
}

test('a disk that is full keeps nobody from selecting, and messages stay recent', async () => {
  const store = memoryStore()
  await fill(store, ['Subject: x\r\n\r\n'])
  const { command, close } = await clientOf(withoutClaims(store, 'disk-full'))
  const { untagged, outcome } = await command('SELECT INBOX')
  assert.equal(outcome, 'OK [READ-WRITE]')
  assert.ok(untagged.includes('* 1 RECENT'))
  await fill(store, ['Subject: y\r\n\r\n'])
  assert.deepEqual((await command('NOOP')).untagged, ['* 2 EXISTS', '* 2 RECENT'])
  await close()
  await store.close()
})

test('a SELECT that fails on its way leaves nothing selected', async () => {
  const store = memoryStore()
  await fill(store, ['Subject: x\r\n\r\n'])
  const { command, close } = await clientOf(withoutClaims(store, 'io'))
  assert.equal((await command('SELECT INBOX')).outcome, 'NO [UNAVAILABLE]')
  assert.equal((await command('FETCH 1 UID')).outcome, 'BAD')
  await close()
  await store.close()
})
