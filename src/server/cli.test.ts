import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Command } from 'commander'
import type { UserDirectory } from '../accounts/directory.ts'
import { makeProgram } from './cli.ts'
import { openUsers } from './data-directory.ts'
import { exitCodeOf, sentenceOf } from './failures.ts'
import { configFor } from './options.ts'

const main = join(import.meta.dirname, 'main.ts')
const launcher = join(import.meta.dirname, '../../bin/crispin')

let directory = ''
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crispin-cli-'))
})
/** Servers that were started: one that a failed test leaves behind would keep the whole run from ending. */
const started = new Set<ChildProcessWithoutNullStreams>()
after(async () => {
  for (const child of started) child.kill('SIGKILL')
  await rm(directory, { recursive: true, maxRetries: 5 })
})

interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function spawned(args: readonly string[], environment: Record<string, string> = {}): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [main, ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'], ...environment },
  })
}

async function outcomeOf(child: ChildProcessWithoutNullStreams, input = ''): Promise<Outcome> {
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  child.stdin.end(input)
  await once(child, 'close')
  return { code: child.exitCode, out, err }
}

const crispin = (args: readonly string[], input?: string): Promise<Outcome> => outcomeOf(spawned(args), input)

/** A server as a child process, once it says `ready`. */
async function serving(args: readonly string[]): Promise<{
  readonly child: ChildProcessWithoutNullStreams
  readonly ready: Record<string, readonly string[]>
  stop(): Promise<number | null>
}> {
  const child = spawned(['serve', '--json', ...args])
  started.add(child)
  child.once('exit', () => started.delete(child))
  let err = ''
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const failed = once(child, 'close').then(() => assert.fail(err))
  const [line] = (await Promise.race([once(child.stdout, 'data'), failed])) as [Buffer]
  failed.catch(() => {}) // it will end, when it is told to
  return {
    child,
    ready: JSON.parse(line.toString()) as Record<string, readonly string[]>, // what the command promises
    stop: async () => {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
      return child.exitCode
    },
  }
}

async function imap(address: string | undefined, said: string): Promise<string> {
  const [host = '', port] = (address ?? '').split(':')
  const socket = connect({ host, port: Number(port) })
  let heard = ''
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()))
  socket.write(said)
  await once(socket, 'close')
  return heard
}

test('every command has help with examples, and describes every option', () => {
  const walk = (command: Command): Command[] => [command, ...command.commands.flatMap(walk)]
  for (const command of walk(makeProgram())) {
    assert.ok(command.description(), command.name())
    for (const option of command.options) assert.ok(option.description, `${command.name()} ${option.flags}`)
  }
})

/** How a command fails, without a process of its own: nothing is printed before it does. */
async function failureOf(args: readonly string[]): Promise<Pick<Outcome, 'code' | 'err'>> {
  try {
    await makeProgram().parseAsync(args, { from: 'user' })
  } catch (error) {
    return { code: exitCodeOf(error), err: sentenceOf(error) }
  }
  return assert.fail(`${args.join(' ')} did not fail`)
}

async function withUsers(folder: string, work: (users: UserDirectory) => Promise<unknown>): Promise<string> {
  const data = join(directory, folder)
  const users = await openUsers(await configFor({ data }))
  await work(users)
  await users.close()
  return data
}

test('groups, and accounts that are nobody’s own', async () => {
  const data = ['--data', await withUsers('groups', (users) => users.addMany(twoUsers))]
  assert.equal((await crispin(['group', 'set', 'Team', 'ann', 'JOE', ...data])).out, '$team: ann joe\n')
  assert.match((await crispin(['group', 'list', ...data])).out, /^GROUP +MEMBERS\n\$team +ann joe\n$/)
  assert.equal((await crispin(['shared', 'add', 'Info', '$team', ...data])).out, 'added info, owned by $team\n')
  assert.equal((await crispin(['shared', 'owners', 'info', 'joe', 'ann', ...data])).out, 'info, owned by ann joe\n')
  assert.match((await crispin(['shared', 'list', ...data])).out, /^NAME +OWNERS\ninfo +ann joe\n$/)
  assert.equal((await crispin(['group', 'remove', 'team', ...data])).out, 'removed $team\n')
  for (const [args, err] of [
    [['group', 'remove', 'team'], 'there is no group team'],
    [['group', 'set', 'team', 'bob'], 'There is no user "bob"'],
    [['shared', 'add', 'other', 'anyone'], '"anyone" cannot own an account'],
    [['shared', 'owners', 'joe', 'ann'], 'joe is not a shared account'],
  ] as const) {
    assert.deepEqual(await failureOf([...args, ...data]), { code: 1, err })
  }
})

