import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Refusal } from '../../model/refusal.ts'
import { formatSearchKey } from '../../wire/search-grammar.ts'
import { maxQueryDepth, maxQueryTerms, parseQuery, type Query } from './query.ts'

const now = 1_800_000_000

/** A query as one line. */
function line(query: Query): string {
  switch (query.ask) {
    case 'key':
      return formatSearchKey(query.key)
    case 'label':
      return `label:${query.label}`
    case 'attachment':
      return 'attachment'
    case 'not':
      return `not(${line(query.operand)})`
    case 'and':
    case 'or':
      return `${query.ask}(${query.operands.map(line).join(', ')})`
  }
}

const cases: readonly (readonly [text: string, query: string])[] = [
  ['', 'ALL'],
  ['hello', 'TEXT hello'],
  ['hello world', 'and(TEXT hello, TEXT world)'],
  ['hello AND world', 'and(TEXT hello, TEXT world)'],
  ['"hello world"', 'TEXT "hello world"'],
  ['"hello', 'TEXT hello'],
  ['a OR b', 'or(TEXT a, TEXT b)'],
  ['a OR b OR c', 'or(TEXT a, TEXT b, TEXT c)'],
  ['a b OR c', 'and(TEXT a, or(TEXT b, TEXT c))'],
  ['OR a', 'TEXT a'],
  ['a or b', 'and(TEXT a, TEXT or, TEXT b)'],
  ['ORDER', 'TEXT ORDER'],
  ['{a b}', 'or(TEXT a, TEXT b)'],
  ['-a', 'not(TEXT a)'],
  ['-(a b)', 'not(and(TEXT a, TEXT b))'],
  ['well-known -', 'and(TEXT well-known, TEXT -)'],
  ['(a (b c)', 'and(TEXT a, and(TEXT b, TEXT c))'],
  ['a) b', 'and(TEXT a, TEXT b)'],
  ['from:ann', 'FROM ann'],
  ['From: ann', 'FROM ann'],
  ['from:(ann OR ben) to:me', 'and(or(FROM ann, FROM ben), TO me)'],
  ['subject:"a b" -cc:c bcc:d', 'and(SUBJECT "a b", not(CC c), BCC d)'],
  ['from:(subject:x y)', 'and(SUBJECT x, FROM y)'],
  ['http://example.org 12:30', 'and(TEXT http://example.org, TEXT 12:30)'],
  [
    'list:dev@x rfc822msgid:1@x deliveredto:me',
    'and(HEADER List-Id dev@x, HEADER Message-ID 1@x, HEADER Delivered-To me)',
  ],
  ['is:unread is:READ', 'and(UNSEEN, SEEN)'],
  ['is:starred in:inbox in:anywhere', 'and(label:\\Starred, label:\\Inbox, ALL)'],
  ['label:work-stuff', 'label:work-stuff'],
  ['label:"work stuff"', 'label:work stuff'],
  ['has:attachment', 'attachment'],
  ['before:2026/11/23 after:11/22/2026', 'and(BEFORE 23-Nov-2026, SINCE 22-Nov-2026)'],
  ['older:2026-1-2', 'BEFORE 2-Jan-2026'],
  ['after:1799999999', 'YOUNGER 1'],
  ['before:1900000000', 'ALL'],
  ['after:1900000000', 'not(ALL)'],
  ['older_than:2d newer_than:3m', 'and(OLDER 172800, YOUNGER 7776000)'],
  ['older_than:1y', 'OLDER 31536000'],
  ['larger:10M smaller:5kb size:7', 'and(LARGER 10485760, SMALLER 5120, LARGER 7)'],
  ['from:', 'ALL'],
]

for (const [text, query] of cases) {
  test(`X-GM-RAW ${text}`, () => assert.equal(line(parseQuery(text, now)).replaceAll(/(\s)0(\d-)/g, '$1$2'), query))
}

for (const text of [
  'filename:pdf',
  'category:x',
  'is:muted',
  'has:drive',
  'larger:x',
  'older_than:0d',
  'older_than:2w',
  'before:x',
  'before:2026/02/30',
  'after:1/2/3',
]) {
  test(`X-GM-RAW ${text} is refused`, () => {
    assert.throws(
      () => parseQuery(text, now),
      (error) => error instanceof Refusal && error.code === 'CANNOT',
    )
  })
}

test('a query is bounded in words and in depth', () => {
  const isLimit = (error: unknown): boolean => error instanceof Refusal && error.code === 'LIMIT'
  assert.throws(() => parseQuery('a '.repeat(maxQueryTerms + 1), now), isLimit)
  assert.throws(() => parseQuery('('.repeat(maxQueryDepth + 1), now), isLimit)
})

test('any text is a query, or is refused', () => {
  const piece = fc.constantFrom('(', ')', '{', '}', '-', '"', ' ', ':', 'from:', 'is:', 'OR', 'AND', 'a', 'ü')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      try {
        parseQuery(pieces.join(''), now)
      } catch (error) {
        assert.ok(error instanceof Refusal)
      }
    }),
    { numRuns: 200 },
  )
})
