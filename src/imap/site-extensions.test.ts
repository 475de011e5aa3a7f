import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type CrispinServer, startServer, type StartServerOptions } from '../index.ts'
import { connectClient } from './url/client.test-support.ts'

async function start(t: TestContext, config: StartServerOptions['config']): Promise<CrispinServer> {
  const accounts = ['alice', 'bob'].map((name) => ({ name, password: 'secret' }))
  const server = await startServer({ accounts, ...(config && { config }) })
  t.after(() => server.close())
  return server
}

const message = (octets: number): string => `{${octets}+}\r\n${'a: b\r\n'.padEnd(octets, 'x')}`

test('nothing of it is there by itself', async (t) => {
  const client = await connectClient(await start(t, undefined), 'alice')
  const capabilities = await client.say('CAPABILITY')
  assert.match(capabilities, / LITERAL\+ .* UTF8=ACCEPT /)
  assert.doesNotMatch(capabilities, /LITERAL-|JMAPACCESS|LOGIN-REFERRALS|UTF8=ONLY/)
  assert.match(await client.say('GETJMAPACCESS'), / BAD /)
  assert.match(await client.say(`APPEND INBOX ${message(5000)}`), / OK /)
})

test('LITERAL- takes the place of LITERAL+ where that is switched off (RFC 7888 §5)', async (t) => {
  const client = await connectClient(await start(t, { imap: { disabledCapabilities: ['LITERAL+'] } }), 'alice')
  const capabilities = await client.say('CAPABILITY')
  assert.match(capabilities, / LITERAL- /)
  assert.doesNotMatch(capabilities, /LITERAL\+/)
  assert.match(await client.say(`APPEND INBOX ${message(4096)}`), / OK /)
  assert.match(await client.say(`APPEND INBOX ${message(4097)}`), /^t\d+ BAD \[TOOBIG\]/)
  assert.match(await client.say(`APPEND INBOX ${message(10)} CATENATE (TEXT ${message(5000)})`), /^t\d+ BAD \[TOOBIG\]/)
  assert.match(await client.say(`CREATE ${message(5000)}`), /^t\d+ BAD \[TOOBIG\]/)
  assert.match(await client.say('STATUS INBOX (MESSAGES)'), /MESSAGES 1\)/)
  // One that waits may be of any length.
  assert.match(await client.say(`APPEND INBOX ${message(5000).replace('+', '')}`), /^\+ .*\r\nt\d+ OK /)
})

test('neither of the two where both are switched off', async (t) => {
  const config = { imap: { disabledCapabilities: ['LITERAL+', 'LITERAL-'] } }
  const client = await connectClient(await start(t, config), 'alice')
  assert.doesNotMatch(await client.say('CAPABILITY'), /LITERAL/)
})

test('JMAPACCESS tells where (RFC 9698 §4)', async (t) => {
  const jmapUrl = 'https://example.org/.well-known/jmap'
  const server = await start(t, { site: { jmapUrl } })
  const stranger = await connectClient(server)
  assert.doesNotMatch(await stranger.say('CAPABILITY'), /JMAPACCESS/, 'only after signing in')
  assert.match(await stranger.say('LOGIN alice secret'), / OK \[CAPABILITY .* JMAPACCESS /)
  assert.match(
    await stranger.say('GETJMAPACCESS'),
    /^\* JMAPACCESS "https:\/\/example\.org\/\.well-known\/jmap"\r\nt\d+ OK /,
  )
  assert.match(await stranger.say('GETJMAPACCESS now'), / BAD /)
  const without = await start(t, { site: { jmapUrl }, imap: { disabledCapabilities: ['OBJECTID'] } })
  assert.doesNotMatch(await (await connectClient(without, 'alice')).say('CAPABILITY'), /JMAPACCESS/)
})

test('whose mail is elsewhere is told so, once they have proved who they are (RFC 2221 §4.1)', async (t) => {
  const url = 'imap://bob;AUTH=*@mail2.example.org/'
  const client = await connectClient(await start(t, { site: { referrals: [`Bob ${url}`] } }))
  assert.match(await client.say('CAPABILITY'), / LOGIN-REFERRALS /)
  assert.match(await client.say('LOGIN bob wrong'), / NO \[AUTHENTICATIONFAILED\]/)
  assert.ok((await client.say('LOGIN bob secret')).includes(` NO [REFERRAL ${url}] `))
  const initial = Buffer.from('\0bob\0secret').toString('base64')
  assert.ok((await client.say(`AUTHENTICATE PLAIN ${initial}`)).includes(` NO [REFERRAL ${url}] `))
  assert.match(await client.say('LOGIN alice secret'), / OK /)
})

test('UTF8=ONLY refuses all that has to do with names and mail before it is enabled (RFC 9755 §7)', async (t) => {
  const server = await start(t, { site: { utf8Only: true } })
  const client = await connectClient(server, 'alice')
  const capabilities = await client.say('CAPABILITY')
  assert.match(capabilities, / UTF8=ONLY/)
  assert.doesNotMatch(capabilities, /UTF8=ACCEPT/)
  for (const command of ['SELECT INBOX', 'LIST "" *', 'STATUS INBOX (MESSAGES)', 'NAMESPACE', 'APPEND INBOX {3}']) {
    assert.match(await client.say(command), / NO \[CANNOT\]/, command)
  }
  assert.match(await client.say('NOOP'), / OK /)
  assert.match(await client.say('ENABLE UTF8=ONLY'), /^\* ENABLED\r\n/)
  assert.match(await client.say('ENABLE UTF8=ACCEPT'), /^\* ENABLED UTF8=ACCEPT\r\n/)
  assert.match(await client.say('SELECT INBOX'), / OK /)
  assert.match(await client.say('FETCH 1:* FLAGS'), / OK /)
})

test('settings that cannot be', async () => {
  const wrong = [
    { jmapUrl: 'http://example.org/' },
    { jmapUrl: 'https://example.org/"x' },
    { referrals: ['bob'] },
    { referrals: ['bob https://example.org/'] },
    { referrals: ['bob imap://mail2.example.org/INBOX'] },
    { referrals: ['bob imap://mail2 .example.org/'] },
  ]
  for (const site of wrong) await assert.rejects(startServer({ config: { site } }), /wrong configuration/)
})