const twoUsers = ['joe', 'ann'].map((name) => ({ name, password: 'secret' }))

test('the life of users, while a server runs and while none does', async () => {
  const folder = join(directory, 'users')
  const data = ['--data', folder]
  assert.equal((await crispin(['user', 'add', 'joe', '--password-stdin', ...data], 'secret\n')).out, 'added joe\n')
  const { out } = await crispin(['user', 'add', 'Ann@Example.org', '--json', ...data])
  const made = JSON.parse(out) as { name: string; password: string } // what the command promises
  assert.equal(made.name, 'ann@example.org')
  assert.match(made.password, /^(?:[a-z2-9]{5}-){3}[a-z2-9]{5}$/)
  assert.deepEqual(await failureOf(['user', 'add', 'joe', ...data]), { code: 1, err: 'There is a user joe already' })

  const server = await serving([...data, '--imap', '127.0.0.1:0', '--allow-plaintext-login'])
  const [address] = server.ready['imap'] ?? []
  await writeFile(join(directory, 'many'), '# all of them\nu1 one\nu2 two and more\n')
  assert.equal((await crispin(['user', 'add', '--from-file', 'many', ...data])).out, 'added 2 users\n')
  await crispin(['user', 'password', 'joe', '--password-stdin', ...data], 'changed')
  assert.match(await imap(address, 'a LOGIN joe changed\r\nb LOGOUT\r\n'), /^a OK/m)
  assert.match(await imap(address, 'a LOGIN u2 "two and more"\r\nb LOGOUT\r\n'), /^a OK/m)
  assert.match(await imap(address, 'a LOGIN joe secret\r\nb LOGOUT\r\n'), /^a NO \[AUTHENTICATIONFAILED\]/m)
  assert.match((await crispin(['user', 'remove', 'joe', '--yes', ...data])).err, /a server has the mail open/)
  assert.match((await failureOf(['check', ...data])).err, /is in use by another process/)
  const erase = join(folder, 'erase')
  assert.equal((await readdir(erase)).length, 1)
  server.child.kill('SIGHUP')
  while ((await readdir(erase)).length > 0) await new Promise(setImmediate)
  assert.equal((await readdir(join(folder, 'accounts'))).length, 1)
  assert.equal(await server.stop(), 0)

  const stats = JSON.parse((await crispin(['stats', '--json', ...data])).out) as { users: { name: string }[] }
  assert.deepEqual(
    stats.users.map(({ name }) => name),
    ['ann@example.org', 'u1', 'u2'],
  )
})

test('mail survives kill -9, a second start, export and import', async () => {
  const users = ['joe', 'ann'].map((name) => ({ name, password: 'secret' }))
  const data = ['--data', await withUsers('mail', (directory) => directory.addMany(users))]
  const args = [...data, '--imap', '127.0.0.1:0', '--allow-plaintext-login']
  const first = await serving(args)
  const said = 'a LOGIN joe secret\r\nb APPEND INBOX (\\Seen) {8+}\r\nA: b\r\n\r\n\r\nc LOGOUT\r\n'
  assert.match(await imap(first.ready['imap']?.[0], said), /^b OK/m)
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')

  const second = await serving(args)
  assert.match(
    await imap(second.ready['imap']?.[0], 'a LOGIN joe secret\r\nb STATUS INBOX (MESSAGES)\r\nc LOGOUT\r\n'),
    /MESSAGES 1/,
  )
  assert.equal(await second.stop(), 0)
  const exported = await crispin(['export', join(directory, 'out'), '--user', 'joe', '--json', ...data])
  assert.equal((JSON.parse(exported.out) as { messages: number }).messages, 1)
  const imported = await crispin(['import', join(directory, 'out'), '--user', 'ann', '--json', ...data])
  assert.equal((JSON.parse(imported.out) as { messages: number }).messages, 1)
  const check = await crispin(['check', ...data])
  assert.deepEqual([check.code, check.out], [0, '2 accounts, 2 mailboxes, 2 messages: all in order\n'])
})

