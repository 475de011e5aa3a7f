import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { maxCriteriaBytes } from './imap3.ts'
import { Translator } from './translator.ts'

const octets = (text: string): Buffer => Buffer.from(text, 'latin1')

/** A connection where version 3.0 is selected, and features. */
function version3(features = ''): Translator {
  const translator = new Translator('imap3')
  translator.fromClient(octets('v SELECT.VERSION (3 0)\r\n'))
  assert.match(translator.fromServer(octets('v OK\r\n')).toString(), /^v OK/)
  if (features === '') return translator
  translator.fromClient(octets(`f SELECT.FEATURES ${features}\r\n`))
  assert.match(translator.fromServer(octets('f OK\r\n')).toString(), /^f OK/)
  return translator
}

const note = 'BODY.PEEK[HEADER.FIELDS (NOTE)]<0.65536>'

const commands: readonly (readonly [imap3: string, rev1: string, features?: string])[] = [
  ['a FETCH 1 ALL', 'a FETCH 1 ALL'],
  ['a FETCH 1:2,4 rfc822', 'a FETCH 1:2,4 (BODY.PEEK[])'],
  ['a FETCH 1 (FLAGS RFC822 HEADER)', 'a FETCH 1 (FLAGS BODY[] BODY.PEEK[HEADER])', 'AUTO.SET.SEEN'],
  ['a FETCH 1 BODY', 'a FETCH 1 (BODY.PEEK[TEXT])', 'AUTO.SET.SEEN'],
  ['a FETCH 1 SIZE', 'a FETCH 1 (RFC822.SIZE)'],
  ['a FETCH 1 (SIZE RFC822.SIZE)', 'a NOOP'],
  ['a FETCH 1 Note', `a FETCH 1 (${note})`],
  ['a FETCH 1 UID', 'a FETCH 1 (BODY.PEEK[HEADER.FIELDS (UID)]<0.65536>)'],
  ['a FETCH 1 (SUBJECT $SUBJECT)', 'a FETCH 1 (BODY.PEEK[HEADER.FIELDS (SUBJECT)]<0.65536>)'],
  ['a FETCH 1 $FROM', 'a FETCH 1 (BODY.PEEK[HEADER.FIELDS (FROM RESENT-FROM)]<0.65536>)'],
  ['a FETCH 1 BODY 2000:3999', 'a FETCH 1 (BODY.PEEK[TEXT]<2000.2000>)', 'INDEXABLE.FIELDS'],
  ['a FETCH 1 (FLAGS RFC822 0:0 NOTE)', `a FETCH 1 (FLAGS BODY.PEEK[]<0.1> ${note})`, 'INDEXABLE.FIELDS'],
  ['a FETCH 1 (BODY 0:9 BODY 20:29)', 'a NOOP', 'INDEXABLE.FIELDS'],
  ['a FETCH 1 (BODY 0:9 TEXT)', 'a NOOP', 'INDEXABLE.FIELDS'],
  ['a FETCH 1 BODY 9:0', 'a X-NO-SUCH-COMMAND', 'INDEXABLE.FIELDS'],
  ['a FETCH 1 NOTE 0:9', 'a X-NO-SUCH-COMMAND', 'INDEXABLE.FIELDS'],
  ['a FETCH 1 BODY 0:9', 'a X-NO-SUCH-COMMAND'],
  ['a FETCH 1 (A]', 'a X-NO-SUCH-COMMAND'],
  ['a FETCH 1 ()', 'a X-NO-SUCH-COMMAND'],
  ['a FETCH 1', 'a X-NO-SUCH-COMMAND'],
  ['a SEARCH ~FROM crispin RECENT', 'a SEARCH NOT FROM "crispin" RECENT'],
  ['a SEARCH DELETED FROM "SMITH" SINCE 1-OCT-87', 'a SEARCH DELETED FROM "SMITH" SINCE 1-OCT-1987'],
  ['a SEARCH ~$FROM x(', 'a SEARCH NOT OR HEADER FROM "x(" HEADER RESENT-FROM "x("'],
  ['a SEARCH ~KEYWORD Note', 'a SEARCH NOT KEYWORD Note'],
  ['a SEARCH DRAFT x', 'a SEARCH HEADER DRAFT "x"'],
  ['a SEARCH OR SEEN', 'a SEARCH HEADER OR "SEEN"'],
  ['a SEARCH TO {3}', 'a SEARCH TO {3}'],
  ['a SEARCH $TO {3}', 'a NOOP'],
  ['a SEARCH FROM {9000}', 'a NOOP'],
  ['a SEARCH SIZE 3', 'a NOOP'],
  ['a SEARCH FROM', 'a X-NO-SUCH-COMMAND'],
  ['a SEARCH "FROM" x', 'a X-NO-SUCH-COMMAND'],
  ['a STORE 1 +FLAGS \\Seen', 'a STORE 1 +FLAGS \\Seen'],
  ['a STORE 1 +FLAGS.SILENT \\Seen', 'a NOOP'],
  ['a STORE 1 RFC822.TEXT {5}', 'a NOOP'],
  ['a ADD.MESSAGE x RFC822 {3}', 'a APPEND x {3}', 'ADD.MESSAGE'],
  ['a ADD.MESSAGE x RFC822 {3}', 'a X-NO-SUCH-COMMAND'],
  ['a EXAMINE x', 'a X-NO-SUCH-COMMAND'],
  ['', ''],
]

