import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type CrispinServer, startServer, type StartServerOptions } from '../../index.ts'
import { memoryStore } from '../../store/memory/memory-store.ts'
import { maxUrls } from './arguments.ts'
import { type Client, connectClient } from './client.test-support.ts'

const people = ['alice', 'bob', 'carol', 'mailer'].map((name) => ({ name, password: 'secret' }))
const text = 'Hello there.'

async function start(t: TestContext, options: StartServerOptions = {}): Promise<CrispinServer> {
  const server = await startServer({ accounts: people, ...options })
  t.after(() => server.close())
  return server
}

/** A client with one message in a mailbox. */
async function withMessage(server: CrispinServer, user: string, mailbox = 'INBOX'): Promise<Client> {
  const client = await connectClient(server, user)
  const message = `Subject: x\r\n\r\n${text}`
  assert.match(await client.say(`APPEND "${mailbox}" {${message.length}+}\r\n${message}`), / OK /)
  return client
}

const rumpUrl = (user: string, access: string, mailbox = 'INBOX'): string =>
  `imap://${user}@mail.example.org/${mailbox}/;UID=1/;SECTION=1;URLAUTH=${access}`

async function prove(client: Client, url: string): Promise<string> {
  const answer = await client.say(`GENURLAUTH "${url}" INTERNAL`)
  const proved = /GENURLAUTH "(.*)"/.exec(answer)?.[1]
  assert.ok(proved, answer)
  return proved
}

/** Whether the URL gives what it names; else it must give NIL, and nothing besides. */
async function isGood(client: Client, url: string): Promise<boolean> {
  const answer = await client.say(`URLFETCH {${url.length}+}\r\n${url}`)
  assert.match(answer, / OK URLFETCH completed\r\n$/)
  if (answer.includes(text)) return true
  assert.match(answer, /^\* URLFETCH [^\r]*(?:\r\n[^\r]*)? NIL\r\nt\d+ OK URLFETCH completed\r\n$/s)
  return false
}

test('a URL of which anything was changed proves nothing', async (t) => {
  const server = await start(t)
  const alice = await withMessage(server, 'alice')
  const url = await prove(alice, rumpUrl('alice', 'user+alice'))
  assert.ok(await isGood(alice, url))
  const token = url.slice(url.lastIndexOf(':') + 1)
  assert.ok(token.length >= 32)
  const forged: readonly string[] = [
    url.slice(0, -1),
    url.slice(0, -2),
    url + '0',
    url.slice(0, -token.length) + '0'.repeat(token.length),
    url.slice(0, -token.length) + token.slice(0, 32),
    url.slice(0, -1) + (url.endsWith('0') ? '1' : '0'),
    url.slice(0, url.lastIndexOf(':')) + ':',
    url.replace('user+alice', 'anonymous'),
    url.replace('user+alice', 'user+Alice'),
    url.replace('user+alice', 'authuser'),
    url.replace('SECTION=1', 'SECTION=2'),
    url.replace('SECTION=1', 'section=1'),
    url.replace('/;SECTION=1', ''),
    url.replace('UID=1', 'UID=2'),
    url.replace('INBOX', 'inbox'),
    url.replace('INBOX', '%49NBOX'),
    url.replace('mail.example.org', 'MAIL.example.org'),
    url.replace('mail.example.org', 'mail.example.org:143'),
    url.replace('imap:', 'IMAP:'),
    url.replace('imap:', ''),
    url.replace('alice@', 'alice;AUTH=*@'),
    url.replace(';URLAUTH', ';EXPIRE=2999-01-01T00:00:00Z;URLAUTH'),
    url.replace('INBOX', 'INBOX;UIDVALIDITY=1'),
    url.replace(':internal:', ':xsample:'),
    url.replace('alice@', 'bob@'),
    url.replace('alice@', 'nobody@'),
    url.replace('alice@', ''),
    url.replace('INBOX', 'Nowhere'),
    url.replace('INBOX', 'x/../INBOX'),
    rumpUrl('alice', 'user+alice'),
  ]
  for (const changed of forged) {
    assert.notEqual(changed, url)
    assert.equal(await isGood(alice, changed), false, changed)
  }
  // The mechanism's name and the digits are in any case (RFC 4467 §9).
  assert.ok(await isGood(alice, url.replace(':internal:', ':INTERNAL:')))
  assert.ok(await isGood(alice, url.slice(0, -token.length) + token.toUpperCase()))
})

test("one user's proof is no other's, and one mailbox's is no other's", async (t) => {
  const server = await start(t)
  const alice = await withMessage(server, 'alice')
  const bob = await withMessage(server, 'bob')
  await alice.say('CREATE Work')
  await withMessage(server, 'alice', 'Work')
  const [ofAlice, ofBob, ofWork] = await Promise.all([
    prove(alice, rumpUrl('alice', 'anonymous')),
    prove(bob, rumpUrl('bob', 'anonymous')),
    connectClient(server, 'alice').then((client) => prove(client, rumpUrl('alice', 'anonymous', 'Work'))),
  ])
  const tokenOf = (url: string): string => url.slice(url.lastIndexOf(':'))
  assert.equal(new Set([ofAlice, ofBob, ofWork].map(tokenOf)).size, 3)
  for (const [url, other] of [
    [ofAlice, ofBob],
    [ofAlice, ofWork],
    [ofWork, ofAlice],
  ] as const) {
    assert.ok(await isGood(bob, url))
    assert.equal(await isGood(bob, url.slice(0, url.lastIndexOf(':')) + tokenOf(other)), false)
  }
})

