import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddresses } from './addresses.ts'
import { indexMessage } from './indexer.ts'
import { maxAddresses } from './limits.ts'

/** Addresses as `name|route|mailbox|host`, with `-` for what is not there. */
function summary(value: string): string[] {
  return parseAddresses(value).map(({ name, route, mailbox, host }) =>
    [name, route, mailbox, host].map((one) => one ?? '-').join('|'),
  )
}

const addresses: readonly (readonly [value: string, ...addresses: string[]])[] = [
  [''],
  ['a@b', '-|-|a|b'],
  ['A B <a@b>', 'A B|-|a|b'],
  ['"A, \\"B\\"" <a@b>', 'A, "B"|-|a|b'],
  ['Joe Q. Public <john.q.public@example.com>', 'Joe Q. Public|-|john.q.public|example.com'],
  ['a@b (A (nested) \\) B)', 'A (nested) ) B|-|a|b'],
  ['<a@b> (A B)', 'A B|-|a|b'],
  ['a@b, c@d', '-|-|a|b', '-|-|c|d'],
  [',a@b,,c@d,', '-|-|a|b', '-|-|c|d'],
  ['a . b @ c . d', '-|-|a.b|c.d'],
  ['"a b"@c', '-|-|a b|c'],
  ['a@[192.0.2.1]', '-|-|a|[192.0.2.1]'],
  ['<@r1,@r2:a@b>', '-|@r1,@r2|a|b'],
  ['=?utf-8?q?x?= =?utf-8?q?y?= <a@b>', '=?utf-8?q?x?= =?utf-8?q?y?=|-|a|b'],
  ['A: b@c, d <e@f>;', '-|-|A|-', '-|-|b|c', 'd|-|e|f', '-|-|-|-'],
  ['undisclosed-recipients:;', '-|-|undisclosed-recipients|-', '-|-|-|-'],
  ['A:;, b@c', '-|-|A|-', '-|-|-|-', '-|-|b|c'],
  ['A: b@c', '-|-|A|-', '-|-|b|c', '-|-|-|-'],
  [':;', '-|-||-', '-|-|-|-'],
  ['root', '-|-|root|MISSING_DOMAIN'],
  ['some words', 'some words|-|MISSING_MAILBOX|MISSING_DOMAIN'],
  ['<>', '-|-|MISSING_MAILBOX|MISSING_DOMAIN'],
  ['<a@>', '-|-|a|MISSING_DOMAIN'],
  ['@b', '-|-|MISSING_MAILBOX|b'],
  ['a@b@c', '-|-|a|b'],
  ['<a@b', '-|-|a|b'],
  ['A <a@b> <c@d>', 'A|-|a|b', '-|-|c|d'],
  ['a@b; c@d', '-|-|a|b', '-|-|c|d'],
  ['"open <a@b>', '-|-|open <a@b>|MISSING_DOMAIN'],
  ['(only a comment'],
  [') ] \\ >'],
  ['caf\xc3\xa9 <\xc3\xa9@b>', 'caf\xc3\xa9|-|\xc3\xa9|b'],
]

test('addresses', () => {
  for (const [value, ...expected] of addresses) assert.deepEqual(summary(value), expected, value)
})

test('no more addresses than the limit', () => {
  assert.equal(parseAddresses('a@b,'.repeat(maxAddresses + 10)).length, maxAddresses)
})