for (const [imap3, rev1, features] of commands) {
  test(`imap3${features ? ` with ${features}` : ''}: ${imap3}`, () => {
    assert.equal(
      version3(features)
        .fromClient(octets(imap3 + '\r\n'))
        .toString('latin1'),
      rev1 + '\r\n',
    )
  })
}

const answers: readonly (readonly [asked: string, rev1: string, imap3: string])[] = [
  ['SELECT x', '* OK [UNSEEN 1] x\r\n* 3 EXISTS\r\na OK [READ-ONLY] x\r\n', 'a 3 EXISTS\r\n* READONLY\r\na OK x\r\n'],
  ['NOOP', '* 3 EXISTS\r\n* 2 FETCH (FLAGS ())\r\na OK x\r\n', '* 3 EXISTS\r\n* 2 STORE (FLAGS ())\r\na OK x\r\n'],
  ['CHECK', '* 3 EXISTS\r\n* 1 EXPUNGE\r\na OK x\r\n', '* 3 EXISTS\r\n* 1 EXPUNGE\r\na 2 EXISTS\r\na OK x\r\n'],
  ['SEARCH ~SEEN', '* SEARCH 2 3\r\n', 'a SEARCH (2 3) (~SEEN)\r\n'],
  ['SEARCH ~SEEN', '* SEARCH\r\na OK x\r\n', 'a OK x\r\n'],
  ['FETCH 1 NOTE', '* 1 FETCH (BODY[HEADER.FIELDS (NOTE)]<0> {2}\r\n\r\n)\r\n', 'a 1 FETCH (NOTE NIL)\r\n'],
  ['FETCH 1 NOTE', '* 1 FETCH (BODY[HEADER.FIELDS (NOTE)]<0> "")\r\n', 'a 1 FETCH (NOTE NIL)\r\n'],
  ['FETCH 1 NOTE', '* 1 FETCH (BODY[HEADER.FIELDS (NOTE)]<0> NIL)\r\n', 'a 1 FETCH (NOTE NIL)\r\n'],
  [
    'FETCH 1 ($SUBJECT SUBJECT)',
    '* 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)]<0> {16}\r\nSubject:\r\n a\r\n\r\n FLAGS ())\r\n',
    'a 1 FETCH ($SUBJECT "a" SUBJECT "a" FLAGS ())\r\n',
  ],
  [
    'FETCH 1 NOTE',
    '* 1 FETCH (BODY[HEADER.FIELDS (NOTE)]<0> {24}\r\nNote: a"b\r\nNOTE: {5}\r\n\r\n)\r\n',
    'a 1 FETCH (NOTE ({3}\r\na"b {3}\r\n{5}))\r\n',
  ],
  ['FETCH 1 BODY', '* 1 FETCH (BODY[TEXT] {8}\r\nBODY[](\n)\r\n', 'a 1 FETCH (BODY {8}\r\nBODY[](\n)\r\n'],
  ['FETCH 1 (FLAGS SIZE)', '* 1 FETCH (FLAGS (BODY[ x) RFC822.SIZE 4)\r\n', 'a 1 FETCH (FLAGS (BODY[ x) SIZE 4)\r\n'],
  [
    'FETCH 1 ENVELOPE',
    '* 1 FETCH (ENVELOPE (NIL {3}\r\n"(( ((NIL NIL "a" "b(")(NIL NIL {1}\r\n" "c")) NIL) FLAGS (\\Seen))\r\n',
    'a 1 FETCH (ENVELOPE (NIL {3}\r\n"(( ((NIL NIL "a" "b(" NIL)(NIL NIL {1}\r\n" "c" NIL)) NIL) FLAGS (\\Seen))\r\n',
  ],
  ['COPY 2 {1}', 'a NO [TRYCREATE] x\r\n', 'a NO x\r\n'],
]