test('a URL holds as long as its key, its message, and until its time', async (t) => {
  let now = Date.UTC(2026, 0, 1)
  const server = await start(t, { clock: () => now })
  const alice = await withMessage(server, 'alice')
  const bob = await connectClient(server, 'bob')
  const rump = rumpUrl('alice', 'anonymous')
  const url = await prove(alice, rump)
  const timed = await prove(alice, rump.replace(';URLAUTH', ';EXPIRE=2026-01-02T00:00:00Z;URLAUTH'))
  assert.ok((await isGood(bob, url)) && (await isGood(bob, timed)))
  now = Date.UTC(2026, 0, 2)
  assert.ok(await isGood(bob, timed), 'the latest time that it is good at')
  now++
  assert.equal(await isGood(bob, timed), false)
  assert.equal(await prove(alice, rump), url, 'the same URL has the same proof')
  await alice.say('RESETKEY')
  assert.equal(await isGood(bob, url), false)
  const again = await prove(alice, rump)
  await alice.say('RESETKEY INBOX')
  assert.equal(await isGood(bob, again), false)
  const third = await prove(alice, rump)
  await alice.say('RESETKEY')
  assert.equal(await isGood(bob, third), false)
  const keys = new Set([url, again, third, await prove(alice, rump)])
  assert.equal(keys.size, 4, 'no key ever comes back')
  const last = await prove(alice, rump)
  assert.ok(await isGood(bob, last))
  await alice.say('SELECT INBOX')
  await alice.say('UID STORE 1 +FLAGS (\\Deleted)')
  await alice.say('EXPUNGE')
  assert.equal(await isGood(bob, last), false)
})

test('a proof is worth what its user may read at that moment', async (t) => {
  const server = await start(t)
  const alice = await withMessage(server, 'alice')
  await alice.say('CREATE Work')
  await withMessage(server, 'alice', 'Work')
  const bob = await connectClient(server, 'bob')
  const carol = await connectClient(server, 'carol')
  const rump = rumpUrl('bob', 'anonymous', 'Other%20Users/alice/Work')
  assert.match(await bob.say(`GENURLAUTH "${rump}" INTERNAL`), / BAD the URL names no mailbox/)
  assert.match(await alice.say('SETACL Work bob l'), / OK /)
  assert.match(await bob.say(`GENURLAUTH "${rump}" INTERNAL`), / NO \[NOPERM\]/)
  await alice.say('SETACL Work bob lr')
  const url = await prove(bob, rump)
  assert.ok(await isGood(carol, url))
  for (const rights of ['l', 'r', '', 'lswi']) {
    await alice.say(`SETACL Work bob ${rights === '' ? '""' : rights}`)
    assert.equal(await isGood(carol, url), rights === 'r', rights)
  }
  await alice.say('DELETEACL Work bob')
  assert.equal(await isGood(carol, url), false)
  assert.match(await bob.say(`GENURLAUTH "${rump}" INTERNAL`), / BAD the URL names no mailbox/)
  await alice.say('SETACL Work bob lr')
  assert.ok(await isGood(carol, url), 'nothing of the proof was lost')
  // Keys are those of the user and the mailbox: the owner's are others.
  await alice.say('RESETKEY')
  assert.ok(await isGood(carol, url))
  await bob.say('RESETKEY "Other Users/alice/Work"')
  assert.equal(await isGood(carol, url), false)
})

test('applications: only who acts in one has its URLs', async (t) => {
  const agents = ['submit:mailer', 'stream:Carol', 'archive:mailer', 'submit:nobody']
  const server = await start(t, { config: { urls: { agents } } })
  const alice = await withMessage(server, 'alice')
  const clients = {
    alice,
    bob: await connectClient(server, 'bob'),
    carol: await connectClient(server, 'carol'),
    mailer: await connectClient(server, 'mailer'),
  }
  const rows: readonly (readonly [access: string, allowed: string])[] = [
    ['submit+alice', 'mailer'],
    ['submit+whoever', 'mailer'],
    ['SUBMIT+alice', 'mailer'],
    ['stream', 'carol'],
    ['archive', 'mailer'],
    ['archive+alice', 'mailer'],
    ['user+bob', 'bob'],
    ['user+BOB%40localhost', 'bob'],
    ['user+nobody', ''],
    ['authuser', 'alice bob carol mailer'],
    ['anonymous', 'alice bob carol mailer'],
  ]
  for (const [access, allowed] of rows) {
    const url = await prove(alice, rumpUrl('alice', access))
    for (const [name, client] of Object.entries(clients)) {
      assert.equal(await isGood(client, url), allowed.split(' ').includes(name), `${access} for ${name}`)
    }
  }
  for (const access of ['submit', 'user', 'anonymous+alice', 'authuser+bob', 'stream+x', 'unknown', 'unknown+x']) {
    assert.match(await alice.say(`GENURLAUTH "${rumpUrl('alice', access)}" INTERNAL`), / BAD /, access)
  }
})

