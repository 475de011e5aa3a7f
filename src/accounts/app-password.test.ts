import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import Database from 'better-sqlite3'
import { silentLog } from '../model/log.ts'
import { Refusal } from '../model/refusal.ts'
import type { SaslChannel } from '../sasl/sasl.ts'
import { makeAppPassword, maxAppPasswords } from './app-password.ts'
import { createAuthenticator } from './authenticator.ts'
import { testCosts } from './credentials.ts'
import type { UserDirectory } from './directory.ts'
import { memoryDirectory } from './memory-directory.ts'
import { userDirectory } from './user-directory.ts'

const startOfTime = 1_800_000_000
let now = startOfTime
const clock = (): number => now * 1000

const channel: SaslChannel = {
  secure: true,
  remoteAddress: '192.0.2.1',
  tlsExporter: undefined,
  certificateNames: [],
}

function temporaryFile(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'crispin-users-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'users.db')
}

function onDisk(context: TestContext, file = temporaryFile(context)): UserDirectory {
  const directory = userDirectory({ file, costs: testCosts, clock })
  context.after(() => directory.close())
  return directory
}

const engines: readonly [name: string, make: (context: TestContext) => UserDirectory][] = [
  ['in memory', () => memoryDirectory([], { clock })],
  ['on disk', (context) => onDisk(context)],
]

const refused = (code: string) => (error: unknown) => error instanceof Refusal && error.code === code

test('an app password is 120 random bits in groups of four', () => {
  const made = new Set(Array.from({ length: 100 }, makeAppPassword))
  assert.equal(made.size, 100)
  for (const password of made) assert.match(password, /^(?:[a-z2-7]{4}-){5}[a-z2-7]{4}$/)
})

for (const [engine, make] of engines) {
  test(`app passwords ${engine}: made, found in any spelling, listed, removed`, async (context) => {
    now = startOfTime
    const directory = make(context)
    await directory.add('alice', 'secret')
    await directory.add('bob', 'secret')
    const alice = await directory.find('alice')
    const bob = await directory.find('bob')
    assert.ok(alice && bob)
    const phone = await directory.addAppPassword('Alice', { label: ' phone ', disabledCapabilities: ['qresync'] })
    assert.equal(phone.label, 'phone')

    for (const spelling of [phone.password, phone.password.replaceAll('-', ''), phone.password.toUpperCase()]) {
      assert.deepEqual((await directory.findAppPassword(alice, spelling))?.disabledCapabilities, ['QRESYNC'])
      assert.equal(await directory.findAppPassword(bob, spelling), undefined, 'it is hers alone')
    }
    for (const wrong of ['secret', '', makeAppPassword(), phone.password + 'a']) {
      assert.equal(await directory.findAppPassword(alice, wrong), undefined)
    }
    await assert.rejects(
      directory.addAppPassword('alice', { label: 'phone', disabledCapabilities: [] }),
      refused('ALREADYEXISTS'),
    )
    await assert.rejects(
      directory.addAppPassword('eve', { label: 'phone', disabledCapabilities: [] }),
      refused('NONEXISTENT'),
    )
    for (const label of ['', ' ', 'a\nb', 'x'.repeat(65)]) {
      await assert.rejects(directory.addAppPassword('alice', { label, disabledCapabilities: [] }), refused('CANNOT'))
    }
    const twoWords = { label: 'tv', disabledCapabilities: ['IDLE NOTIFY'] }
    await assert.rejects(directory.addAppPassword('alice', twoWords), refused('CANNOT'))

    assert.deepEqual(
      (await directory.appPasswords('alice')).map(({ label, created }) => [label, created]),
      [['phone', startOfTime]],
    )
    await directory.setPassword('alice', 'other')
    assert.ok(await directory.findAppPassword(alice, phone.password), 'a new password leaves it as it is')
    await directory.removeAppPassword('alice', 'phone')
    assert.equal(await directory.findAppPassword(alice, phone.password), undefined)
    await assert.rejects(directory.removeAppPassword('alice', 'phone'), refused('NONEXISTENT'))
  })

  test(`app passwords ${engine}: they end, are limited in number and go with the user`, async (context) => {
    now = startOfTime
    const directory = make(context)
    await directory.add('alice', 'secret')
    const alice = await directory.find('alice')
    assert.ok(alice)
    const short = await directory.addAppPassword('alice', { label: '0', expires: now + 60, disabledCapabilities: [] })
    now += 59
    assert.ok(await directory.findAppPassword(alice, short.password))
    now += 1
    assert.equal(await directory.findAppPassword(alice, short.password), undefined)
    for (let made = 1; made < maxAppPasswords; made++) {
      await directory.addAppPassword('alice', { label: String(made), disabledCapabilities: [] })
    }
    await assert.rejects(
      directory.addAppPassword('alice', { label: 'more', disabledCapabilities: [] }),
      refused('LIMIT'),
    )
    await directory.remove('alice')
    await directory.add('alice', 'secret')
    assert.deepEqual(await directory.appPasswords('alice'), [])
  })

  test(`users ${engine}: capabilities are switched off for a user and for an app password`, async (context) => {
    now = startOfTime
    const directory = make(context)
    await directory.add('alice', 'secret')
    const { password } = await directory.addAppPassword('alice', { label: 'phone', disabledCapabilities: ['IDLE'] })
    const authenticator = createAuthenticator({ directory, log: silentLog, clock, delay: async () => {} })
    const disabledFor = async (secret: string): Promise<readonly string[] | undefined> =>
      (await authenticator.login('alice', secret, channel)).disabledCapabilities

    assert.equal(await disabledFor('secret'), undefined)
    assert.deepEqual(await disabledFor(password), ['IDLE'])
    assert.deepEqual(await directory.setDisabledCapabilities('alice', ['qresync', 'QRESYNC']), ['QRESYNC'])
    assert.deepEqual(await disabledFor('secret'), ['QRESYNC'])
    assert.deepEqual(await disabledFor(password), ['QRESYNC', 'IDLE'])
    await assert.rejects(directory.setDisabledCapabilities('alice', ['(']), refused('CANNOT'))
    await directory.setDisabledCapabilities('alice', [])
    assert.equal(await disabledFor('secret'), undefined)
    await assert.rejects(authenticator.login('alice', makeAppPassword(), channel), refused('AUTHENTICATIONFAILED'))
  })
}

test('a file of users from before there were app passwords is brought up to date', async (context) => {
  const file = temporaryFile(context)
  const first = userDirectory({ file, costs: testCosts, clock })
  const alice = await first.add('alice', 'secret')
  await first.close()
  const database = new Database(file) // as the first version made it
  database.exec('DROP TABLE app_passwords; DROP TABLE owners; DROP TABLE members')
  database.exec('ALTER TABLE users DROP COLUMN disabled; PRAGMA user_version = 1')
  database.close()

  const directory = onDisk(context, file)
  assert.equal((await directory.find('alice'))?.account, alice.account)
  const { password } = await directory.addAppPassword('alice', { label: 'phone', disabledCapabilities: [] })
  assert.ok(await directory.findAppPassword(alice, password))
})
