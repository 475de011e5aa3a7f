/** What clients of all kinds really send, right and wrong: each has been seen in the wild. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitedServer } from '../limited-server.ts'
import type { LimitedServer } from '../limited-server.ts'
import type { RawClient } from '../raw-client.ts'

/** Two messages in INBOX, selected; what is sent; how each response begins, with `...` for any number. */
interface Quirk {
  readonly what: string
  readonly send: string
  readonly responses: readonly string[]
}

const message = 'From: ann@example.org\r\nSubject: one\r\n\r\ntext\r\n'

const quirks: readonly Quirk[] = [
  {
    what: 'Apple Mail: a command right behind DONE',
    send: 'a IDLE\r\nDONE\r\nb NOOP\r\nc IDLE\r\nDONE\r\nd FETCH 1 (UID)\r\n',
    responses: ['+', 'a OK', 'b OK', '+', 'c OK', '* 1 FETCH (UID 1)', 'd OK'],
  },
  {
    what: 'DONE in small letters, with spaces',
    send: 'a IDLE\r\ndone \r\nb NOOP\r\n',
    responses: ['+', 'a OK', 'b OK'],
  },
  {
    what: 'two commands in one packet, of which the first changes the state',
    send: 'a UNSELECT\r\nb EXAMINE INBOX\r\nc FETCH 2 (UID)\r\n',
    responses: ['a OK', '...', 'b OK', '* 2 FETCH (UID 2)', 'c OK'],
  },
  {
    what: 'MailKit: SEARCH RETURN () means ALL',
    send: 'a SEARCH RETURN () ALL\r\nb UID SEARCH RETURN () UNSEEN\r\n',
    responses: ['* ESEARCH (TAG "a") ALL 1:2', 'a OK', '* ESEARCH (TAG "b") UID ALL 1:2', 'b OK'],
  },
  {
    what: 'imapfilter: a charset, in quotes, for a search without text',
    send: 'a UID SEARCH CHARSET "UTF-8" ALL\r\nb SEARCH CHARSET US-ASCII UNDELETED\r\nc SEARCH CHARSET utf-8 SUBJECT one\r\n',
    responses: ['* SEARCH 1 2', 'a OK', '* SEARCH 1 2', 'b OK', '* SEARCH 1 2', 'c OK'],
  },
  {
    what: 'ID in each of its forms',
    send: 'a ID NIL\r\nb ID ()\r\nc id nil\r\nd ID ("name" NIL)\r\n',
    responses: ['* ID', 'a OK', '* ID', 'b OK', '* ID', 'c OK', '* ID', 'd OK'],
  },
  {
    what: 'blank lines, small letters, a space at the end',
    send: '\r\n\r\na noop\r\n\r\nb Noop \r\nc fetch 1 (uid) \r\nd uid fetch 2 flags \r\ne select inbox \r\nf close \r\n',
    responses: ['a OK', 'b OK', '* 1 FETCH (UID 1)', 'c OK', '* 2 FETCH', 'd OK', '...', 'e OK', 'f OK'],
  },
  {
    what: 'a space at the end of what may go on',
    send:
      'a create x \r\nb list "" x \r\nc status x (messages) \r\nd store 1 +flags.silent \\Seen \r\ne enable condstore \r\n' +
      'f append x {45+}\r\n' +
      message +
      ' \r\ng search seen \r\nh copy 1 x \r\ni delete x \r\n',
    responses: ['a OK', '*', 'b OK', '*', 'c OK', 'd OK', '...', 'e OK', 'f OK', '* SEARCH 1', 'g OK', 'h OK', 'i OK'],
  },
  {
    what: 'odd tags',
    send: '1 NOOP\r\n. NOOP\r\nA-1.2_:3 NOOP\r\n@!# NOOP\r\n]x NOOP\r\n',
    responses: ['1 OK', '. OK', 'A-1.2_:3 OK', '@!# OK', ']x OK'],
  },
  {
    what: 'lines that end in LF alone are wrong, and no more than that',
    send: 'a NOOP\nb NOOP\r\nc NOOP\r\n',
    responses: ['a BAD', 'b OK', 'c OK'],
  },
  {
    what: 'CHANGEDSINCE 0, which the grammar does not have',
    send: 'a FETCH 1:* (FLAGS) (CHANGEDSINCE 0)\r\nb UID FETCH 1:* (FLAGS) (CHANGEDSINCE 0)\r\n',
    responses: ['...', '* 1 FETCH', '* 2 FETCH', 'a OK', '* 1 FETCH', '* 2 FETCH', 'b OK'],
  },
  {
    what: 'alpine: the items together, and a flag in capitals',
    send: 'a FETCH 1:* (BODYSTRUCTURE FLAGS)\r\nb STORE 2 +FLAGS (\\DELETED)\r\nc STORE 1 +Flags.Silent \\SEEN\r\n',
    responses: [
      '* 1 FETCH (BODYSTRUCTURE ("text" "plain"',
      '* 2 FETCH (BODYSTRUCTURE',
      'a OK',
      '* 2 FETCH (FLAGS (\\Recent \\Deleted',
      'b OK',
      'c OK',
    ],
  },
  {
    what: 'Thunderbird: a part past the end is there, and empty',
    send: 'a UID FETCH 1 (UID BODY.PEEK[]<1000.500>)\r\nb FETCH 1 BODY.PEEK[TEXT]<4.10>\r\n',
    responses: ['* 1 FETCH (UID 1 BODY[]<1000> {0}\r\n)', 'a OK', '* 1 FETCH (BODY[TEXT]<4> {2}\r\n\r\n)', 'b OK'],
  },
  {
    what: 'sets with a star, in any order, beyond the end',
    send: 'a UID FETCH 900:* (UID)\r\nb UID FETCH *:1 (UID)\r\nc UID FETCH 77 (UID)\r\nd FETCH *:* (UID)\r\n',
    responses: [
      '* 2 FETCH (UID 2)',
      'a OK',
      '* 1 FETCH (UID 1)',
      '* 2 FETCH (UID 2)',
      'b OK',
      'c OK',
      '* 2 FETCH (UID 2)',
      'd OK',
    ],
  },
  {
    what: '1:* where nothing is',
    send: 'a CREATE empty\r\nb SELECT empty\r\nc FETCH 1:* (FLAGS)\r\nd UID FETCH 1:* (FLAGS)\r\ne SEARCH ALL\r\nf UID SEARCH UID 1:*\r\n',
    responses: ['a OK', '...', 'b OK', 'c OK', 'd OK', '* SEARCH', 'e OK', '* SEARCH', 'f OK'],
  },
  {
    what: 'node-imap: octets above ASCII sent as UTF-8 under the length that they had before',
    send: 'a APPEND INBOX {19+}\r\nSubject: x\r\n\r\nü ü ü\r\nb NOOP\r\n',
    responses: ['a BAD', 'b OK'],
  },
  {
    what: 'a synchronising literal sent without waiting, and LOGIN-like strings as literals',
    send: 'a STATUS {5}\r\nINBOX (MESSAGES)\r\nb LIST {0}\r\n {1}\r\n%\r\n',
    responses: ['+', '* STATUS INBOX (MESSAGES 2)', 'a OK', '+', '+', '* LIST', 'b OK'],
  },
  {
    what: 'the mailbox in any case, the empty root',
    send: 'a STATUS inBox (messages)\r\nb LIST "" ""\r\nc LIST "" inbox\r\nd LSUB "" *\r\ne CREATE Inbox/sub\r\nf LIST "" INBOX/%\r\n',
    responses: [
      '* STATUS INBOX (MESSAGES 2)',
      'a OK',
      '* LIST (\\Noselect) "/" ""',
      'b OK',
      '* LIST (\\HasNoChildren) "/" INBOX',
      'c OK',
      'd OK',
      'e OK',
      '* LIST (\\HasNoChildren) "/" INBOX/sub',
      'f OK',
    ],
  },
  {
    what: 'commands that are wrong are answered BAD, each once',
    send: 'a FETCH\r\nb FETCH 0 UID\r\nc UID NOOP\r\nd FROBNICATE {3+}\r\nabc def\r\ne STORE 1 FLAGS\r\nf NOOP\r\n',
    responses: ['a BAD', 'b BAD', 'c BAD', 'd BAD', 'e BAD', 'f OK'],
  },
]

