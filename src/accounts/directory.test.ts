import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import Database from 'better-sqlite3'
import { Refusal } from '../model/refusal.ts'
import { isPassword, testCosts } from './credentials.ts'
import { DirectoryFailure } from './directory.ts'
import type { DirectoryFailureReason, UserDirectory } from './directory.ts'
import { memoryDirectory } from './memory-directory.ts'
import { userDirectory } from './user-directory.ts'

const localDomains = ['localhost', 'mail.example']

/** The path of a file in a folder that goes away with the test. */
function temporaryFile(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'crispin-users-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'users.db')
}

function open(context: TestContext, file: string): UserDirectory {
  const directory = userDirectory({ file, localDomains, costs: testCosts })
  context.after(() => directory.close())
  return directory
}

const refused = (code: string) => (error: unknown) => error instanceof Refusal && error.code === code
const failed = (reason: DirectoryFailureReason, text: RegExp) => (error: unknown) =>
  error instanceof DirectoryFailure && error.reason === reason && text.test(error.message)

async function signsIn(directory: UserDirectory, name: string, password: string): Promise<boolean> {
  const user = await directory.find(name)
  return user !== undefined && isPassword(user.credentials.password, password)
}

const engines: readonly [name: string, make: (context: TestContext) => UserDirectory][] = [
  ['in memory', () => memoryDirectory([], { localDomains })],
  ['on disk', (context) => open(context, temporaryFile(context))],
]

for (const [engine, make] of engines) {
  test(`users ${engine}: added, found, changed, removed`, async (context) => {
    const directory = make(context)
    const alice = await directory.add('Alice', 'secret')
    assert.equal(alice.name, 'alice')
    assert.match(alice.account, /^a[a-z2-7]{16}$/)
    for (const name of ['alice', 'ALICE', 'alice@localhost', 'Alice@Mail.example']) {
      assert.equal((await directory.find(name))?.account, alice.account, name)
    }
    for (const name of ['bob', 'alice@example.org', '', 'a/b', '\0']) {
      assert.equal(await directory.find(name), undefined)
    }
    assert.equal(await signsIn(directory, 'alice', 'secret'), true)

    assert.deepEqual(await directory.setPassword('ALICE@localhost', 'other'), alice)
    assert.equal(await signsIn(directory, 'alice', 'secret'), false)
    assert.equal(await signsIn(directory, 'alice', 'other'), true)

    assert.deepEqual(await directory.remove('alice'), alice)
    assert.equal(await directory.find('alice'), undefined)
    assert.notEqual((await directory.add('alice', 'secret')).account, alice.account)
  })

  test(`users ${engine}: many, all or none`, async (context) => {
    const directory = make(context)
    const done: number[] = []
    const names = Array.from({ length: 20 }, (_, number) => `user${String(number).padStart(2, '0')}`)
    const added = await directory.addMany(
      names.map((name) => ({ name, password: `${name}!` })),
      (count) => done.push(count),
    )
    assert.deepEqual(
      added.map(({ name }) => name),
      names,
    )
    assert.deepEqual(
      done,
      names.map((_, at) => at + 1),
    )
    assert.deepEqual(await directory.list(), added)
    assert.equal(await signsIn(directory, 'user07', 'user07!'), true)

    const fresh = { name: 'fresh', password: 'x' }
    for (const [wrong, code] of [
      [{ name: 'USER03', password: 'x' }, 'ALREADYEXISTS'],
      [{ name: 'Fresh', password: 'x' }, 'ALREADYEXISTS'],
      [{ name: 'a/b', password: 'x' }, 'CANNOT'],
      [{ name: 'other', password: '' }, 'CANNOT'],
      [{ name: 'other', password: 'x\ty' }, 'CANNOT'],
      [{ name: 'other', password: 'x', account: '../x' }, 'CANNOT'],
    ] as const) {
      await assert.rejects(directory.addMany([fresh, wrong]), refused(code))
    }
    assert.deepEqual(await directory.list(), added)
  })

  test(`users ${engine}: refusals say nothing of a password`, async (context) => {
    const directory = make(context)
    await directory.add('alice', 'secret')
    const password = 'hunter2\x01'
    for (const [attempt, code] of [
      [() => directory.add('alice', 'hunter2'), 'ALREADYEXISTS'],
      [() => directory.add('bob', password), 'CANNOT'],
      [() => directory.add('b/b', 'hunter2'), 'CANNOT'],
      [() => directory.setPassword('alice', password), 'CANNOT'],
      [() => directory.setPassword('bob', 'hunter2'), 'NONEXISTENT'],
      [() => directory.remove('bob'), 'NONEXISTENT'],
    ] as const) {
      await assert.rejects(attempt(), (error) => {
        assert.ok(error instanceof Error)
        assert.doesNotMatch(error.message, /hunter2/)
        return refused(code)(error)
      })
    }
    assert.equal(await signsIn(directory, 'alice', 'secret'), true)
  })

  test(`users ${engine}: a whole name goes before a name without its domain`, async (context) => {
    const directory = make(context)
    const bare = await directory.add('alice', 'one')
    const whole = await directory.add('alice@localhost', 'two')
    assert.equal((await directory.find('alice'))?.account, bare.account)
    assert.equal((await directory.find('alice@localhost'))?.account, whole.account)
    assert.equal((await directory.find('alice@mail.example'))?.account, bare.account)
  })
}

