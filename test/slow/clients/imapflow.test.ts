/** imapflow: compressed and not, in each dialect, with and without QRESYNC; pushed to while it idles. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { text as textOf } from 'node:stream/consumers'
import { ImapFlow } from 'imapflow'
import type { ImapFlowOptions } from 'imapflow'
import { corpusMessages, noCorpus } from '../corpus.ts'
import { password, startServerProcess } from '../server-process.ts'

const mail = (subject: string): string =>
  `From: Ann <ann@example.org>\r\nSubject: ${subject}\r\n\r\nThe text of ${subject}\r\n`

const dialects: readonly (readonly [name: string, options: ImapFlowOptions])[] = [
  ['as it comes: IMAP4rev2, compressed', {}],
  ['with QRESYNC', { qresync: true }],
  ['IMAP4rev1, not compressed', { disableIMAP4rev2: true, disableCompression: true, qresync: true }],
  ['nothing enabled, no BINARY', { disableAutoEnable: true, disableIMAP4rev2: true, disableBinary: true }],
]

for (const [name, options] of dialects) {
  test(`imapflow ${name}`, async (t) => {
    const server = await startServerProcess(t)
    const signIn = async (): Promise<ImapFlow> => {
      const client = new ImapFlow({
        host: 'localhost',
        port: server.imapsPort,
        secure: true,
        tls: { rejectUnauthorized: false },
        auth: { user: 'alice', pass: password },
        logger: false,
        ...options,
      })
      t.after(() => client.close())
      await client.connect()
      return client
    }
    const client = await signIn()
    const other = await signIn()

    await t.test('mailboxes with their status and uses', async () => {
      assert.equal(client.serverInfo?.name, 'Crispin')
      assert.equal((await client.mailboxCreate('Pläne/2026')).created, true)
      await client.mailboxCreate('Sent')
      await client.mailboxSubscribe('Pläne/2026')
      const listed = await client.list({ statusQuery: { messages: true, uidNext: true } })
      assert.deepEqual(listed.map(({ path }) => path).sort(), ['INBOX', 'Pläne', 'Pläne/2026', 'Sent'])
      const inbox = listed.find(({ path }) => path === 'INBOX')
      assert.equal(inbox?.specialUse, '\\Inbox')
      assert.equal(inbox?.status?.messages, 0)
      await client.mailboxRename('Sent', 'Sent mail')
      assert.equal((await client.mailboxDelete('Sent mail')).path, 'Sent mail')
    })

    await t.test('append, fetch as a stream, download', async () => {
      for (const [n, subject] of ['one', 'two', 'drei ü'].entries()) {
        const date = new Date(1_700_000_000_000 + n * 1000)
        const appended = await client.append('Pläne/2026', mail(subject), n === 1 ? ['\\Seen', '$Label'] : [], date)
        assert.ok(appended)
        assert.equal(appended.uid, n + 1)
      }
      const mailbox = await client.mailboxOpen('Pläne/2026')
      assert.deepEqual([mailbox.exists, mailbox.uidNext, mailbox.readOnly], [3, 4, false])
      const subjects: string[] = []
      const items = { uid: true, flags: true, envelope: true, bodyStructure: true, internalDate: true, size: true }
      for await (const message of client.fetch('1:*', { ...items, source: true, threadId: true })) {
        assert.equal(message.size, message.source?.length)
        assert.equal(message.source?.toString(), mail(message.envelope?.subject ?? ''))
        assert.deepEqual(message.internalDate, new Date(1_700_000_000_000 + (message.seq - 1) * 1000))
        assert.match(message.emailId ?? '', /./)
        subjects.push(message.envelope?.subject ?? '')
      }
      assert.deepEqual(subjects, ['one', 'two', 'drei ü'])
      const { content } = await client.download('2', '1')
      assert.ok(content)
      assert.equal(await textOf(content), 'The text of two\r\n')
      const part = await client.fetchOne('1', { bodyParts: [{ key: 'TEXT', start: 4, maxLength: 4 }] })
      assert.deepEqual(part && [...(part.bodyParts?.values() ?? [])].map(String), ['text'])
    })

    await t.test('search, flags, copy, move, delete', async () => {
      assert.deepEqual(await client.search({ subject: 'ü' }, { uid: true }), [3])
      assert.deepEqual(await client.search({ or: [{ seen: true }, { body: 'OF ONE' }] }), [1, 2])
      assert.deepEqual(await client.search({ keyword: '$Label', not: { flagged: true } }), [2])
      assert.equal(await client.messageFlagsAdd({ uid: '1:2' }, ['\\Flagged']), true)
      const copied = await client.messageCopy('1', 'INBOX')
      assert.ok(copied)
      assert.deepEqual([...(copied.uidMap ?? [])], [[1, 1]])
      const moved = await client.messageMove('2:3', 'INBOX')
      assert.ok(moved)
      assert.deepEqual(
        [...(moved.uidMap ?? [])],
        [
          [2, 2],
          [3, 3],
        ],
      )
      assert.equal(client.mailbox && client.mailbox.exists, 1)
      await client.messageDelete('1')
      assert.equal(client.mailbox && client.mailbox.exists, 0)
    })

    await t.test('is told what others do while it idles', async () => {
      await client.mailboxOpen('INBOX')
      await other.mailboxOpen('INBOX')
      const idling = client.idle()
      idling.catch(() => {}) // it ends when the next command does
      const flagged = once(client, 'flags')
      await other.messageFlagsAdd('1', ['\\Answered'])
      const [{ seq, flags }] = await flagged
      assert.deepEqual([seq, flags.has('\\Answered')], [1, true])
      const arrived = once(client, 'exists')
      await other.append('INBOX', mail('four'))
      assert.equal((await arrived)[0].count, 4)
      const expunged = once(client, 'expunge')
      await other.messageDelete('2')
      const [gone] = await expunged
      assert.equal(gone.vanished ? gone.uid : gone.seq, 2)
      assert.equal(client.mailbox && client.mailbox.exists, 3)
    })

    await t.test('what changed since it was away', async (t) => {
      const before = client.mailbox
      assert.ok(before)
      const changedSince = before.highestModseq
      if (changedSince === undefined || options.disableAutoEnable) return t.skip('it does not ask for MODSEQ here')
      await client.mailboxClose()
      await other.messageFlagsAdd({ uid: '1' }, ['\\Draft'])
      await other.messageDelete('3', { uid: true })
      await other.append('INBOX', mail('five'))
      const vanished: (number | undefined)[] = []
      client.on('expunge', ({ uid }) => vanished.push(uid))
      await client.mailboxOpen('INBOX', { changedSince, uidValidity: before.uidValidity })
      // 2 went after the mod-sequence that this client had noted.
      if (client.enabled.has('QRESYNC')) assert.deepEqual(vanished, [2, 3])
      const changed = await client.fetchAll('1:*', { uid: true, flags: true }, { uid: true, changedSince })
      assert.deepEqual(
        changed.map(({ uid }) => uid),
        [1, 5],
      )
    })

    await t.test('big messages in both directions, and it idles again', async () => {
      const big = mail('big') + 'Grüße, 0123456789 and so on\r\n'.repeat(300_000)
      const appended = await client.append('INBOX', big)
      assert.ok(appended)
      const [back] = await client.fetchAll(String(appended.uid), { source: true }, { uid: true })
      assert.ok(back?.source?.equals(Buffer.from(big)))
      const arrived = once(client, 'exists')
      const idling = client.idle()
      idling.catch(() => {}) // as above
      await other.append('INBOX', mail('after'))
      await arrived
      await client.noop()
      assert.ok(client.usable)
    })

    await t.test('real mail: structure and octets', { skip: noCorpus }, async () => {
      await readCorpus(client)
    })
    await client.logout()
    await other.logout()
  })
}

async function readCorpus(client: ImapFlow): Promise<void> {
  const messages = corpusMessages(4)
  await client.mailboxCreate('Corpus')
  for (const { octets } of messages) await client.append('Corpus', Buffer.from(octets, 'latin1'))
  await client.mailboxOpen('Corpus')
  const query = { uid: true, envelope: true, bodyStructure: true, source: true, headers: ['references', 'subject'] }
  let index = 0
  for await (const { seq, source, bodyStructure } of client.fetch('1:*', query)) {
    assert.equal(seq, index + 1)
    const expected = messages[index++]
    assert.ok(
      expected && source?.equals(Buffer.from(expected.octets, 'latin1')),
      `${expected?.name} came back otherwise`,
    )
    assert.ok(bodyStructure, expected.name)
  }
  assert.equal(index, messages.length)
}
