import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { OldDialect } from './dialect.ts'
import { maxOldCommands, maxOldLineBytes, Translator } from './translator.ts'

const octets = (text: string): Buffer => Buffer.from(text, 'latin1')

/** What a server gets of commands that no literal stops. */
function sent(dialect: OldDialect, text: string): string {
  return new Translator(dialect).fromClient(octets(text)).toString('latin1')
}

/** What a client gets for the answers to commands. */
function told(dialect: OldDialect, commands: string, answers: string): string {
  const translator = new Translator(dialect)
  translator.fromClient(octets(commands))
  return translator.fromServer(octets(answers)).toString('latin1')
}

const commands: readonly (readonly [dialect: OldDialect, old: string, rev1: string])[] = [
  ['imap2', 'a login ann secret', 'a login ann secret'],
  ['imap2', 'a CAPABILITY', 'a X-NO-SUCH-COMMAND'],
  ['imap2', 'a FETCH 1:3 (FLAGS RFC822.HEADER)', 'a FETCH 1:3 (FLAGS RFC822.HEADER)'],
  ['imap2', 'a FETCH 1 BODY', 'a X-NO-SUCH-COMMAND'],
  ['imap2', 'a FETCH 1 (FLAGS', 'a X-NO-SUCH-COMMAND'],
  ['imap2', 'a FETCH 1 ()', 'a X-NO-SUCH-COMMAND'],
  ['imap2', 'a SEARCH BEFORE 1-Oct-87 SUBJECT "ON 1-Jan-94"', 'a SEARCH BEFORE 1-Oct-1987 SUBJECT "ON 1-Jan-94"'],
  ['imap2', 'a SEARCH SINCE "1-Jan-26"', 'a SEARCH SINCE "1-Jan-2026"'],
  ['imap2', 'a SEARCH ON 1-Jan-1994', 'a SEARCH ON 1-Jan-1994'],
  ['imap2', 'a BBOARD x', 'a NOOP'],
  ['imap2bis', 'a FETCH 1 (BODY[1.2] BODY[0] BODY[3.0])', 'a FETCH 1 (BODY[1.2] BODY[HEADER] BODY[3.HEADER])'],
  ['imap2bis', 'a FIND ALL.MAILBOXES *', 'a LIST "" *'],
  ['imap2bis', 'a FIND MAILBOXES {3}', 'a X-NO-SUCH-COMMAND'],
  ['imap2bis', 'a SUBSCRIBE MAILBOX x', 'a SUBSCRIBE x'],
  ['imap2bis', 'a SUBSCRIBE x', 'a X-NO-SUCH-COMMAND'],
  ['imap4', 'a SUBSCRIBE MAILBOX', 'a SUBSCRIBE MAILBOX'],
  ['imap4', 'a UID FETCH 7 BODY.PEEK[2.0]', 'a UID FETCH 7 BODY.PEEK[2.HEADER]'],
  ['imap4', 'a UID EXPUNGE 7', 'a X-NO-SUCH-COMMAND'],
  ['imap4', 'a FETCH 1 RFC822.HEADER.LINES (To cc)', 'a FETCH 1 BODY.PEEK[HEADER.FIELDS (To cc)]'],
  ['imap4', 'a FETCH 1 (RFC822.PEEK BINARY[1])', 'a X-NO-SUCH-COMMAND'],
  ['imap4', 'a PARTIAL 4 RFC822 1 1024', 'a FETCH 4 BODY[]<0.1024>'],
  ['imap4', 'a PARTIAL 4 RFC822.TEXT.PEEK 5 1', 'a FETCH 4 BODY.PEEK[TEXT]<4.1>'],
  ['imap4', 'a PARTIAL 4 ENVELOPE 1 1', 'a X-NO-SUCH-COMMAND'],
  ['imap4', 'a APPEND x " 1-Jan-94 00:00:00-EST" {3}', 'a APPEND x " 1-Jan-1994 00:00:00 -0500" {3}'],
  ['imap4', 'a APPEND x "01-Jan-1994 00:00:00 +0100" {3}', 'a APPEND x "01-Jan-1994 00:00:00 +0100" {3}'],
  ['imap4', 'a APPEND x "01-Jan-94 00:00:00 M" {3}', 'a APPEND x "01-Jan-1994 00:00:00 +1200" {3}'],
  ['imap4', '', ''],
  ['imap4', '* LOGIN', '* LOGIN'],
]

for (const [dialect, old, rev1] of commands) {
  test(`${dialect}: ${old}`, () => assert.equal(sent(dialect, old + '\r\n'), rev1 + '\r\n'))
}

