import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Inexpressible } from './charset-encode.ts'
import { decodeHeaderValue } from './encoded-word.ts'
import { recodeHeader } from './header-recode.ts'

const utf8 = { charset: 'utf-8' }

test('encoded words in another charset', () => {
  const rows: readonly (readonly [from: string, to: string])[] = [
    ['Subject: plain\r\n\r\n', 'Subject: plain\r\n\r\n'],
    // RFC 5259 §6 has this example, with the blanks that RFC 2047 does not allow.
    ['Subject: =?KOI8-R?Q?why_encode_this=3F?=\r\n\r\n', 'Subject: =?utf-8?Q?why_encode_this=3F?=\r\n\r\n'],
    ['Subject: Re: =?iso-8859-1?Q?caf=E9?= now\r\n', 'Subject: Re: =?utf-8?Q?caf=C3=A9?= now\r\n'],
    ['To: =?iso-8859-1?B?5Pb8?= <a@b>\r\n', 'To: =?utf-8?B?w6TDtsO8?= <a@b>\r\n'],
    // Two words are one text.
    ['A: =?iso-8859-1?Q?a?=\r\n =?iso-8859-1?Q?b?= c\r\n', 'A: =?utf-8?Q?ab?= c\r\n'],
    // What is in the charset already, or cannot be read, stays.
    ['A: =?UTF-8?q?x=C3=A4?=\r\n', 'A: =?UTF-8?q?x=C3=A4?=\r\n'],
    ['A: =?x-nope?Q?a?= =?iso-8859-1?Q?=E4bcd?=\r\n', 'A: =?x-nope?Q?a?= =?utf-8?Q?=C3=A4bcd?=\r\n'],
    ['A: =?iso-8859-1?X?a?=\r\n', 'A: =?iso-8859-1?X?a?=\r\n'],
    ['no field\r\nA: b\r\n', 'no field\r\nA: b\r\n'],
  ]
  for (const [from, to] of rows) assert.equal(recodeHeader(from, utf8), to, from)
})

test('parameters in another charset', () => {
  const rows: readonly (readonly [from: string, to: string])[] = [
    [
      "Content-Disposition: attachment; filename*=iso-8859-1'de'%E4%20b.txt; size=3\r\n",
      "Content-Disposition: attachment;\r\n filename*=utf-8'de'%C3%A4%20b.txt;\r\n size=3\r\n",
    ],
    [
      'Content-Type: text/plain; name*0*=iso-8859-1\'\'%E4; name*1=" b"; x="a\\"b"\r\n',
      'Content-Type: text/plain;\r\n name*=utf-8\'\'%C3%A4%20b;\r\n x="a\\"b"\r\n',
    ],
    ["Content-Type: text/plain; name*=x-nope''%E4\r\n", "Content-Type: text/plain; name*=x-nope''%E4\r\n"],
    ['Content-Type: text/plain; charset=utf-8\r\n', 'Content-Type: text/plain; charset=utf-8\r\n'],
  ]
  for (const [from, to] of rows) assert.equal(recodeHeader(from, utf8), to, from)
})

test('a long parameter is cut between characters', () => {
  const long = `Content-Type: a/b; name*=iso-8859-1''${'%E4'.repeat(60)}\r\n`
  const recoded = recodeHeader(long, utf8)
  assert.match(recoded, /name\*0\*=utf-8''(?:%C3%A4)+;\r\n name\*1\*=(?:%C3%A4)+;/)
  for (const line of recoded.split('\r\n')) assert.ok(line.length < 78, line)
})

test('what the charset does not have', () => {
  const header = 'Subject: =?utf-8?Q?=E2=82=AC_5?=\r\n'
  assert.throws(() => recodeHeader(header, { charset: 'iso-8859-1' }), Inexpressible)
  assert.equal(recodeHeader(header, { charset: 'iso-8859-1', replacement: 'E' }), 'Subject: =?iso-8859-1?Q?E_5?=\r\n')
})

test('any text survives, in lines of a length that is allowed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 120 }), fc.nat(60), (text, column) => {
      const clean = text.replace(/[\r\n\0]/g, '')
      const octets = Buffer.from(clean, 'utf16le').swap16().toString('base64')
      const header = `A${'b'.repeat(column)}: =?utf-16be?B?${octets}?=\r\n`
      const recoded = recodeHeader(header, utf8)
      for (const line of recoded.split('\r\n').slice(1)) assert.ok(line.length <= 76, line)
      const value = recoded
        .slice(recoded.indexOf(':') + 1)
        .replaceAll('\r\n', '')
        .trim()
      assert.equal(decodeHeaderValue(Buffer.from(value, 'latin1')), clean)
    }),
    { numRuns: 100 },
  )
})
