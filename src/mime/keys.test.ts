import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDate } from './dates.ts'
import { indexMessage } from './indexer.ts'
import { decodeKeys, encodeKeys } from './keys.ts'
import { maxReferences } from './limits.ts'
import { parseMessageId, parseMessageIds, threadReferences } from './message-ids.ts'
import { textOfHtml } from './preview.ts'
import { allText, bodyText, type TextPiece } from './searchable.ts'
import { baseSubject } from './subject.ts'

const subjects: readonly (readonly [subject: string, base: string, isReplyOrForward: boolean])[] = [
  ['', '', false],
  ['hello', 'hello', false],
  ['  hello \t world  ', 'hello world', false],
  ['Re: hello', 'hello', true],
  ['RE : FW: Fwd:hello', 'hello', true],
  ['Re[2]: hello', 'hello', true],
  ['Re: [list] hello', 'hello', true],
  ['[list] Re: hello', 'hello', true],
  ['[a] [b] hello', 'hello', false],
  ['[a] [b]', '[b]', false],
  ['[a]', '[a]', false],
  ['Re: [a]', '[a]', true],
  ['hello (fwd)', 'hello', true],
  ['hello (fwd) (FWD) ', 'hello', true],
  ['[Fwd: hello]', 'hello', true],
  ['[fwd: Re: [a] hello (fwd)]', 'hello', true],
  ['Re: [fwd: [fwd: hello]]', 'hello', true],
  ['Re:', '', true],
  ['Re: Re:', '', true],
  ['Re', 'Re', false],
  ['Reply: x', 'Reply: x', false],
  ['[unclosed hello', '[unclosed hello', false],
  ['Aw: hello', 'Aw: hello', false],
]

test('base subjects', () => {
  for (const [subject, text, isReplyOrForward] of subjects) {
    assert.deepEqual(baseSubject(subject), { text, isReplyOrForward }, subject)
  }
})

const dates: readonly (readonly [value: string, utc: string | undefined, day?: string])[] = [
  ['Fri, 21 Nov 1997 09:55:06 -0600', '1997-11-21T15:55:06Z'],
  ['21 Nov 1997 23:55:06 -0600', '1997-11-22T05:55:06Z', '1997-11-21'],
  ['21 Nov 97 09:55:06 GMT', '1997-11-21T09:55:06Z'],
  ['21 Nov 20 09:55', '2020-11-21T09:55:00Z'],
  ['Thu, 13 Feb 1969 23:32 -0330 (Newfoundland (Time))', '1969-02-14T03:02:00Z', '1969-02-13'],
  ['Tue, 1 Jul 2003 (summer) 10:52:37 PDT', '2003-07-01T17:52:37Z'],
  ['1 Jan 2020', '2020-01-01T00:00:00Z'],
  ['1 Jan 2020 25:00:00 +0100', '2019-12-31T23:00:00Z', '2020-01-01'],
  ['1 Jan 2020 10:00:00 XYZ', '2020-01-01T10:00:00Z'],
  ['1-Jan-2020 10:00:60 +0000', '2020-01-01T10:00:59Z'],
  ['Mon Jan  2 15:04:05 2006', '2006-01-02T15:04:05Z'],
  ['Mon, Jan 2 15:04:05 EST 2006', '2006-01-02T15:04:05Z'],
  ['2006-01-02T15:04:05+01:00', '2006-01-02T14:04:05Z'],
  ['31 Feb 2020', undefined],
  ['1 Foo 2020', undefined],
  ['', undefined],
  ['no date', undefined],
]

test('dates', () => {
  for (const [value, utc, day] of dates) {
    const parsed = parseDate(value)
    if (utc === undefined) assert.equal(parsed, undefined, value)
    else {
      const expectedDay = Date.parse(day ?? utc.slice(0, 10)) / 86_400_000
      assert.deepEqual(parsed, { seconds: Date.parse(utc) / 1000, day: expectedDay }, value)
    }
  }
})

test('message identifiers', () => {
  assert.deepEqual(parseMessageIds('<a@b> junk <"c"@d><"e f"@g> <> <h @ i>'), ['a@b', 'c@d', 'e f@g', 'h@i'])
  assert.equal(parseMessageId('a@b'), 'a@b')
  assert.equal(parseMessageId('(c) <a@b> <c@d>'), 'a@b')
  assert.equal(parseMessageId('none'), undefined)
  assert.deepEqual(threadReferences('none', '<a@b> <c@d>'), ['a@b'])
  assert.deepEqual(threadReferences('<e@f>', '<a@b>'), ['e@f'])
  const many = Array.from({ length: maxReferences + 100 }, (_, n) => `<${n}@x>`).join(' ')
  const kept = threadReferences(many, undefined)
  assert.deepEqual([kept.length, kept[0], kept.at(-1)], [maxReferences, '0@x', `${maxReferences + 99}@x`])
})

