/**
 * Every limit, gone over by one client: it sees the right refusal, stays in step where it may stay at all, and a second
 * client notices nothing.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import type { ImapLimits } from '../../src/imap/limits.ts'
import { maxKeywordBytes, maxMailboxLevelBytes, maxMailboxLevels, maxSubscriptions } from '../../src/model/limits.ts'
import type { MemoryStoreOptions } from '../../src/store/memory/memory-store.ts'
import { maxListItems } from '../../src/wire/cursor.ts'
import { maxPartDepth, maxSectionFields } from '../../src/wire/fetch-grammar.ts'
import { maxSetRanges } from '../../src/wire/number-set.ts'
import { maxSearchDepth, maxSearchKeys } from '../../src/wire/search-grammar.ts'
import { limitedServer } from './limited-server.ts'
import type { LimitedServer } from './limited-server.ts'
import type { RawClient } from './raw-client.ts'

/** What a client sends, and how each of the answers begins. */
interface Excess {
  readonly what: string
  readonly limits?: Partial<ImapLimits>
  readonly storeLimits?: MemoryStoreOptions['limits']
  /** Where the client stands; `selected` is an INBOX of one message. */
  readonly at: 'connected' | 'signed in' | 'selected'
  readonly send: string
  readonly answers: readonly string[]
  /** The server hangs up after the answers; else the connection must be in step. */
  readonly closes?: true
}

const message = 'Subject: one\r\n\r\ntext\r\n'
const text = (length: number): string => 'x'.repeat(length)
const times = (count: number, part: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => part(n)).join('')

