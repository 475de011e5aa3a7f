import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Cursor } from './cursor.ts'
import {
  decodeStrings,
  formatSearchKey,
  maxSearchDepth,
  maxSearchKeys,
  parseSearchCriteria,
  parseSearchKeys,
  parseSearchProgram,
  type SearchKey,
} from './search-grammar.ts'
import { parseSortCriteria, parseThreadAlgorithm } from './sort-grammar.ts'
import { star } from './number-set.ts'
import { BadSyntax } from './syntax-error.ts'

function parse(text: string): SearchKey {
  const cursor = new Cursor(text)
  const key = parseSearchKeys(cursor)
  cursor.end()
  return key
}

test('every key', () => {
  // Input, and what is printed of it where that differs.
  const rows: readonly (readonly [string, string?])[] = [
    ['ALL'],
    ['answered', 'ANSWERED'],
    ['BCC a'],
    ['BEFORE 1-Feb-1994'],
    ['BEFORE "01-feb-1994"', 'BEFORE 1-Feb-1994'],
    ['BODY ""'],
    ['CC "a b"'],
    ['DELETED DRAFT FLAGGED', '(DELETED DRAFT FLAGGED)'],
    ['FROM {2}\r\n\xc3\xa4'],
    ['HEADER Message-ID <a@b>'],
    ['KEYWORD $Junk'],
    ['LARGER 5000000000'],
    ['NEW'],
    ['NOT NOT OLD'],
    ['ON 1-Feb-1994'],
    ['OR RECENT SEEN'],
    ['OR (SEEN NEW) (OLD)', 'OR (SEEN NEW) OLD'],
    ['SENTBEFORE 1-Feb-1994'],
    ['SENTON 1-Feb-1994'],
    ['SENTSINCE 1-Feb-1994'],
    ['SINCE 1-Feb-1994'],
    ['SMALLER 0'],
    ['SUBJECT a'],
    ['TEXT a'],
    ['TO a'],
    ['UID 1:*,7'],
    ['UID $'],
    ['FUZZY (SUBJECT a)', 'FUZZY SUBJECT a'],
    ['NOT FUZZY (SEEN FROM a)'],
    ['FILTER on-the-road'],
    ['UIDAFTER 25000'],
    ['UIDBEFORE 1'],
    ['UNANSWERED'],
    ['UNDELETED'],
    ['UNDRAFT'],
    ['UNFLAGGED'],
    ['UNKEYWORD a'],
    ['UNSEEN'],
    ['1:*,7'],
    ['*'],
    ['$'],
    ['YOUNGER 1'],
    ['OLDER 259200'],
    ['MODSEQ 0'],
    ['MODSEQ "/flags/\\\\Draft" all 620162338'],
    ['EMAILID M6d99ac3275bb4e'],
    ['THREADID T64b478a75b7ea9'],
    ['SAVEDBEFORE 1-Feb-1994'],
    ['SAVEDON 1-Feb-1994'],
    ['SAVEDSINCE 1-Feb-1994'],
    ['SAVEDATESUPPORTED'],
    ['SEEN  ', 'SEEN'],
  ]
  for (const [text, printed = text] of rows) assert.equal(formatSearchKey(parse(text)), printed)
})

test('what is no key', () => {
  const wrong = [
    '',
    '()',
    '( SEEN)',
    '(SEEN',
    'SEEN)',
    'FOO',
    'UNALL',
    'NOT',
    'OR SEEN',
    'FROM',
    'KEYWORD \\Seen',
    'FILTER a/b',
    'FILTER "a"',
    'SINCE 30-Feb-2000',
    'OLDER 0',
    'UID',
    'SEEN  NEW',
    'MODSEQ "/x/a" all 1',
    'MODSEQ "/flags/a" some 1',
    '$,1',
  ]
  for (const text of wrong) assert.throws(() => parse(text), BadSyntax, text)
})

test('limits', () => {
  assert.ok(parse('NOT '.repeat(maxSearchDepth) + 'ALL'))
  assert.throws(() => parse('NOT '.repeat(maxSearchDepth + 1) + 'ALL'), BadSyntax)
  assert.throws(() => parse('('.repeat(100_000)), BadSyntax)
  assert.throws(() => parse('1 '.repeat(maxSearchKeys) + '1'), BadSyntax)
})