test('a server that knows its names takes no other', async (t) => {
  const server = await start(t, { config: { urls: { hostNames: ['Mail.Example.org'] } } })
  const alice = await withMessage(server, 'alice')
  const url = await prove(alice, rumpUrl('alice', 'anonymous'))
  assert.ok(await isGood(alice, url))
  const foreign = rumpUrl('alice', 'anonymous').replace('mail.', 'evil.')
  assert.match(await alice.say(`GENURLAUTH "${foreign}" INTERNAL`), / BAD /)
  const absolute = 'imap://alice@evil.example.org/INBOX/;UID=1'
  assert.match(await alice.say(`APPEND INBOX CATENATE (URL "${absolute}")`), / NO \[BADURL /)
})

test('many URLs at once: few accounts are open, and there is a limit', async (t) => {
  const inner = memoryStore()
  let open = 0
  let most = 0
  const store = new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (name !== 'openAccount') return typeof value === 'function' ? (value.bind(target) as unknown) : value
      return async (id: string) => {
        const account = await inner.openAccount(id)
        most = Math.max(most, ++open)
        const close = account.close.bind(account)
        return new Proxy(account, {
          get(whole, wanted) {
            if (wanted === 'close') {
              return () => {
                open--
                return close()
              }
            }
            const member: unknown = Reflect.get(whole, wanted)
            return typeof member === 'function' ? (member.bind(whole) as unknown) : member
          },
        })
      }
    },
  })
  const accounts = Array.from({ length: 30 }, (_, n) => ({ name: `user${n}`, password: 'secret' }))
  const server = await start(t, { accounts, store })
  const urls: string[] = []
  for (const { name } of accounts) {
    const client = await withMessage(server, name)
    urls.push(await prove(client, rumpUrl(name, 'anonymous')))
    await client.say('LOGOUT')
    client.stream.destroy()
  }
  const client = await connectClient(server, 'user0')
  most = open
  const answer = await client.say('URLFETCH ' + urls.map((url) => `"${url}"`).join(' '))
  assert.equal(answer.split(text).length - 1, accounts.length)
  assert.ok(most <= 2, `${most} accounts were open at once`)
  assert.match(await client.say('URLFETCH' + ' a'.repeat(maxUrls)), / OK /)
  assert.match(await client.say('URLFETCH' + ' a'.repeat(maxUrls + 1)), / BAD /)
  assert.match(await client.say('GENURLAUTH' + ' a INTERNAL'.repeat(maxUrls + 1)), / BAD /)
})

test('a forged URL has nobody looked up and no account opened, whoever it names', async (t) => {
  const inner = memoryStore()
  const opened: string[] = []
  const store = { ...inner, openAccount: (id: string) => (opened.push(id), inner.openAccount(id)) }
  const server = await start(t, { store })
  const alice = await withMessage(server, 'alice')
  const good = await prove(alice, rumpUrl('alice', 'anonymous'))
  const bob = await connectClient(server, 'bob')
  const token = good.slice(good.lastIndexOf(':') + 1)
  opened.length = 0
  for (const access of ['anonymous', 'authuser', 'user+bob']) {
    for (const name of ['alice', 'nobody']) {
      for (const forged of ['0'.repeat(token.length), token, token.slice(0, 34) + '0'.repeat(64)]) {
        const url = rumpUrl(name, access) + ':internal:' + forged
        // With the stamp of alice's own URL, that one has her account opened, and is refused behind it.
        if (url.slice(0, -64) !== good.slice(0, -64)) assert.equal(await isGood(bob, url), false, url)
      }
    }
  }
  assert.deepEqual(opened, [])
  assert.equal(await isGood(bob, good.slice(0, -64) + '0'.repeat(64)), false)
  assert.ok(await isGood(bob, good))
  assert.equal(opened.length > 0, true)
})

test('where it is switched off there is nothing of it', async (t) => {
  const disabledCapabilities = ['URLAUTH', 'URL-PARTIAL']
  const server = await start(t, { config: { imap: { disabledCapabilities } } })
  const alice = await withMessage(server, 'alice')
  assert.doesNotMatch(await alice.say('CAPABILITY'), /URLAUTH |URL-PARTIAL/)
  assert.doesNotMatch(await alice.say('SELECT INBOX'), /URLMECH/)
  for (const command of ['RESETKEY', 'GENURLAUTH a INTERNAL', 'URLFETCH a'])
    assert.match(await alice.say(command), / BAD /)
  assert.match(await alice.say('APPEND INBOX CATENATE (URL "/INBOX/;UID=1/;PARTIAL=0.3")'), / NO \[BADURL/)
})