test('memory: users given at the start, with ids of accounts', async () => {
  const directory = memoryDirectory([{ name: 'Alice', password: 'secret', account: 'alices' }])
  assert.deepEqual(await directory.list(), [{ name: 'alice', account: 'alices' }])
  assert.equal(await signsIn(directory, 'alice@localhost', 'secret'), true)
  assert.throws(
    () =>
      memoryDirectory([
        { name: 'a', password: 'x' },
        { name: 'A', password: 'y' },
      ]),
    refused('ALREADYEXISTS'),
  )
})

test('disk: what one process writes, another sees at once, and it stays', async (context) => {
  const file = temporaryFile(context)
  const [one, two] = [open(context, file), open(context, file)]
  assert.deepEqual(one.secret, two.secret)
  await one.add('alice', 'secret')
  assert.equal(await signsIn(two, 'alice', 'secret'), true)
  await two.setPassword('alice', 'other')
  assert.equal(await signsIn(one, 'alice', 'other'), true)
  await assert.rejects(two.add('alice', 'x'), refused('ALREADYEXISTS'))
  assert.equal(statSync(file).mode & 0o777, 0o600)

  const third = userDirectory({ file, localDomains, costs: testCosts })
  assert.deepEqual(third.secret, one.secret)
  assert.equal(await signsIn(third, 'alice', 'other'), true)
  await third.close()
})

test('disk: no password in the file', async (context) => {
  const file = temporaryFile(context)
  const directory = userDirectory({ file, costs: testCosts })
  await directory.add('alice', 'correct horse battery')
  await directory.close()
  const text = readFileSync(file, 'latin1')
  assert.match(text, /alice/)
  assert.doesNotMatch(text, /correct horse/)
})

test('disk: three processes add users to a new file at once', { timeout: 60_000 }, async (context) => {
  const file = temporaryFile(context)
  const script = `
    const { userDirectory } = await import(${JSON.stringify(new URL('user-directory.ts', import.meta.url).href)})
    const { testCosts } = await import(${JSON.stringify(new URL('credentials.ts', import.meta.url).href)})
    const [file, who] = process.argv.slice(1)
    const directory = userDirectory({ file, costs: testCosts })
    for (let number = 0; number < 5; number++) await directory.add(who + number, 'x')
    await directory.addMany(Array.from({ length: 20 }, (_, number) => ({ name: who + 'many' + number, password: 'x' })))
    await directory.close()`
  const codes = await Promise.all(
    ['a', 'b', 'c'].map(async (who) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, file, who], { stdio: 'inherit' })
      const [code]: unknown[] = await once(child, 'exit')
      return code
    }),
  )
  assert.deepEqual(codes, [0, 0, 0])
  const entries = await open(context, file).list()
  assert.equal(entries.length, 75)
  assert.equal(new Set(entries.map(({ account }) => account)).size, 75)
})

test('disk: a file of a newer version is refused and left alone', (context) => {
  const file = temporaryFile(context)
  const database = new Database(file)
  database.pragma('user_version = 99')
  database.close()
  assert.throws(() => userDirectory({ file }), failed('newer-version', /version 99/))
  const again = new Database(file)
  assert.equal(again.pragma('user_version', { simple: true }), 99)
  again.close()
})

test('disk: files that cannot be used, each with a sentence', (context) => {
  const file = temporaryFile(context)
  writeFileSync(file, 'This is no database at all. '.repeat(50))
  assert.throws(() => userDirectory({ file }), failed('damaged', /not a database/))
  assert.throws(() => userDirectory({ file: join(file, '../none/users.db') }), failed('io', /folder is not there/))
  assert.throws(() => userDirectory({ file: join(file, '..') }), failed('io', /is a folder/))
})

test('disk: a damaged password concerns its user only', async (context) => {
  const file = temporaryFile(context)
  const directory = open(context, file)
  await directory.addMany([
    { name: 'alice', password: 'x' },
    { name: 'bob', password: 'y' },
  ])
  const database = new Database(file)
  database.prepare("UPDATE users SET password = '$argon2id$v=19$m=1$' WHERE name = 'alice'").run()
  database.close()
  await assert.rejects(directory.find('alice'), failed('damaged', /alice cannot be read/))
  assert.equal(await signsIn(directory, 'bob', 'y'), true)
  await directory.setPassword('alice', 'z')
  assert.equal(await signsIn(directory, 'alice', 'z'), true)
})