test('the program', () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['ALL', { returns: undefined, charset: undefined, key: { key: 'ALL' } }],
    ['RETURN () ALL', { returns: { options: new Set() }, charset: undefined, key: { key: 'ALL' } }],
    [
      'return (save Min) charset "utf-8" ALL',
      { returns: { options: new Set(['SAVE', 'MIN']) }, charset: 'utf-8', key: { key: 'ALL' } },
    ],
  ]
  for (const [text, program] of rows) assert.deepEqual(parseSearchProgram(new Cursor(text)), program)
  for (const text of ['RETURN (FOO) ALL', 'RETURN ALL', 'RETURN ()', 'CHARSET utf-8', 'CHARSET ALL']) {
    assert.throws(() => parseSearchProgram(new Cursor(text)), BadSyntax, text)
  }
  assert.deepEqual(parseSearchCriteria(new Cursor('UTF-8 ALL')), { charset: 'UTF-8', key: { key: 'ALL' } })
})

test('SORT and THREAD', () => {
  assert.deepEqual(parseSortCriteria(new Cursor('(SUBJECT reverse DISPLAYFROM)')), [
    { key: 'SUBJECT', reverse: false },
    { key: 'DISPLAYFROM', reverse: true },
  ])
  for (const text of ['()', '(REVERSE)', '(FOO)', 'DATE']) {
    assert.throws(() => parseSortCriteria(new Cursor(text)), BadSyntax, text)
  }
  assert.equal(parseThreadAlgorithm(new Cursor('references')), 'REFERENCES')
  assert.equal(parseThreadAlgorithm(new Cursor('Refs')), 'REFS')
  assert.throws(() => parseThreadAlgorithm(new Cursor('FOO')), BadSyntax)
})

test('strings are decoded wherever they stand', () => {
  const key = decodeStrings(parse('OR NOT FROM a (HEADER X b SEEN)'), (octets) => octets + '!')
  assert.equal(formatSearchKey(key), 'OR NOT FROM a! (HEADER X b! SEEN)')
})

const value = fc.uint8Array({ maxLength: 6 }).map((octets) => Buffer.from(octets.filter(Boolean)).toString('latin1'))
const number = fc.oneof(fc.integer({ min: 1, max: 0xffff_ffff }), fc.constant(star))
const set = fc
  .array(fc.tuple(number, number), { minLength: 1, maxLength: 4 })
  .map((ranges) => ({ saved: false, ranges }))
const { anyKey } = fc.letrec<{ anyKey: SearchKey }>((tie) => ({
  anyKey: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<SearchKey>({ key: 'ALL' }, { key: 'FLAG', flag: '\\Seen', present: false }, { key: 'NEW' }),
    value.map((text): SearchKey => ({ key: 'BODY', value: text })),
    fc.tuple(value, value).map(([field, text]): SearchKey => ({ key: 'HEADER', field, value: text })),
    value.map((label): SearchKey => ({ key: 'X-GM-LABELS', label })),
    value.map((query): SearchKey => ({ key: 'X-GM-RAW', query })),
    fc.nat().map((id): SearchKey => ({ key: 'X-GM-MSGID', number: id })),
    fc.integer({ min: -700_000, max: 2_900_000 }).map((days): SearchKey => ({ key: 'SENTON', days })),
    set.map((ranges): SearchKey => ({ key: 'UID', set: ranges })),
    set.map((ranges): SearchKey => ({ key: 'SEQUENCE', set: ranges })),
    tie('anyKey').map((operand): SearchKey => ({ key: 'NOT', operand })),
    fc.tuple(tie('anyKey'), tie('anyKey')).map(([left, right]): SearchKey => ({ key: 'OR', left, right })),
    fc.array(tie('anyKey'), { minLength: 2, maxLength: 3 }).map((operands): SearchKey => ({ key: 'AND', operands })),
  ),
}))

test('what is printed is read back', () => {
  fc.assert(fc.property(anyKey, (key) => assert.deepEqual(parse(formatSearchKey(key)), key)))
})