for (const [asked, rev1, imap3] of answers) {
  test(`imap3: ${JSON.stringify(rev1)} after ${asked}`, () => {
    const whole = version3()
    whole.fromClient(octets(`a ${asked}\r\n`))
    assert.equal(whole.fromServer(octets(rev1)).toString('latin1'), imap3)
    // Where octets are cut does not matter.
    fc.assert(
      fc.property(fc.nat(rev1.length), (cut) => {
        const translator = version3()
        translator.fromClient(octets(`a ${asked}\r\n`))
        const pieces = [rev1.slice(0, cut), rev1.slice(cut)].map((piece) => translator.fromServer(octets(piece)))
        assert.equal(Buffer.concat(pieces).toString('latin1'), imap3)
      }),
      { numRuns: 20 },
    )
  })
}

test('a COPY whose mailbox is missing makes it and goes on, and what comes behind waits', () => {
  const translator = version3('AUTO.SET.SEEN')
  assert.equal(translator.fromClient(octets('a COPY 1 x\r\nb EXPUNGE\r\n')).toString(), 'a COPY 1 x\r\n')
  const steps: readonly (readonly [rev1: string, told: string, next: string])[] = [
    ['a NO [TRYCREATE] x\r\n', '', 'a CREATE x\r\n'],
    ['a OK\r\n', '', 'a COPY 1 x\r\n'],
    ['a OK\r\n', 'a 1 COPY\r\n', 'a STORE 1 +FLAGS (\\Seen)\r\n'],
    ['* 1 FETCH (FLAGS (\\Seen))\r\n', '* 1 STORE (FLAGS (\\Seen))\r\n', ''],
    ['a OK\r\n', 'a OK COPY completed\r\n', 'b EXPUNGE\r\n'],
  ]
  for (const [rev1, told, next] of steps) {
    assert.equal(translator.fromServer(octets(rev1)).toString(), told)
    assert.equal(translator.toServer().toString(), next)
  }
})

test('a COPY into a mailbox that cannot be made, or that is gone again, is NO', () => {
  const translator = version3()
  translator.fromClient(octets('a COPY 1 x\r\n'))
  translator.fromServer(octets('a NO [TRYCREATE] x\r\n'))
  assert.equal(translator.fromServer(octets('a NO [CANNOT] No\r\n')).toString(), 'a NO No\r\n')
  translator.fromClient(octets('b COPY 1 x\r\n'))
  translator.fromServer(octets('b NO [TRYCREATE] x\r\nb OK\r\n'))
  assert.equal(translator.fromServer(octets('b NO [TRYCREATE] Gone\r\n')).toString(), 'b NO Gone\r\n')
})

test('a line of many spaces is read in no time', () => {
  const spaces = ' '.repeat(60_000)
  for (const line of [
    `a FETCH 1 A${spaces}B`,
    `a FETCH 1 BODY${spaces}0:9`,
    `a SEARCH SEEN${spaces}%`,
    `a COPY 1${spaces}{`,
  ]) {
    assert.match(
      version3('INDEXABLE.FIELDS')
        .fromClient(octets(line + '\r\n'))
        .toString(),
      /^a /,
    )
  }
  assert.match(new Translator('imap4').fromClient(octets(`a FETCH 1 FLAGS${spaces}x\r\n`)).toString(), /^a /)
})

test('criteria with literals are told again, and are no longer than they may be', () => {
  const translator = version3()
  translator.fromClient(octets('a SEARCH TO {3}\r\n'))
  translator.fromServer(octets('+ Go on\r\n'))
  // One octet at a time: what looks like a marker inside of a literal is none.
  const sent = Array.from('{3} ~SEEN\r\n', (char) => translator.fromClient(octets(char)).toString())
  assert.equal(sent.join(''), '{3} NOT SEEN\r\n')
  const told = translator.fromServer(octets('* SEARCH 1\r\n')).toString()
  assert.equal(told, 'a SEARCH (1) (TO {3}\r\n{3} ~SEEN)\r\n')
  translator.fromServer(octets('a OK\r\n'))
  translator.fromClient(octets('b SEARCH TO {2}\r\n'))
  translator.fromServer(octets('+ Go on\r\n'))
  assert.equal(translator.fromClient(octets(`xx TO {${maxCriteriaBytes}}\r\n`)).toString(), 'xx ()\r\n')
})