test('serve prints one line on standard output, and the addresses beside it', async () => {
  const child = spawned(['serve', '--data', join(directory, 'ready'), '--imaps', '127.0.0.1:0', '--lmtp', 'unix:lmtp'])
  const ended = outcomeOf(child)
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  const { code, out, err } = await ended
  assert.deepEqual([code, out], [0, 'ready\n'])
  assert.match(err, /^made a certificate, SHA-256 [0-9A-F:]{95}$/m)
  assert.match(err, /^listening: imaps 127\.0\.0\.1:\d+\nlistening: lmtp unix:lmtp$/m)
})

test('a start without configuration makes an account, once', async () => {
  const ports = { CRISPIN_LOG_LEVEL: 'info' }
  const data = join(directory, 'start')
  await mkdir(data)
  // The fixed ports may be taken on this machine, and then only the sentence can be looked at.
  const child = spawned(['start', '--data', data], ports)
  const ended = outcomeOf(child)
  await Promise.race([once(child.stdout, 'data'), once(child, 'close')])
  child.kill('SIGTERM')
  const { code, out, err } = await ended
  if (code === 1) return assert.match(err, /another program uses this port/)
  assert.equal(code, 0)
  assert.match(out, /^Password: \S{23} /m)
  for (const client of ['curl', 'mbsync', 'mutt', 'Thunderbird']) assert.ok(out.includes(client), client)
})

const refused: readonly (readonly [args: readonly string[], code: number, sentence: RegExp])[] = [
  [['serve', '--imap', 'nowhere'], 2, /^command line: imap\.listen\.0 is no address/],
  [['serve', '--data', 'D', '--imaps', '127.0.0.1:0', '--tls-cert', 'x'], 1, /^a TLS certificate needs both/],
  [['serve', '--data', 'NEWER', '--imap', '127.0.0.1:0'], 1, /^\S+ was written by a newer version/],
  [['serve', '--config', 'BAD'], 2, /^\S+ line 2: limits\.idleSeconds must be 1800 or more$/],
  [['user', 'list', '--data', 'NONE'], 1, /^\S+ is no data directory/],
  [['user', 'list', '--data', 'LOOP'], 1, /lead in a circle$/], // what cannot be looked into may well hold users
  [['user', 'add'], 2, /^name either a user or --from-file$/],
  [['user', 'add', 'a b', '--data', 'D'], 1, /cannot be the name of a user/],
  [['user', 'add', '--from-file', 'BAD', '--data', 'D'], 2, /^\S+ line 1: NAME PASSWORD is expected$/],
  [['user', 'password', 'nobody', '--data', 'D'], 1, /^There is no user "nobody"$/],
  [['user', 'remove', 'joe', '--data', 'D'], 1, /^nothing was removed/],
  [['import', 'NONE', '--user', 'joe', '--data', 'D'], 1, /no such file/],
  [['import', 'BAD', '--user', 'nobody', '--format', 'mbox', '--data', 'D'], 1, /^there is no user "nobody"$/],
  [['stats', '--data', 'D', '--http', '127.0.0.1:1'], 1, /^no server of Crispin answers/],
]
test('what cannot be done is said in one sentence, with its exit code', async () => {
  const bad = join(directory, 'bad.toml')
  const newer = join(directory, 'newer')
  const data = await withUsers('d', (users) => users.add('joe', 'secret'))
  await writeFile(bad, '[limits]\nidleSeconds = 1\n')
  await mkdir(newer)
  await symlink('loop', join(directory, 'loop'))
  await writeFile(join(newer, 'store.json'), '{"format":999}')
  const places = new Map(
    Object.entries({ D: data, BAD: bad, NEWER: newer, NONE: join(directory, 'none'), LOOP: join(directory, 'loop') }),
  )
  for (const [args, code, sentence] of refused) {
    const failure = await failureOf(args.map((arg) => places.get(arg) ?? arg))
    assert.match(failure.err, sentence, args.join(' '))
    assert.equal(failure.code, code, args.join(' '))
  }
})

test('the shell is told, without a stack', async () => {
  const unknown = await crispin(['serve', '--bogus'])
  assert.equal(unknown.code, 2)
  assert.match(unknown.err, /^error: unknown option '--bogus'\n/)
  const missing = await crispin(['user', 'list', '--data', 'none'])
  assert.deepEqual(missing, {
    code: 1,
    out: '',
    err: 'crispin: none is no data directory of Crispin (--data names another)\n',
  })
  assert.equal((await crispin(['config', 'check', 'missing.toml'])).code, 3)
})