const envelopes: readonly (readonly [header: string, envelope: string])[] = [
  ['', '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)'],
  ['Subject:\r\nDate: \r\nFrom:\r\nMessage-ID:', '("" "" NIL NIL NIL NIL NIL NIL NIL "")'],
  ['From: a@b\r\nSender:', '(NIL NIL ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL)'],
  ['From: a@b\r\nReply-To: c@d', '(NIL NIL ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) ((NIL NIL "c" "d")) NIL NIL NIL NIL NIL)'],
  ['To: a@b\r\nTO: c@d\r\nSubject: 1\r\nSubject: 2', '(NIL "1" NIL NIL NIL ((NIL NIL "a" "b")(NIL NIL "c" "d")) NIL NIL NIL NIL)'],
  ['Subject: a "b" \\c', '(NIL "a \\"b\\" \\\\c" NIL NIL NIL NIL NIL NIL NIL NIL)'],
  ['Subject: one\r\n two\r\n\tthree', '(NIL "one two\tthree" NIL NIL NIL NIL NIL NIL NIL NIL)'],
  ['Subject: caf\xc3\xa9', '(NIL {5}\r\ncaf\xc3\xa9 NIL NIL NIL NIL NIL NIL NIL NIL)'],
  ['Subject: a\0b\rc', '(NIL {4}\r\nab\rc NIL NIL NIL NIL NIL NIL NIL NIL)'],
  ['In-Reply-To: <a@b>\r\n <c@d>\r\nMessage-ID:  <e@f> ', '(NIL NIL NIL NIL NIL NIL NIL NIL "<a@b> <c@d>" "<e@f>")'],
] // prettier-ignore

test('envelopes', () => {
  for (const [header, envelope] of envelopes) {
    const indexed = indexMessage(Buffer.from(header + '\r\n\r\n', 'latin1'))
    assert.equal(indexed.envelope.toString('latin1'), envelope, header)
  }
})

const structures: readonly (readonly [header: string, structure: string])[] = [
  ['', '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 1 NIL NIL NIL NIL)'],
  ['Content-Type: nonsense', '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 1 NIL NIL NIL NIL)'],
  ['Content-Type: Text/HTML; Charset=UTF-8', '("Text" "HTML" ("Charset" "UTF-8") NIL NIL "7bit" 3 1 NIL NIL NIL NIL)'],
  ['Content-Type: text/html', '("text" "html" ("charset" "us-ascii") NIL NIL "7bit" 3 1 NIL NIL NIL NIL)'],
  ['Content-Type: image/png (c); name = "a\\"b" ; x;; y=1', '("image" "png" ("name" "a\\"b" "y" "1") NIL NIL "7bit" 3 NIL NIL NIL NIL)'],
  ['Content-Type: a/b; name=my file.txt; n=1 m=2', '("a" "b" ("name" "my file.txt" "n" "1" "m" "2") NIL NIL "7bit" 3 NIL NIL NIL NIL)'],
  ['Content-Type: a/b; n*1=d; n*0=abc', '("a" "b" ("n" "abcd") NIL NIL "7bit" 3 NIL NIL NIL NIL)'],
  [
    'Content-Type: a/b; n*0*=utf-8\'\'%e2%82; n*1*=%ac; n*2="1 %"',
    '("a" "b" ("n*" "utf-8\'\'%e2%82%ac1%20%25") NIL NIL "7bit" 3 NIL NIL NIL NIL)',
  ],
  [
    'Content-Type: a/b\r\nContent-ID: <i>\r\nContent-Description: d\r\nContent-Transfer-Encoding: BASE64 (c)\r\nContent-MD5: m\r\n' +
      'Content-Disposition: attachment; filename=f\r\nContent-Language: en, de-CH\r\nContent-Location: http://x/\r\n y',
    '("a" "b" NIL "<i>" "d" "base64" 3 "m" ("attachment" ("filename" "f")) ("en" "de-CH") "http://x/ y")',
  ],
  [
    'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64',
    '("message" "rfc822" NIL NIL NIL "base64" 3 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ' +
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL) 1 NIL NIL NIL NIL)',
  ],
] // prettier-ignore

test('body structures', () => {
  for (const [header, structure] of structures) {
    const indexed = indexMessage(Buffer.from(header + (header && '\r\n') + '\r\nx\r\n', 'latin1'))
    assert.equal(indexed.bodyStructure.toString('latin1'), structure, header)
  }
})
