import assert from 'node:assert/strict'
import { createHmac, pbkdf2Sync } from 'node:crypto'
import { test } from 'node:test'
import type { Log } from '../model/log.ts'
import { silentLog } from '../model/log.ts'
import { Refusal } from '../model/refusal.ts'
import type { Authenticator, SaslChannel } from '../sasl/sasl.ts'
import { scramDigest, scramHashes } from '../sasl/scram-keys.ts'
import type { ScramHash } from '../sasl/scram-keys.ts'
import { createAuthenticator } from './authenticator.ts'
import type { AuthenticatorOptions } from './authenticator.ts'
import type { UserDirectory } from './directory.ts'
import { memoryDirectory } from './memory-directory.ts'

const minutes = 60_000
const home: SaslChannel = { secure: true, remoteAddress: '192.0.2.1', tlsExporter: undefined, certificateNames: [] }
const elsewhere: SaslChannel = { ...home, remoteAddress: '198.51.100.1' }
const nearby: SaslChannel = { ...home, remoteAddress: '127.0.0.1' }
const exporter = Buffer.alloc(32, 1)

/** An authenticator for alice and bob with a clock to turn, its log, and how often users were looked up. */
function setUp(options: Partial<AuthenticatorOptions> = {}) {
  let now = 1_700_000_000_000
  const logged: string[] = []
  const delays: number[] = []
  const keep = (fields: object, text: string): void => void logged.push(`${text} ${JSON.stringify(fields)}`)
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep }
  const directory = memoryDirectory([
    { name: 'alice', password: 'secret', account: 'a1' },
    { name: 'bob@example.org', password: 'pässword', account: 'b2' },
  ])
  const authenticator = createAuthenticator({
    directory,
    log,
    clock: () => now,
    delay: async (ms) => void delays.push(ms),
    ...options,
  })
  return { authenticator, directory, logged, delays, pass: (ms: number) => (now += ms) }
}

/** The user who is signed in, or the code of the refusal. */
async function login(authenticator: Authenticator, user: string, password: string, channel = home): Promise<string> {
  try {
    return (await authenticator.login(user, password, channel)).user
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    assert.doesNotMatch(error.message, /secret|wrong/)
    return error.code ?? 'malformed'
  }
}

async function scramLogin(
  authenticator: Authenticator,
  user: string,
  password: string,
  channel = home,
  hash: ScramHash = 'SHA-256',
): Promise<string> {
  const plus = channel.tlsExporter ? '-PLUS' : ''
  const exchange = authenticator.begin(`SCRAM-${hash}${plus}`, channel)
  assert.ok(exchange)
  const header = channel.tlsExporter ? 'p=tls-exporter,,' : 'n,,'
  const bare = `n=${user},r=abc`
  try {
    const challenge = await exchange.respond(Buffer.from(header + bare))
    const serverFirst = challenge.data?.toString() ?? ''
    const [, nonce, salt = '', rounds] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst) ?? []
    const { digest, bytes } = scramHashes[hash]
    const hmac = (key: Buffer, text: string): Buffer => createHmac(digest, key).update(text).digest()
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(rounds), bytes, digest)
    const clientKey = hmac(salted, 'Client Key')
    const binding = Buffer.concat([Buffer.from(header), channel.tlsExporter ?? Buffer.alloc(0)]).toString('base64')
    const withoutProof = `c=${binding},r=${nonce}`
    const message = `${bare},${serverFirst},${withoutProof}`
    const signature = hmac(scramDigest(hash, clientKey), message)
    const proof = Buffer.from(clientKey.map((octet, at) => octet ^ (signature[at] ?? 0))).toString('base64')
    const step = await exchange.respond(Buffer.from(`${withoutProof},p=${proof}`))
    assert.ok(step.kind === 'success')
    assert.equal(step.data?.toString(), `v=${hmac(hmac(salted, 'Server Key'), message).toString('base64')}`)
    return step.identity.user
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    return error.code ?? 'malformed'
  }
}

