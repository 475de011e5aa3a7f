import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DirectoryFailure } from '../accounts/directory.ts'
import { memoryDirectory } from '../accounts/memory-directory.ts'
import { checkConfig } from './config-schema.ts'
import { sharingOf } from './sharing.ts'
import { urlServicesOf } from './url-services.ts'

const directory = memoryDirectory([{ name: 'alice', password: 'secret', account: 'a1' }], {
  groups: { team: ['alice'] },
})
const { people } = directory
const settings = { enabled: true, otherUsers: 'Other Users', sharedAccounts: 'Shared', seenPerUser: true }

test('sessions are told of users and groups, unless nobody is to share', async () => {
  assert.equal(sharingOf({ ...settings, enabled: false }, people), undefined)
  const sharing = sharingOf(settings, people)
  assert.deepEqual(await sharing?.holderNamed('ALICE'), { name: 'alice', account: 'a1', isShared: false, owners: [] })
  assert.deepEqual(await sharing?.identifiersOf('alice'), ['alice', '$team', 'authenticated', 'anyone'])
})

test('users that cannot be read are a failure to the client, and not the end of the connection', async () => {
  const fail = (): Promise<never> => Promise.reject(new DirectoryFailure('busy', 'users.db is busy'))
  const failure = { name: 'StoreFailure', reason: 'busy' }
  const sharing = sharingOf(settings, { ...people, identifiersOf: fail })
  await assert.rejects(Promise.resolve(sharing?.identifiersOf('alice')), failure)
  const urls = urlServicesOf({ urls: { hostNames: [], agents: [] } }, { ...directory, find: fail })
  await assert.rejects(urls.userNamed('alice'), failure)
})

test('namespaces have names that mailboxes can have', () => {
  for (const [name, isGood] of [
    ['Kollegen', true],
    ['Andere Leute', true],
    ['', false],
    ['a/b', false],
    ['a*', false],
    ['inbox', false],
    ['a\nb', false],
  ] as const) {
    assert.equal(checkConfig({ sharing: { otherUsers: name } }).success, isGood, name)
  }
})
