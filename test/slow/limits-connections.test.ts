/** Limits of connections: how many, for how long, and how much may wait for those who do not read. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startServer } from '../../src/index.ts'
import { defaultLmtpLimits } from '../../src/lmtp/limits.ts'
import type { Store } from '../../src/store/store.ts'
import { limitedServer } from './limited-server.ts'
import { RawClient } from './raw-client.ts'

const accounts = [
  { name: 'alice', password: 'secret' },
  { name: 'bob', password: 'secret' },
]

test('connections of one account', async (t) => {
  const server = limitedServer({ limits: { maxConnectionsPerAccount: 2 } })
  t.after(() => server.close())
  const [first] = [await server.signIn('alice'), await server.signIn('alice')]
  const { client: third } = await server.connect()
  assert.match((await third.command('LOGIN alice secret')).join(), /^NO \[LIMIT\]/)
  assert.match((await third.command('AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==')).join(), /^NO \[LIMIT\]/)
  await first.ok('NOOP')
  await server.signIn('bob')
  await first.ok('LOGOUT')
  await third.ok('LOGIN alice secret')
})

const ceilings = [
  { what: 'from one address', config: { connectionsPerAddress: 3 } },
  { what: 'of the server', config: { connections: 3 } },
  { what: 'that have not signed in', config: { connectionsBeforeLogin: 2 } },
] as const

for (const { what, config } of ceilings) {
  test(`connections ${what}`, async (t) => {
    const server = await startServer({ accounts, config: { limits: config }, listen: { imap: { port: 0 } } })
    t.after(() => server.close())
    const { imap: target } = server.ports
    assert.ok(target)
    const first = await RawClient.connect(target)
    t.after(() => first.close())
    await first.ok('LOGIN alice secret')
    const others = [await RawClient.connect(target), await RawClient.connect(target)]
    t.after(() => others.forEach((other) => other.close()))
    const refused = new RawClient(connect(target))
    assert.match((await refused.next()) ?? '', /^\* BYE \[LIMIT\]/)
    assert.equal(await refused.next(), undefined)
    await first.ok('NOOP')
    await others[0]?.ok('LOGOUT')
    await others[0]?.through('nothing more')
    const next = await RawClient.connect(target)
    await next.ok('LOGIN bob secret')
    next.close()
  })
}

test('time before sign-in, which no octets lengthen', async (t) => {
  const server = limitedServer({ limits: { loginTimeoutMs: 60 } })
  t.after(() => server.close())
  const witness = await server.signIn('bob')
  const silent = await server.connect()
  const slow = await server.connect()
  const asked = await server.connect()
  asked.client.send('a AUTHENTICATE PLAIN\r\n')
  assert.match((await asked.client.next()) ?? '', /^\+/)
  const trickle = setInterval(() => slow.client.send('a'), 10)
  t.after(() => clearInterval(trickle))
  for (const { client, closed } of [silent, slow, asked]) {
    assert.match((await client.through('* BYE')).at(-1) ?? '', /^\* BYE/)
    await closed
  }
  await witness.ok('NOOP')
})

test('time without a command, also while idling and in the middle of a literal', async (t) => {
  const server = limitedServer({ limits: { idleTimeoutMs: 60 } })
  t.after(() => server.close())
  const [silent, idling, appending, busy] = [
    await server.signIn(),
    await server.signIn(),
    await server.signIn(),
    await server.signIn('bob'),
  ]
  const active = setInterval(() => busy.send('x NOOP\r\n'), 10)
  t.after(() => clearInterval(active))
  await idling.ok('SELECT INBOX')
  idling.send('a IDLE\r\n')
  appending.send('a APPEND INBOX {100000}\r\nthe beginning')
  for (const client of [silent, idling, appending]) {
    assert.match((await client.through('* BYE')).at(-1) ?? '', /^\* BYE/)
    assert.equal(await client.next(), undefined)
  }
  clearInterval(active)
  await busy.ok('STATUS INBOX (MESSAGES)')
})

/** Waits until `measure` gives the same number twice in a row: nothing moves any more. */
async function atRest(measure: () => number): Promise<number> {
  for (let before = -1; ;) {
    const now = measure()
    if (now === before) return now
    before = now
    await sleep(20)
  }
}

const maxUnreadBytes = 64 * 1024
/** What may stand between the limit and the socket: what one piece of answers has at most, and the stream's own. */
const slackBytes = 256 * 1024
const bigMessage = 'Subject: big\r\n\r\n' + `${'x'.repeat(78)}\r\n`.repeat(4000)

const greed = [
  { what: 'one FETCH of much', commands: 'a FETCH 1:* BODY.PEEK[]\r\n' },
  { what: 'many FETCHes of the same', commands: 'a FETCH 1:* BODY.PEEK[]\r\n'.repeat(1000) },
  { what: 'many small commands', commands: 'a CAPABILITY\r\n'.repeat(20_000) },
  { what: 'many commands with many small answers', commands: 'a FETCH 1:* (FLAGS UID)\r\n'.repeat(20_000) },
  { what: 'many LISTs', commands: 'a LIST "" *\r\n'.repeat(20_000) },
  { what: 'many commands that are wrong and right', commands: 'a X\r\nb NOOP\r\n'.repeat(50_000) },
] as const