test('keys of a message', () => {
  const message = Buffer.from(
    'Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nSubject: Re: =?utf-8?q?h=C3=A9llo?=\r\nFrom: =?utf-8?q?J=C3=B6?= <joe@b>\r\n' +
      'To: team: x@y;\r\nCc: root\r\nMessage-ID: <1@b>\r\nReferences: <0@b>\r\n\r\n',
  )
  const { keys, encodedKeys } = indexMessage(message)
  assert.deepEqual(keys, {
    sentDate: 880127706,
    sentDay: 10186,
    baseSubject: 'HE\u0301LLO',
    isReplyOrForward: true,
    from: 'JOE',
    to: 'TEAM',
    cc: 'ROOT',
    displayFrom: 'JO\u0308',
    displayTo: 'TEAM',
    messageId: '1@b',
    references: ['0@b'],
  })
  assert.deepEqual(decodeKeys(encodedKeys), keys)
  assert.throws(() => decodeKeys(Buffer.from([0])), RangeError)
  const asBefore = JSON.stringify([880127706, 10186, 'HE\u0301LLO', true, 'JOE', 'TEAM', 'ROOT', 'JO\u0308', 'TEAM', '1@b', ['0@b']]) // prettier-ignore
  assert.deepEqual(decodeKeys(Buffer.from('\x01' + asBefore)), keys)
})

test('keys without a date, and ids', () => {
  const bare = { sentDate: undefined, sentDay: undefined, baseSubject: '', isReplyOrForward: false, from: '', to: '' }
  const keys = { ...bare, cc: 'é', displayFrom: '', displayTo: '', messageId: undefined, references: ['a', '', 'ü@c'] }
  for (const one of [keys, { ...keys, messageId: '', references: [] }, { ...keys, messageId: 'x', sentDate: 0 }]) {
    assert.deepEqual(decodeKeys(encodeKeys(one)), one)
  }
})

const previews: readonly (readonly [message: string, preview: string])[] = [
  ['\r\nHello,\r\n\r\n  world\t!\r\n', 'Hello, world !'],
  ['\r\n> quoted\r\nown', 'own'],
  ['\r\n> quoted', '> quoted'],
  ['Content-Transfer-Encoding: base64\r\n\r\naGk=', 'hi'],
  ['Content-Type: text/plain; charset=iso-8859-1\r\n\r\n\xe9', 'é'],
  ['Content-Type: text/html\r\n\r\n<style>x</style><p>a<b>b</b></p><p>c&amp;&#100;', 'ab c&d'],
  ['Content-Type: image/png\r\n\r\nx', ''],
  ['Content-Transfer-Encoding: x-odd\r\n\r\nx', ''],
  ['Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n \r\n--b\r\nContent-Type: text/html\r\n\r\nx\r\n--b--', 'x'],
  ['Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n--b--', ''],
  [`\r\n${'\xf0\x9f\x98\x80'.repeat(300)}`, '\u{1f600}'.repeat(200)],
] // prettier-ignore

test('previews', () => {
  for (const [message, preview] of previews) {
    assert.equal(indexMessage(Buffer.from(message, 'latin1')).preview.toString(), preview, message)
  }
})

test('text of HTML', () => {
  assert.equal(textOfHtml('a < b<!-- > c --><script>d</script >e<title>f').replace(/ +/g, ' '), 'a < b e ')
  assert.equal(textOfHtml('<br'), ' ')
  assert.equal(textOfHtml('&lt;&#x41;&#0;&bogus;&nbsp;'), '<A &bogus; ')
})

async function allOf(pieces: AsyncGenerator<TextPiece>): Promise<TextPiece[]> {
  const all: TextPiece[] = []
  for await (const piece of pieces) all.push(piece)
  return all
}

test('text to search in', async () => {
  const message = Buffer.from(
    'Subject: =?utf-8?q?=C3=A9?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n' +
      'Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9\r\n--b\r\nContent-Type: image/png\r\n\r\nno\r\n--b\r\n' +
      'Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nbody\r\n--b--',
  )
  const { root } = indexMessage(message)
  const read = (start: number, end: number): Buffer => message.subarray(start, end)
  const gather = async (pieces: AsyncGenerator<TextPiece>): Promise<string[]> =>
    (await allOf(pieces)).map(({ text }) => text)
  assert.deepEqual(await gather(bodyText(root, read)), ['é', 'body'])
  assert.deepEqual(await gather(allText(root, read)), [
    'Subject: é\nContent-Type: multipart/mixed; boundary=b\n',
    'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n',
    'Content-Type: image/png\n',
    'Content-Type: message/rfc822\n',
    'Subject: inner\n',
    'é',
    'body',
  ])
})

test('a character that is cut between two pieces of text stays whole', async () => {
  const content = 'x'.repeat(65_535) + 'é' + 'y'
  const message = Buffer.from('Content-Type: text/plain; charset=utf-8\r\n\r\n' + content)
  const pieces = await allOf(bodyText(indexMessage(message).root, (start, end) => message.subarray(start, end)))
  assert.equal(pieces.map(({ text }) => text).join(''), content)
  assert.deepEqual(
    pieces.map(({ startsAnew }) => startsAnew),
    [true, false],
  )
})
