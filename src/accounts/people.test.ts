import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { Refusal } from '../model/refusal.ts'
import { isPassword, testCosts } from './credentials.ts'
import type { UserDirectory } from './directory.ts'
import { memoryDirectory } from './memory-directory.ts'
import { userDirectory } from './user-directory.ts'

const localDomains = ['localhost']

function onDisk(context: TestContext): UserDirectory {
  const folder = mkdtempSync(join(tmpdir(), 'crispin-people-'))
  const directory = userDirectory({ file: join(folder, 'users.db'), localDomains, costs: testCosts })
  context.after(async () => {
    await directory.close()
    rmSync(folder, { recursive: true })
  })
  return directory
}

const refused = (code: string) => (error: unknown) => error instanceof Refusal && error.code === code

for (const [engine, make] of [
  ['in memory', () => memoryDirectory([], { localDomains })],
  ['on disk', onDisk],
] as const) {
  test(`people ${engine}: groups and what stands for a user`, async (context) => {
    const directory = make(context)
    const { people } = directory
    await directory.add('alice', 'secret')
    await directory.add('bob', 'secret')
    assert.deepEqual(await people.setMembers('Team', ['bob', 'ALICE', 'alice@localhost']), {
      name: 'team',
      members: ['alice', 'bob'],
    })
    assert.deepEqual(await people.groups(), [{ name: 'team', members: ['alice', 'bob'] }])
    assert.deepEqual(await people.identifiersOf('bob'), ['bob', '$team', 'authenticated', 'anyone'])
    assert.deepEqual(await people.identifiersOf('carol'), ['carol', 'authenticated', 'anyone'])
    await assert.rejects(people.setMembers('team', ['nobody']), refused('NONEXISTENT'))
    await assert.rejects(people.setMembers('a b', ['bob']), refused('CANNOT'))
    await people.setMembers('team', [])
    assert.deepEqual(await people.groups(), [])
  })

  test(`people ${engine}: who holds which account`, async (context) => {
    const directory = make(context)
    const { people } = directory
    const alice = await directory.add('alice', 'secret')
    await people.setMembers('team', ['alice'])
    const info = await directory.addShared('Info', ['$Team', 'ALICE@localhost'])
    assert.deepEqual(info, { name: 'info', account: info.account, isShared: true, owners: ['$team', 'alice'] })
    assert.deepEqual(await people.holderNamed('INFO@localhost'), info)
    assert.deepEqual(await people.holderOf(info.account), info)
    assert.deepEqual(await people.holderNamed('alice'), { ...alice, isShared: false, owners: [] })
    assert.equal(await people.holderNamed('nobody'), undefined)
    assert.equal(await people.holderOf('nothing'), undefined)
    assert.deepEqual(await people.ownedBy(['carol', '$team']), [info.account])
    assert.deepEqual(await people.ownedBy(['carol']), [])
    assert.deepEqual((await people.setOwners('info', ['bob'])).owners, ['bob'])
    assert.deepEqual(await people.ownedBy(['alice', '$team']), [])
    await assert.rejects(people.setOwners('alice', ['bob']), refused('CANNOT'))
    await assert.rejects(people.setOwners('nobody', ['bob']), refused('NONEXISTENT'))
    for (const owners of [[], ['anyone'], ['a b']]) {
      await assert.rejects(directory.addShared('other', owners), refused('CANNOT'))
    }
    await assert.rejects(directory.addShared('alice', ['bob']), refused('ALREADYEXISTS'))
    const user = await directory.find('info')
    assert.equal(user && (await isPassword(user.credentials.password, '')), false)
    await directory.remove('info')
    assert.equal(await people.holderNamed('info'), undefined)
  })

  test(`people ${engine}: the one spelling of an identifier`, async (context) => {
    const { people } = make(context)
    for (const [text, identifier] of [
      ['Alice', 'alice'],
      ['alice@LOCALHOST', 'alice'],
      ['bob@example.org', 'bob@example.org'],
      ['ANYONE', 'anyone'],
      ['Authenticated', 'authenticated'],
      ['$Team', '$team'],
      ['$', undefined],
      ['', undefined],
      ['a b', undefined],
      ['-alice', undefined],
      ['\u0000', undefined],
    ] as const) {
      assert.equal(await people.identifierNamed(text), identifier, text)
    }
  })

  test(`people ${engine}: no user has the name of a group or of everybody`, async (context) => {
    const directory = make(context)
    for (const name of ['$team', 'authenticated', 'anyone']) {
      await assert.rejects(directory.add(name, 'secret'), refused('CANNOT'), name)
    }
  })
}