const answers: readonly (readonly [dialect: OldDialect, asked: string, rev1: string, old: string])[] = [
  ['imap2', '', '* OK [CAPABILITY IMAP4rev1] ready\r\n', '* OK ready\r\n'],
  ['imap2', 'a SELECT x', '* OK [UIDNEXT 3] Next\r\na OK [READ-ONLY] done\r\n', 'a OK [READ-ONLY] done\r\n'],
  ['imap2', 'a SEARCH ALL', '* SEARCH\r\na OK done\r\n', 'a OK done\r\n'],
  ['imap4', 'a SEARCH ALL', '* SEARCH\r\na OK done\r\n', '* SEARCH\r\na OK done\r\n'],
  ['imap2', 'a COPY 2:3,5 x', 'a OK done\r\n', '* 2 COPY\r\n* 3 COPY\r\n* 5 COPY\r\na OK done\r\n'],
  ['imap2bis', 'a COPY 2 x', 'a NO [TRYCREATE] None\r\n', '* OK [TRYCREATE] None\r\na NO None\r\n'],
  ['imap4', 'a COPY 2 x', 'a NO [TRYCREATE] None\r\n', 'a NO [TRYCREATE] None\r\n'],
  [
    'imap2',
    'a FETCH 1 ENVELOPE',
    '* 1 FETCH (ENVELOPE ("a\\"b" "c"))\r\n',
    '* 1 FETCH (ENVELOPE ({3}\r\na"b "c"))\r\n',
  ],
  ['imap4', 'a FETCH 1 ENVELOPE', '* 1 FETCH (ENVELOPE ("BODY[]"))\r\n', '* 1 FETCH (ENVELOPE ("BODY[]"))\r\n'],
  [
    'imap4',
    'a FETCH 1 RFC822.PEEK',
    '* 1 FETCH (BODY[] {9}\r\n* BODY[]\n)\r\n',
    '* 1 FETCH (RFC822 {9}\r\n* BODY[]\n)\r\n',
  ],
  [
    'imap4',
    'a PARTIAL 1 RFC822.HEADER 1 1',
    '* 1 FETCH (BODY[HEADER]<0> "x")\r\n',
    '* 1 FETCH (RFC822.HEADER "x")\r\n',
  ],
  ['imap4', 'a FIND ALL.MAILBOXES "a*c"', '* LIST () "/" "a\\"c"\r\n* LIST () "/" ab\r\n', '* MAILBOX {3}\r\na"c\r\n'],
  ['imap4', 'a FIND ALL.MAILBOXES *', '* LIST (\\Noselect) "/" a\r\na OK done\r\n', 'a OK FIND completed\r\n'],
]

for (const [dialect, asked, rev1, old] of answers) {
  test(`${dialect}: ${JSON.stringify(rev1)} after ${asked}`, () => {
    assert.equal(told(dialect, asked === '' ? '' : asked + '\r\n', rev1), old)
  })
}

test('octets of a literal wait until the server asks for them, and for nothing when it refuses', () => {
  const translator = new Translator('imap2')
  assert.equal(translator.fromClient(octets('a LOGIN {3}\r\nFETCH x\r\n')).toString(), 'a LOGIN {3}\r\n')
  assert.equal(translator.fromServer(octets('+ Go on\r\n')).toString(), '+ Go on\r\n')
  assert.equal(translator.toServer().toString(), 'FETCH x\r\n')
  translator.fromServer(octets('a NO\r\n'))
  translator.fromClient(octets('b LOGIN {3}\r\n'))
  translator.fromServer(octets('b BAD\r\n'))
  assert.equal(translator.fromClient(octets('c NOOP\r\n')).toString(), 'c NOOP\r\n')
})

test('what a client may make it keep is bounded', () => {
  const translator = new Translator('imap4')
  const line = Buffer.alloc(maxOldLineBytes + 1, 'x')
  assert.equal(translator.fromClient(line).length, line.length)
  translator.fromClient(octets('x\r\n'))
  const many = translator.fromClient(octets('a NOOP\r\n'.repeat(maxOldCommands + 5))).toString()
  assert.equal(many.split('\r\n').length - 1, maxOldCommands)
  translator.fromServer(octets('a OK\r\n'))
  assert.equal(translator.toServer().toString(), 'a NOOP\r\n')
})

test('a pattern of many stars is matched in no time', () => {
  const names = `* LIST () "/" ${'a'.repeat(2000)}\r\n`
  assert.equal(told('imap4', `a FIND ALL.MAILBOXES ${'*a'.repeat(900)}b\r\n`, names), '')
})

test('where octets are cut does not matter', () => {
  const client = 'a FETCH 1 RFC822.PEEK\r\nb FIND ALL.MAILBOXES *\r\nc NOOP\r\n'
  const server = '* 1 FETCH (BODY[] {5}\r\n1\r\n2\n FLAGS ())\r\na OK x\r\n* LIST () "/" y\r\nb OK x\r\nc OK x\r\n'
  const play = (cuts: readonly number[]): string[] => {
    const translator = new Translator('imap4')
    const pieces = (text: string): string[] => {
      const places = [...new Set(cuts.map((cut) => cut % text.length))].sort((a, b) => a - b)
      return [...places, text.length].map((end, n, all) => text.slice(n === 0 ? 0 : all[n - 1], end))
    }
    const forServer = pieces(client).map((piece) => translator.fromClient(octets(piece)).toString('latin1'))
    const forClient = pieces(server).map((piece) => translator.fromServer(octets(piece)).toString('latin1'))
    return [forServer.join(''), forClient.join('')]
  }
  const whole = play([])
  fc.assert(
    fc.property(fc.array(fc.nat(200), { maxLength: 8 }), (cuts) => assert.deepEqual(play(cuts), whole)),
    { numRuns: 100 },
  )
})
