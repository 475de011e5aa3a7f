import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { silentLog } from '../model/log.ts'
import type { QuotaLimits } from '../model/quota.ts'
import { memoryDirectory } from '../accounts/memory-directory.ts'
import { withMethod } from '../imap/with-method.test-support.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import type { Store } from '../store/store.ts'
import { amountOf } from './commands/user-quota.ts'
import { applyQuotaRequests, noteQuotaRequest } from './quota-requests.ts'

let directory = ''
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crispin-quota-'))
})
after(() => rm(directory, { recursive: true }))

const alice = { name: 'alice', password: 'secret', account: 'a1' }

async function limitsSet(store: Store): Promise<QuotaLimits | undefined> {
  const account = await store.openAccount('a1')
  const [root] = await account.quotas()
  await account.close()
  return root?.set
}

test('limits that were noted are set, those that are not named stay, and the note goes', async () => {
  const store = memoryStore()
  const users = memoryDirectory([alice])
  const apply = (): Promise<void> => applyQuotaRequests(directory, { messages: 10 }, { store, users, log: silentLog })
  await apply()
  await noteQuotaRequest(directory, 'a1', { storage: 5000 })
  await noteQuotaRequest(directory, 'nobody', { storage: 5000 })
  await apply()
  assert.deepEqual(await limitsSet(store), { storage: 5000, messages: 10 })
  await noteQuotaRequest(directory, 'a1', { messages: null, mailboxes: 3 })
  await apply()
  assert.deepEqual(await limitsSet(store), { storage: 5000, mailboxes: 3 })
  await noteQuotaRequest(directory, 'a1', 'default')
  await apply()
  assert.equal(await limitsSet(store), undefined)
  assert.deepEqual(await readdir(join(directory, 'quota')), [])
  assert.deepEqual(await store.accounts(), ['a1'])
  await store.close()
})

test('a note that comes while another one is being done is done, too', async () => {
  const plain = memoryStore()
  let late: (() => Promise<void>) | undefined = () => noteQuotaRequest(directory, 'a1', { messages: 3 })
  const store = withMethod(plain, 'openAccount', async (id: string) => {
    await late?.()
    late = undefined
    return await plain.openAccount(id)
  })
  const users = memoryDirectory([alice])
  await noteQuotaRequest(directory, 'a1', { storage: 5000 })
  for (let times = 0; times < 2; times++) await applyQuotaRequests(directory, {}, { store, users, log: silentLog })
  assert.deepEqual(await limitsSet(plain), { storage: 5000, messages: 3 })
  await plain.close()
})

test('a note that makes no sense changes nothing, and is left for people to look at', async () => {
  const store = memoryStore()
  await limitsSet(store)
  await mkdir(join(directory, 'quota'), { recursive: true })
  await writeFile(join(directory, 'quota/a1'), '{"storage": -1}')
  await applyQuotaRequests(directory, {}, { store, users: memoryDirectory([alice]), log: silentLog })
  assert.equal(await limitsSet(store), undefined)
  assert.deepEqual(await readdir(join(directory, 'quota')), ['a1'])
  await store.close()
})

test('limits of the command line', () => {
  const octets: readonly (readonly [text: string, limit: number | null])[] = [
    ['1000', 1000],
    ['5GB', 5 * 1024 ** 3],
    ['5g', 5 * 1024 ** 3],
    ['1.5 MiB', 1.5 * 1024 ** 2],
    ['2TB', 2 * 1024 ** 4],
    ['10B', 10],
    ['0', 0],
    ['none', null],
  ]
  for (const [text, limit] of octets) assert.equal(amountOf(text, 'storage'), limit, text)
  for (const text of ['', 'many', '-1', '5XB', '1e9', '9999999TB']) assert.throws(() => amountOf(text, 'storage'), text)
  assert.equal(amountOf('100', 'messages'), 100)
  for (const text of ['100K', '1.5']) assert.throws(() => amountOf(text, 'messages'), text)
})