test('names and passwords in every spelling', async () => {
  const { authenticator } = setUp()
  for (const [user, password, result] of [
    ['alice', 'secret', 'alice'],
    ['ALICE@localhost', 'secret', 'alice'],
    ['Bob@EXAMPLE.org', 'pässword', 'bob@example.org'],
    ['bob@example.org', 'pa\u0308ssword', 'bob@example.org'],
    ['alice', 'Secret', 'AUTHENTICATIONFAILED'],
    ['alice', '', 'AUTHENTICATIONFAILED'],
    ['alice', 'sec\0ret', 'AUTHENTICATIONFAILED'],
    ['alice@example.org', 'secret', 'AUTHENTICATIONFAILED'],
    ['nobody', 'secret', 'AUTHENTICATIONFAILED'],
    ['', 'secret', 'AUTHENTICATIONFAILED'],
    ['a/b\0', 'secret', 'AUTHENTICATIONFAILED'],
    ['x'.repeat(5000), 'x'.repeat(5000), 'AUTHENTICATIONFAILED'],
  ] as const) {
    assert.equal(await login(authenticator, user, password, nearby), result, `${user} ${password}`.slice(0, 40))
  }
})

test('every mechanism signs in', async () => {
  const { authenticator } = setUp()
  const bound = { ...home, tlsExporter: exporter }
  for (const hash of ['SHA-1', 'SHA-256'] as const) {
    assert.equal(await scramLogin(authenticator, 'alice', 'secret', home, hash), 'alice')
    assert.equal(await scramLogin(authenticator, 'alice', 'secret', bound, hash), 'alice')
    assert.equal(await scramLogin(authenticator, 'Bob@Example.org', 'pässword', home, hash), 'bob@example.org')
    assert.equal(await scramLogin(authenticator, 'alice', 'wrong', home, hash), 'AUTHENTICATIONFAILED')
    assert.equal(await scramLogin(authenticator, 'nobody', 'secret', home, hash), 'AUTHENTICATIONFAILED')
  }
  const plain = authenticator.begin('PLAIN', home)
  assert.deepEqual(await plain?.respond(Buffer.from('\0alice\0secret')), {
    kind: 'success',
    identity: { user: 'alice', account: 'a1' },
  })
  const external = authenticator.begin('EXTERNAL', { ...home, certificateNames: ['BOB@example.org'] })
  const step = await external?.respond(Buffer.alloc(0))
  assert.ok(step?.kind === 'success' && step.identity.account === 'b2')
})

test('a downgrade is found out, if we could have bound the channel', async () => {
  const bound = { ...home, tlsExporter: exporter }
  const first = Buffer.from('y,,n=alice,r=abc')
  const all = setUp().authenticator
  await assert.rejects(async () => all.begin('SCRAM-SHA-256', bound)?.respond(first), /does-support-channel-binding/)
  await assert.rejects(async () => all.begin('SCRAM-SHA-1', bound)?.respond(first), /does-support-channel-binding/)
  assert.equal((await all.begin('SCRAM-SHA-256', home)?.respond(first))?.kind, 'challenge')
  const none = setUp({ disabledMechanisms: ['scram-sha-256-plus', 'SCRAM-SHA-1-PLUS'] }).authenticator
  assert.equal((await none.begin('SCRAM-SHA-256', bound)?.respond(first))?.kind, 'challenge')
})

test('nothing without security, and nothing that is switched off', async () => {
  const { authenticator } = setUp({ disabledMechanisms: ['login', 'SCRAM-SHA-1'] })
  const open = { ...home, secure: false, tlsExporter: exporter, certificateNames: ['alice'] }
  assert.deepEqual(authenticator.mechanisms(open), [])
  assert.equal(authenticator.begin('PLAIN', open), undefined)
  assert.equal(await login(authenticator, 'alice', 'secret', open), 'PRIVACYREQUIRED')
  assert.deepEqual(authenticator.mechanisms(home), ['SCRAM-SHA-256', 'PLAIN'])
  assert.equal(authenticator.begin('LOGIN', home), undefined)
  assert.equal(authenticator.begin('plain', home), undefined)
  assert.equal(authenticator.begin('GSSAPI', home), undefined)
})