const excesses: readonly Excess[] = [
  // Octets of a line, a literal, a command.
  {
    what: 'a line before sign-in',
    limits: { maxLineBytesBeforeLogin: 600 },
    at: 'connected',
    send: `a LOGIN alice ${text(600)}\r\n`,
    answers: ['a BAD'],
  },
  {
    what: 'a line that never ends, before sign-in',
    at: 'connected',
    send: text(9000) + times(20, () => text(50_000)) + '\r\n',
    answers: ['* BAD'],
  },
  {
    what: 'a line after sign-in, and the literal that it announces',
    limits: { maxLineBytes: 10_000 },
    at: 'signed in',
    send: `a CREATE ${text(10_000)} {8+}\r\nb LOGOUT\r\nc NOOP\r\n`,
    answers: ['a BAD', 'c OK'],
  },
  {
    what: 'a literal before sign-in, refused before it is sent',
    limits: { maxCommandBytesBeforeLogin: 1000 },
    at: 'connected',
    send: 'a LOGIN {1001}\r\n',
    answers: ['a NO [TOOBIG]'],
  },
  {
    what: 'a literal before sign-in that comes unasked, passed over',
    limits: { maxCommandBytesBeforeLogin: 1000 },
    at: 'connected',
    send: `a LOGIN alice {1001+}\r\n${text(993)}x LOGOUT\r\nb CAPABILITY\r\n`,
    answers: ['a NO [TOOBIG]', '* CAPABILITY', 'b OK'],
  },
  {
    what: 'an APPEND before sign-in is no way past that',
    limits: { maxCommandBytesBeforeLogin: 1000 },
    at: 'connected',
    send: 'a APPEND INBOX {1001}\r\n',
    answers: ['a NO [TOOBIG]'],
  },
  {
    what: 'a literal after sign-in that is no message',
    limits: { maxCommandBytes: 20_000 },
    at: 'signed in',
    send: 'a CREATE {20001}\r\n',
    answers: ['a NO [TOOBIG]'],
  },
  {
    what: 'the size of a literal that no number can hold',
    at: 'signed in',
    send: 'a APPEND INBOX {99999999999999999999}\r\n',
    answers: ['a BAD'],
  },
  {
    what: 'a command of many literals, each within its limit',
    limits: { maxCommandBytesBeforeLogin: 1000 },
    at: 'connected',
    send: `a LOGIN {600+}\r\n${text(600)} {600+}\r\n${text(600)}\r\n`,
    answers: ['a NO [TOOBIG]'],
  },
  {
    what: 'a command of many lines, each within its limit',
    limits: { maxLineBytes: 600, maxCommandBytes: 2000 },
    at: 'signed in',
    send: `a LIST "" (${times(5, () => `${text(500)} {1+}\r\nx `)})\r\n`,
    answers: ['a BAD'],
  },

  // Messages.
  {
    what: 'a message, refused before it is sent',
    limits: { maxMessageBytes: 100 },
    at: 'signed in',
    send: 'a APPEND INBOX {101}\r\n',
    answers: ['a NO [TOOBIG]'],
  },
  {
    what: 'a message that comes unasked, passed over',
    limits: { maxMessageBytes: 100 },
    at: 'signed in',
    send: `a APPEND INBOX {101+}\r\n${text(91)}\r\nx LOGOUT\r\n`,
    answers: ['a NO [TOOBIG]'],
  },
  {
    what: 'the second message of an APPEND; the first is not kept',
    limits: { maxMessageBytes: 100 },
    at: 'signed in',
    send: `a APPEND INBOX {22+}\r\n${message} {101+}\r\n${text(101)}\r\nb STATUS INBOX (MESSAGES)\r\n`,
    answers: ['a NO [TOOBIG]', '* STATUS INBOX (MESSAGES 0)', 'b OK'],
  },
  {
    what: 'messages of one APPEND, refused before they are sent',
    limits: { maxAppendMessages: 2 },
    at: 'signed in',
    send: `a APPEND INBOX${times(2, () => ` {22+}\r\n${message}`)} {22}\r\nb STATUS INBOX (MESSAGES)\r\n`,
    answers: ['a NO [LIMIT]', '* STATUS INBOX (MESSAGES 0)', 'b OK'],
  },
  {
    what: 'messages of one APPEND that come unasked',
    limits: { maxAppendMessages: 2 },
    at: 'signed in',
    send: `a APPEND INBOX${times(4, () => ` {22+}\r\n${message}`)}\r\nb STATUS INBOX (MESSAGES)\r\n`,
    answers: ['a NO [LIMIT]', '* STATUS INBOX (MESSAGES 0)', 'b OK'],
  },

  // Depth and number in the grammar.
  {
    what: 'nesting of search keys by parentheses',
    at: 'selected',
    send: `a SEARCH ${'('.repeat(maxSearchDepth + 1)}ALL${')'.repeat(maxSearchDepth + 1)}\r\n`,
    answers: ['a BAD'],
  },
  {
    what: 'nesting of search keys as deep as a line allows',
    at: 'selected',
    send: `a SEARCH ${'('.repeat(1_000_000)}\r\nb SEARCH ${'NOT '.repeat(200_000)}ALL\r\nc UID SEARCH ${'OR '.repeat(300_000)}\r\n`,
    answers: ['a BAD', 'b BAD', 'c BAD'],
  },
  {
    what: 'keys of one search',
    at: 'selected',
    send: `a SEARCH${' ALL'.repeat(maxSearchKeys + 1)}\r\n`,
    answers: ['a BAD'],
  },
  {
    what: 'ranges of a sequence set',
    at: 'selected',
    send: `a FETCH 1${',1'.repeat(maxSetRanges)} UID\r\nb UID SEARCH UID 1${',1'.repeat(maxSetRanges)}\r\n`,
    answers: ['a BAD', 'b BAD'],
  },
  {
    what: 'a sequence set of 64 KiB is within the limits',
    at: 'selected',
    send: `a UID FETCH 1${times(11_000, (n) => `,${10_000 + 2 * n}`)} UID\r\n`,
    answers: ['* 1 FETCH (UID 1)', 'a OK'],
  },
  {
    what: 'items of a list',
    at: 'selected',
    send: `a STORE 1 +FLAGS (${times(maxListItems + 1, (n) => `${n === 0 ? '' : ' '}k`)})\r\n`,
    answers: ['a BAD'],
  },
  {
    what: 'levels of a part and fields of a section',
    at: 'selected',
    send: `a FETCH 1 BODY.PEEK[1${'.1'.repeat(maxPartDepth)}]\r\nb FETCH 1 BODY.PEEK[HEADER.FIELDS (a${' a'.repeat(maxSectionFields)})]\r\n`,
    answers: ['a BAD', 'b BAD'],
  },
  {
    what: 'wildcards that would take for ever to match',
    at: 'signed in',
    send: `a CREATE ${text(200)}\r\nb LIST "" ${'*x'.repeat(400)}*y\r\n`,
    answers: ['a OK', 'b OK'],
  },

  // What an account may hold.
  {
    what: 'mailboxes of an account',
    storeLimits: { maxMailboxes: 3 },
    at: 'signed in',
    send: 'a CREATE one\r\nb CREATE two\r\nc CREATE three\r\nd CREATE four/five\r\ne RENAME INBOX six\r\n',
    answers: ['a OK', 'b OK', 'c NO [LIMIT]', 'd NO [LIMIT]', 'e NO [LIMIT]'],
  },
  {
    what: 'the whole name of a mailbox, and each of its levels',
    at: 'signed in',
    send:
      `a CREATE ${times(5, (n) => (n === 0 ? '' : '/') + text(250))}\r\n` +
      `b CREATE ${text(maxMailboxLevelBytes + 1)}\r\n` +
      `c CREATE ${times(maxMailboxLevels + 1, (n) => (n === 0 ? 'x' : '/x'))}\r\n` +
      `d CREATE ${text(maxMailboxLevelBytes)}\r\ne RENAME ${text(maxMailboxLevelBytes)} ${text(maxMailboxLevelBytes + 1)}\r\n`,
    answers: ['a NO [LIMIT]', 'b NO [LIMIT]', 'c NO [LIMIT]', 'd OK', 'e NO [LIMIT]'],
  },
  {
    what: 'keywords of a mailbox',
    storeLimits: { maxKeywords: 2 },
    at: 'selected',
    send: 'a STORE 1 +FLAGS.SILENT (one two three)\r\nb STORE 1 +FLAGS.SILENT (one two)\r\nc STORE 1 +FLAGS.SILENT (three)\r\n',
    answers: ['a NO [LIMIT]', '* FLAGS', '* OK [PERMANENTFLAGS', 'b OK', 'c NO [LIMIT]'],
  },
  {
    what: 'keywords by APPEND; nothing is appended',
    storeLimits: { maxKeywords: 2 },
    at: 'signed in',
    send: `a APPEND INBOX (one two three) {22+}\r\n${message}\r\nb STATUS INBOX (MESSAGES)\r\n`,
    answers: ['a NO [LIMIT]', '* STATUS INBOX (MESSAGES 0)', 'b OK'],
  },
  {
    what: 'octets of a keyword',
    at: 'selected',
    send: `a STORE 1 +FLAGS.SILENT (${text(maxKeywordBytes + 1)})\r\n`,
    answers: ['a NO [LIMIT]'],
  },

  // Patience.
  {
    what: 'commands that make no sense, one after the other',
    limits: { maxBadCommands: 4 },
    at: 'connected',
    send: 'a X\r\nb X\r\nc X\r\nd NOOP\r\ne X\r\nf X\r\n\r\ng X\r\nh X\r\ni NOOP\r\n',
    answers: ['a BAD', 'b BAD', 'c BAD', 'd OK', 'e BAD', 'f BAD', 'g BAD', 'h BAD', '* BYE'],
    closes: true,
  },
  {
    what: 'lines without a CR or a tag count as well',
    limits: { maxBadCommands: 3 },
    at: 'connected',
    send: 'a NOOP\n+\r\n\0\r\n',
    answers: ['a BAD', '* BAD', '* BAD', '* BYE'],
    closes: true,
  },
  {
    what: 'failed sign-ins of any kind',
    limits: { maxFailedLogins: 3 },
    at: 'connected',
    send: 'a LOGIN alice wrong\r\nb AUTHENTICATE PLAIN AGJvYgBndWVzcw==\r\nc LOGIN mallory secret\r\nd LOGIN alice secret\r\n',
    answers: ['a NO [AUTHENTICATIONFAILED]', 'b NO [AUTHENTICATIONFAILED]', 'c NO [AUTHENTICATIONFAILED]', '* BYE'],
    closes: true,
  },
  {
    what: 'the answer to a challenge',
    limits: { maxLineBytesBeforeLogin: 600 },
    at: 'connected',
    send: `a AUTHENTICATE PLAIN\r\n${text(601)}\r\n`,
    answers: ['+', 'a BAD'],
  },
]