async function selected(server: LimitedServer): Promise<RawClient> {
  const client = await server.signIn()
  for (let n = 0; n < 2; n++) await client.append('INBOX', message)
  await client.ok('SELECT INBOX')
  return client
}

/** The octets of a text in UTF-8, one char each. */
const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

async function expect(client: RawClient, starts: readonly string[]): Promise<void> {
  let anyNumber = false
  for (const start of starts) {
    if (start === '...') {
      anyNumber = true
      continue
    }
    let response = await client.next()
    while (anyNumber && response !== undefined && !response.startsWith(start)) response = await client.next()
    assert.equal(response?.slice(0, start.length), start, response)
    anyNumber = false
  }
}

for (const { what, send, responses } of quirks) {
  for (const way of ['in one packet', 'compressed', 'an octet at a time'] as const) {
    test(`${what}; ${way}`, async (t) => {
      const server = limitedServer()
      t.after(() => server.close())
      const client = await selected(server)
      if (way === 'compressed') {
        await client.ok('COMPRESS DEFLATE')
        client.startDeflate()
      }
      const octets = utf8(send)
      if (way === 'an octet at a time') for (const octet of octets) client.send(octet)
      else client.send(octets)
      await expect(client, responses)
      assert.deepEqual(await client.command('NOOP'), ['OK NOOP completed'])
    })
  }
}

test('COMPRESS: big literals both ways, idling in between', async (t) => {
  const server = limitedServer()
  t.after(() => server.close())
  const client = await server.signIn()
  const other = await server.signIn()
  await client.ok('COMPRESS DEFLATE')
  client.startDeflate()
  await client.ok('SELECT INBOX')
  // Text that compresses well, and octets that do not compress at all.
  const noise = Array.from({ length: 40_000 }, (_, n) => Math.imul(n, 2654435761).toString(36)).join(' ')
  for (const big of [`Subject: a\r\n\r\n${'all the same '.repeat(200_000)}\r\n`, `Subject: b\r\n\r\n${noise}\r\n`]) {
    const [exists = ''] = await client.append('INBOX', big)
    const [, count] = /^\* (\d+) EXISTS/.exec(exists) ?? []
    const [fetched] = await client.ok(`FETCH ${count} BODY.PEEK[]`)
    assert.ok(fetched?.includes(big))
    client.send('i IDLE\r\n')
    assert.match((await client.next()) ?? '', /^\+/)
    await other.append('INBOX', message)
    assert.match((await client.next()) ?? '', /EXISTS$/)
    client.send('DONE\r\n')
    await client.through('i OK')
  }
})