test('users who do not exist have a salt that stays, differs from others, and looks like anybody’s', async () => {
  const { authenticator } = setUp()
  const salt = async (user: string, name = 'SCRAM-SHA-256'): Promise<string> => {
    const step = await authenticator.begin(name, home)?.respond(Buffer.from(`n,,n=${user},r=abc`))
    return /,(s=[^,]+,i=\d+)$/.exec(step?.data?.toString() ?? '')?.[1] ?? ''
  }
  const [known, unknown] = [await salt('alice'), await salt('carol')]
  assert.match(known, /^s=[A-Za-z0-9+/]{22}==,i=4096$/)
  assert.match(unknown, /^s=[A-Za-z0-9+/]{22}==,i=4096$/)
  assert.equal(await salt('carol'), unknown)
  assert.equal(await salt('CAROL'), unknown)
  assert.equal(await salt('carol@localhost'), unknown)
  assert.notEqual(await salt('dave'), unknown)
  assert.notEqual(await salt('carol', 'SCRAM-SHA-1'), unknown)
})

test('after some wrong passwords the answer is LIMIT, and time heals', async () => {
  const { authenticator, pass, delays } = setUp()
  for (let time = 0; time < 11; time++) {
    assert.equal(await login(authenticator, 'alice', `wrong${time}`), 'AUTHENTICATIONFAILED')
  }
  assert.equal(await login(authenticator, 'alice', 'secret'), 'LIMIT')
  assert.equal(await scramLogin(authenticator, 'alice', 'secret'), 'LIMIT')
  assert.equal(await login(authenticator, 'bob@example.org', 'pässword'), 'bob@example.org')
  assert.deepEqual(delays.slice(0, 6), [200, 400, 800, 1600, 3200, 5000])
  pass(1000)
  assert.equal(await login(authenticator, 'alice', 'secret'), 'alice')
})

test('users who do not exist are throttled as those who do', async () => {
  const outcomes = await Promise.all(
    ['alice', 'nobody'].map(async (user) => {
      const { authenticator, delays } = setUp()
      const answers: string[] = []
      for (let time = 0; time < 13; time++)
        answers.push(await login(authenticator, time % 2 ? `${user}@localhost` : user, `wrong${time}`))
      for (let time = 0; time < 3; time++)
        answers.push(await scramLogin(authenticator, user, `wrong${time}`, elsewhere))
      return { answers, delays }
    }),
  )
  assert.deepEqual(outcomes[0], outcomes[1])
})

test('one address that tries many names is refused, others are not', async () => {
  const { authenticator, pass } = setUp()
  for (let time = 0; time < 31; time++) {
    assert.equal(await login(authenticator, `user${time}`, 'wrong'), 'AUTHENTICATIONFAILED')
  }
  assert.equal(await login(authenticator, 'alice', 'secret'), 'LIMIT')
  assert.equal(await login(authenticator, 'alice', 'secret', elsewhere), 'alice')
  pass(1000)
  assert.equal(await login(authenticator, 'alice', 'secret'), 'alice')
})

test('strangers cannot lock out who has signed in, by password or by SCRAM', async () => {
  const { authenticator } = setUp()
  assert.equal(await login(authenticator, 'alice', 'secret'), 'alice')
  for (let time = 0; time < 14; time++) await login(authenticator, 'alice', `wrong${time}`, elsewhere)
  assert.equal(await login(authenticator, 'alice', 'wrong', elsewhere), 'LIMIT')
  assert.equal(await login(authenticator, 'alice', 'secret'), 'alice')
  assert.equal(await scramLogin(authenticator, 'alice', 'secret'), 'alice')
  const third = { ...home, remoteAddress: '203.0.113.9' }
  assert.equal(await login(authenticator, 'alice', 'secret', third), 'alice', 'the password is remembered')
  assert.equal(await scramLogin(authenticator, 'alice', 'secret', elsewhere), 'LIMIT')
})

test('guessing at a closed account closes the address', async () => {
  const { authenticator } = setUp()
  for (let time = 0; time < 14; time++) await login(authenticator, 'alice', `wrong${time}`, nearby)
  for (let time = 0; time < 31; time++) assert.equal(await login(authenticator, 'alice', `other${time}`), 'LIMIT')
  assert.equal(await login(authenticator, 'bob@example.org', 'pässword'), 'LIMIT')
})