for (const excess of excesses) {
  test(`over the limit: ${excess.what}`, async (t) => {
    const server = limitedServer(excess)
    t.after(() => server.close())
    const witness = await server.signIn('bob')
    const client = await clientAt(server, excess.at)
    client.send(excess.send)

    for (const [index, start] of excess.answers.entries()) {
      const answer = await client.next()
      assert.equal(answer?.slice(0, start.length), start, `answer ${index + 1}: ${answer?.slice(0, 200)}`)
    }
    if (excess.closes) assert.deepEqual(await client.through('nothing of that kind'), [])
    else assert.equal((await client.command('NOOP')).join(), 'OK NOOP completed')
    assert.equal((await witness.command('NOOP')).join(), 'OK NOOP completed')
  })
}

async function clientAt(server: LimitedServer, at: Excess['at']): Promise<RawClient> {
  if (at === 'connected') return (await server.connect()).client
  const client = await server.signIn()
  if (at === 'selected') {
    await client.append('INBOX', message)
    await client.ok('SELECT INBOX')
  }
  return client
}

test('over the limit: subscriptions of a user', async (t) => {
  const server = limitedServer()
  t.after(() => server.close())
  const client = await server.signIn()
  const account = await server.store.openAccount('alice')
  await account.commit(
    Array.from({ length: maxSubscriptions }, (_, n) => ({
      op: 'subscribe' as const,
      user: 'alice',
      name: `m${n}`,
      subscribed: true,
    })),
  )
  await account.close()
  assert.match((await client.command('SUBSCRIBE one-more')).join(), /^NO \[LIMIT\]/)
  assert.match((await client.command('SUBSCRIBE m7')).join(), /^OK/)
  await client.ok('UNSUBSCRIBE m7')
  await client.ok('SUBSCRIBE one-more')
})

test('over the limit: octets that only appear when they are inflated', async (t) => {
  const server = limitedServer({ limits: { maxLineBytes: 10_000 } })
  t.after(() => server.close())
  const client = await server.signIn()
  await client.ok('COMPRESS DEFLATE')
  const bomb = deflateRawSync(Buffer.from(`a ${'x'.repeat(30_000_000)}\r\nb NOOP\r\n`))
  client.send(bomb)
  client.startDeflate()
  assert.deepEqual(await client.through('b '), ['a BAD The line is too long', 'b OK NOOP completed'])
})