test('the launcher runs the same program through links', async () => {
  const child = spawn(launcher, ['--version'], { cwd: directory })
  const { code, out } = await outcomeOf(child)
  const manifest = await readFile(join(import.meta.dirname, '../../package.json'), 'utf8')
  assert.equal(code, 0)
  assert.equal(out.trim(), (JSON.parse(manifest) as { version: string }).version)
})

test('crispin user app-password: made, listed, signs in without what is switched off, taken back', async () => {
  const data = join(directory, 'app-passwords')
  const user = (...args: string[]): Promise<Outcome> => crispin(['user', ...args, '--data', data, '--json'])
  assert.equal((await user('add', 'alice')).code, 0)
  const added = await user('app-password', 'add', 'alice', '--name', 'phone', '--disable', 'idle')
  assert.equal(added.code, 0, added.err)
  const { password } = JSON.parse(added.out) as { password: string } // what the command promises
  assert.equal((await user('app-password', 'add', 'alice', '--name', 'tv', '--expires', 'soon')).code, 2)
  const [listed] = JSON.parse((await user('app-password', 'list', 'alice')).out) as {
    name: string
    password?: string
  }[]
  assert.equal(listed?.name, 'phone')
  assert.equal(listed.password, undefined)
  const capabilities = JSON.parse((await user('capabilities', 'alice', '--disable', 'QRESYNC')).out) as object
  assert.deepEqual(capabilities, { user: 'alice', disabledCapabilities: ['QRESYNC'] })

  const server = await serving(['--data', data, '--imap', '127.0.0.1:0', '--allow-plaintext-login'])
  const signIn = (): Promise<string> =>
    imap(server.ready['imap']?.[0], `a1 LOGIN alice ${password}\r\na2 CAPABILITY\r\na3 IDLE\r\na4 LOGOUT\r\n`)
  const heard = await signIn()
  assert.match(heard, /a1 OK/)
  assert.doesNotMatch(/\* CAPABILITY (.*)\r\na2 OK/.exec(heard)?.[1] ?? 'IDLE', /\b(?:IDLE|QRESYNC)\b/)
  assert.match(heard, /a3 BAD/)
  assert.equal((await user('app-password', 'remove', 'alice', '--name', 'phone')).code, 0)
  assert.match(await signIn(), /a1 NO/)
  assert.equal(await server.stop(), 0)
})

test('crispin user quota: shown, set at once or by the server that has the mail, and taken back', async () => {
  const data = join(directory, 'quotas')
  const user = (...args: string[]): Promise<Outcome> => crispin(['user', ...args, '--data', data])
  assert.equal((await user('add', 'alice')).code, 0)
  const added = await user('app-password', 'add', 'alice', '--name', 'test', '--json')
  const { password } = JSON.parse(added.out) as { password: string } // what the command promises
  assert.equal((await user('quota', 'nobody', '--messages', '1')).code, 1)
  assert.equal((await user('quota', 'alice', '--messages', 'many')).code, 2)
  assert.deepEqual(await user('quota', 'alice', '--storage', '5GB'), {
    code: 0,
    out: 'set the limits of alice\n',
    err: '',
  })
  const shown = await user('quota', 'alice')
  assert.match(shown.out, /^storage +0 +5368709120$/m, shown.err)

  const server = await serving(['--data', data, '--imap', '127.0.0.1:0', '--allow-plaintext-login'])
  const noted = await user('quota', 'alice', '--messages', '7')
  assert.match(noted.err, /SIGHUP/)
  const quota = (): Promise<string> =>
    imap(server.ready['imap']?.[0], `a1 LOGIN alice ${password}\r\na2 GETQUOTA ""\r\na3 LOGOUT\r\n`)
  assert.match(await quota(), /\* QUOTA "" \(STORAGE 0 5242880 MAILBOX 1 10000/)
  server.child.kill('SIGHUP')
  for (let heard = ''; !heard.includes('MESSAGE 0 7'); heard = await quota()) assert.equal(server.child.exitCode, null)
  assert.equal(await server.stop(), 0)
  assert.equal((await user('quota', 'alice', '--default')).code, 0)
  assert.match((await user('quota', 'alice')).out, /^storage +0 +none$/m)
})