test('the same wrong password again and again counts once', async () => {
  const { authenticator, delays } = setUp()
  for (let time = 0; time < 40; time++) {
    assert.equal(await login(authenticator, 'alice', 'wrong'), 'AUTHENTICATIONFAILED')
    assert.equal(await login(authenticator, 'nobody', 'wrong'), 'AUTHENTICATIONFAILED')
  }
  assert.equal(await login(authenticator, 'alice', 'secret'), 'alice')
  assert.deepEqual(new Set(delays), new Set([200]))
})

test('many SCRAM exchanges begun before the first fails are no way around', async () => {
  const { authenticator } = setUp()
  const exchanges = await Promise.all(
    Array.from({ length: 14 }, async () => {
      const exchange = authenticator.begin('SCRAM-SHA-256', home)
      const step = await exchange?.respond(Buffer.from('n,,n=alice,r=abc'))
      return { exchange, nonce: /^r=([^,]+)/.exec(step?.data?.toString() ?? '')?.[1] }
    }),
  )
  const codes: (string | undefined)[] = []
  for (const { exchange, nonce } of exchanges) {
    const final = `c=biws,r=${nonce},p=${Buffer.alloc(32).toString('base64')}`
    await assert.rejects(
      async () => exchange?.respond(Buffer.from(final)),
      (error) => {
        codes.push(error instanceof Refusal ? error.code : undefined)
        return true
      },
    )
  }
  assert.deepEqual(codes.slice(10), ['AUTHENTICATIONFAILED', 'LIMIT', 'LIMIT', 'LIMIT'])
})

test('a password is remembered for a time, and not beyond a change', async () => {
  const { authenticator, directory, pass } = setUp()
  assert.equal(await login(authenticator, 'alice', 'secret'), 'alice')
  await directory.setPassword('alice', 'other')
  assert.equal(await login(authenticator, 'alice', 'secret'), 'AUTHENTICATIONFAILED')
  assert.equal(await login(authenticator, 'alice', 'other'), 'alice')
  pass(11 * minutes)
  assert.equal(await login(authenticator, 'alice', 'other'), 'alice')
  await directory.remove('alice')
  assert.equal(await login(authenticator, 'alice', 'other'), 'AUTHENTICATIONFAILED')
  await directory.add('alice', 'other')
  assert.equal(await login(authenticator, 'alice', 'other'), 'alice')
})

test('over the limit of waiting checks the answer is UNAVAILABLE; equal sign-ins share one', async () => {
  const { authenticator } = setUp({ concurrency: 1, maxWaiting: 1 })
  const equal = Array.from({ length: 20 }, () => login(authenticator, 'alice', 'secret'))
  assert.deepEqual(new Set(await Promise.all(equal)), new Set(['alice']))

  const different = Array.from({ length: 6 }, (_, number) => login(authenticator, `user${number}`, 'wrong', nearby))
  assert.deepEqual((await Promise.all(different)).sort(), [
    ...Array.from({ length: 2 }, () => 'AUTHENTICATIONFAILED'),
    ...Array.from({ length: 4 }, () => 'UNAVAILABLE'),
  ])
})

test('a directory that fails is UNAVAILABLE, and the log has the cause', async () => {
  const broken: UserDirectory = { ...memoryDirectory(), find: () => Promise.reject(new Error('disk gone')) }
  const { authenticator, logged } = setUp({ directory: broken })
  assert.equal(await login(authenticator, 'alice', 'secret'), 'UNAVAILABLE')
  assert.equal(await scramLogin(authenticator, 'alice', 'secret'), 'UNAVAILABLE')
  assert.equal(logged.length, 2)
})

test('the log has no password and no name that might be one', async () => {
  const { authenticator, logged } = setUp()
  await login(authenticator, 'alice', 'wrong-secret')
  await login(authenticator, 'my-secret', 'secret')
  await scramLogin(authenticator, 'alice', 'wrong-secret')
  assert.equal(logged.length, 3)
  assert.match(logged[0] ?? '', /"alice"/)
  assert.doesNotMatch(logged.join('\n'), /secret/)
})

test('without a delay of its own it waits by a timer', async () => {
  const directory = memoryDirectory([{ name: 'alice', password: 'secret' }])
  const throttle = { firstDelayMs: 1, maxDelayMs: 1 }
  const authenticator = createAuthenticator({ directory, log: silentLog, clock: () => 0, throttle })
  assert.equal(await login(authenticator, 'alice', 'wrong'), 'AUTHENTICATIONFAILED')
})
