/** Mail servers' side: swaks and nodemailer deliver by LMTP, while somebody idles on the INBOX. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTransport } from 'nodemailer'
import { corpusMessages, noCorpus } from '../corpus.ts'
import { missing, run } from '../programs.ts'
import { RawClient } from '../raw-client.ts'
import { password, startServerProcess } from '../server-process.ts'
import type { ServerProcess } from '../server-process.ts'

async function signIn(server: ServerProcess, user: string): Promise<RawClient> {
  const client = await RawClient.connect({ host: server.host, port: server.imapPort })
  await client.ok(`LOGIN ${user} "${password}"`)
  return client
}

/** The messages of a mailbox, octet by octet. */
async function messagesOf(client: RawClient, mailbox: string): Promise<string[]> {
  await client.ok(`EXAMINE ${mailbox}`)
  const responses = await client.ok('FETCH 1:* BODY.PEEK[]')
  await client.ok('CLOSE')
  return responses.flatMap((response) => /^\* \d+ FETCH \(BODY\[\] \{\d+\}\r\n(.*)\)$/s.exec(response)?.[1] ?? [])
}

test('LMTP by swaks', { skip: missing('swaks') }, async (t) => {
  const server = await startServerProcess(t, { users: ['alice', 'bob'] })
  const swaks = (...args: string[]) =>
    run('swaks', [
      '--protocol',
      'LMTP',
      '--server',
      `127.0.0.1:${server.lmtpPort}`,
      '--from',
      'ann@example.org',
      ...args,
    ])
  const alice = await signIn(server, 'alice')
  const bob = await signIn(server, 'bob')
  t.after(() => [alice, bob].forEach((client) => client.close()))
  await alice.ok('CREATE lists')

  await t.test('to several, each with an answer of their own; the idle are told', async () => {
    await alice.ok('SELECT INBOX')
    alice.send('i IDLE\r\n')
    assert.match((await alice.next()) ?? '', /^\+/)
    const to = ['--to', 'alice@localhost,nobody@localhost,bob']
    const { stdout } = await swaks(...to, '--header', 'Subject: hello', '--body', 'line\n.dot\n..two')
    assert.match(stdout, /550 5\.1\.1/)
    assert.equal([...stdout.matchAll(/^<- {2}250 2\.0\.0/gm)].length, 2, stdout)
    assert.equal(await alice.next(), '* 1 EXISTS')
    alice.send('DONE\r\n')
    await alice.through('i OK')
    await alice.ok('CLOSE')
    const [message = ''] = await messagesOf(alice, 'INBOX')
    assert.match(message, /^Return-Path: <ann@example.org>\r\nDelivered-To: alice/)
    assert.match(message, /\r\n\r\nline\r\n\.dot\r\n\.\.two\r\n/)
    assert.equal((await messagesOf(bob, 'INBOX')).length, 1)
  })

  await t.test('to a mailbox by its detail, over pipelining', async () => {
    await swaks('--to', 'alice+lists@localhost', '--pipeline', '--header', 'Subject: detail')
    await swaks('--to', 'alice+missing@localhost', '--header', 'Subject: no such detail')
    assert.equal((await messagesOf(alice, 'lists')).length, 1)
    assert.equal((await messagesOf(alice, 'INBOX')).length, 2)
  })
})

test('LMTP by nodemailer', async (t) => {
  const server = await startServerProcess(t, { users: ['alice', 'bob'] })
  const transport = createTransport({
    host: '127.0.0.1',
    port: server.lmtpPort,
    lmtp: true,
    ignoreTLS: true,
    pool: true,
  })
  t.after(() => transport.close())
  const alice = await signIn(server, 'alice')
  t.after(() => alice.close())

  await t.test('an attachment, names in UTF-8', async () => {
    const info = await transport.sendMail({
      from: 'Änne <ann@example.org>',
      to: ['alice@localhost', 'nobody@localhost'],
      subject: 'Grüße',
      text: 'Schöne Grüße',
      attachments: [{ filename: 'ünter.bin', content: Buffer.alloc(2_000_000, 'octets') }],
    })
    assert.deepEqual([info.accepted, info.rejected], [['alice@localhost'], ['nobody@localhost']])
    await alice.ok('SELECT INBOX')
    const [found] = await alice.ok('SEARCH SUBJECT "Gr" LARGER 2000000')
    assert.equal(found, '* SEARCH 1')
    const [structure = ''] = await alice.ok('FETCH 1 BODYSTRUCTURE')
    assert.match(structure, /"ATTACHMENT"/i)
  })

  await t.test('twenty at once', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        transport.sendMail({
          from: 'a@example.org',
          to: ['alice', 'bob'].map((user) => `${user}@localhost`),
          subject: `m${n}`,
          text: 'x',
        }),
      ),
    )
    await alice.ok('CLOSE')
    assert.equal((await messagesOf(alice, 'INBOX')).length, 21)
    const bob = await signIn(server, 'bob')
    assert.equal((await messagesOf(bob, 'INBOX')).length, 20)
    bob.close()
  })

  await t.test('real mail, octet by octet below the two lines that are added', { skip: noCorpus }, async () => {
    await alice.ok('CREATE corpus')
    const messages = corpusMessages(5)
    for (const { octets } of messages) {
      await transport.sendMail({
        envelope: { from: 'a@example.org', to: ['alice+corpus@localhost'], use8BitMime: true },
        raw: Buffer.from(octets, 'latin1'),
      })
    }
    const kept = await messagesOf(alice, 'corpus')
    assert.equal(kept.length, messages.length)
    for (const [index, { name, octets }] of messages.entries()) {
      const below = kept[index]?.replace(/^Return-Path: .*\r\nDelivered-To: .*\r\n/, '')
      assert.ok(below === octets || below === octets + '\r\n', `${name} was delivered otherwise`)
    }
  })
})