for (const { what, commands } of greed) {
  test(`octets that a client asked for and does not read: ${what}`, async (t) => {
    const server = limitedServer({ limits: { maxUnreadBytes, stalledTimeoutMs: 400 } })
    t.after(() => server.close())
    const witness = await server.signIn('alice')
    for (let n = 0; n < 20; n++) await witness.append('INBOX', bigMessage)
    for (let n = 0; n < 20; n++) await witness.ok(`CREATE mailbox-${n}`)
    const { client, serverStream, closed } = await server.connect()
    await client.ok('LOGIN alice secret')
    await client.ok('SELECT INBOX')

    client.pause(true)
    client.send(commands)
    const held = await atRest(() => serverStream.writableLength)
    assert.ok(held < maxUnreadBytes + slackBytes, `${held} octets wait for the client`)
    await witness.ok('NOOP')
    await closed
    await witness.ok('NOOP')
  })
}

test('a client that reads slowly gets all of it', async (t) => {
  const server = limitedServer({ limits: { maxUnreadBytes, stalledTimeoutMs: 10_000 } })
  t.after(() => server.close())
  const client = await server.signIn()
  for (let n = 0; n < 10; n++) await client.append('INBOX', bigMessage)
  await client.ok('SELECT INBOX')
  client.pause(true)
  client.send('a FETCH 1:* BODY.PEEK[]\r\n' + 'b NOOP\r\n'.repeat(10_000) + 'c NOOP\r\n')
  await sleep(30)
  client.pause(false)
  const answers = await client.through('c ')
  assert.equal(answers.length, 10 + 1 + 10_000 + 1)
  assert.equal(answers[9], `* 10 FETCH (BODY[] {${bigMessage.length}}\r\n${bigMessage})`)
})

test('commands in flight: while one runs, the others stay with the client', async (t) => {
  const held = Promise.withResolvers<void>()
  const server = limitedServer({ wrapStore: (store) => withSlowStatus(store, held.promise) })
  t.after(() => server.close())
  const witness = await server.signIn('bob')
  const { client, serverStream } = await server.connect()
  await client.ok('LOGIN alice secret')
  let read = 0
  serverStream.on('data', (chunk: Buffer) => (read += chunk.length))
  client.send('a STATUS INBOX (MESSAGES)\r\n')
  for (let n = 0; n < 100; n++) client.send('b NOOP\r\n'.repeat(1000))
  client.send('c NOOP\r\n')
  const taken = await atRest(() => read)
  assert.ok(taken < 512 * 1024, `${taken} octets were taken in behind a command that runs`)
  await witness.ok('NOOP')
  held.resolve()
  assert.equal((await client.through('c ')).length, 2 + 100_000 + 1)
})

/** A store whose STATUS of alice's mailboxes takes until `released`. */
function withSlowStatus(store: Store, released: Promise<void>): Store {
  return {
    sharedWith: (identifiers) => store.sharedWith(identifiers),
    watchShared: (onChange) => store.watchShared(onChange),
    accounts: () => store.accounts(),
    removeAccount: (id) => store.removeAccount(id),
    close: () => store.close(),
    async openAccount(id) {
      const account = await store.openAccount(id)
      if (id !== 'alice') return account
      const status = account.status.bind(account)
      account.status = async (...args) => {
        await released
        return status(...args)
      }
      return account
    },
  }
}

test('LMTP: recipients, lines, octets, commands that make no sense', async (t) => {
  const server = await startServer({ accounts, config: { limits: { recipients: 100, messageBytes: 2000 } } })
  const witness = new RawClient(server.connect({ protocol: 'lmtp' }))
  const client = new RawClient(server.connect({ protocol: 'lmtp' }))
  t.after(async () => {
    for (const each of [witness, client]) each.close()
    await server.close()
  })
  for (const each of [witness, client]) {
    each.send('LHLO test\r\n')
    await each.through('250 ')
  }
  const says = async (octets: string, start: string): Promise<void> => {
    client.send(octets)
    assert.equal((await client.next())?.slice(0, start.length), start, octets.slice(0, 60))
  }

  await says('MAIL FROM:<a@example.org> SIZE=2001\r\n', '552 5.3.4')
  await says('MAIL FROM:<a@example.org>\r\n', '250')
  for (let n = 0; n < 100; n++) await says('RCPT TO:<alice>\r\n', '250 2.1.5')
  await says('RCPT TO:<bob>\r\n', '452 4.5.3')
  await says('RSET\r\n', '250')

  await says('MAIL FROM:<a@example.org>\r\n', '250')
  await says('RCPT TO:<alice>\r\n', '250')
  await says('DATA\r\n', '354')
  await says(`${'x'.repeat(70)}\r\n`.repeat(40) + '.\r\n', '552 5.3.4')
  await says('MAIL FROM:<a@example.org>\r\n', '250')
  await says('RCPT TO:<alice>\r\n', '250')
  await says(`BDAT 3000 LAST\r\n${'QUIT\r\n'.repeat(500)}`, '552 5.3.4')

  await says(`NOOP ${'x'.repeat(defaultLmtpLimits.commandLineBytes)}\r\n`, '500 5.5.6')
  await says(`NOOP ${'x'.repeat(5_000_000)}\r\n`, '500 5.5.6')
  await says('NOOP\r\n', '250')

  for (let n = 0; n < defaultLmtpLimits.badCommands - 2; n++) await says('NONSENSE\r\n', '500')
  assert.match((await client.next()) ?? '', /^421/)
  assert.equal(await client.next(), undefined)
  witness.send('NOOP\r\n')
  assert.match((await witness.next()) ?? '', /^250/)
})
