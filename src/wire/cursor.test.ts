import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cursor } from './cursor.ts'
import { star } from './number-set.ts'
import { BadSyntax } from './syntax-error.ts'

const bad = Symbol('bad')

/** Reads with `read`, then wants the end. */
function table<T>(
  name: string,
  read: (cursor: Cursor) => T,
  rows: readonly (readonly [string, T | typeof bad])[],
): void {
  test(name, () => {
    for (const [text, value] of rows) {
      const whole = () => {
        const cursor = new Cursor(text)
        const found = read(cursor)
        cursor.end()
        return found
      }
      if (value === bad) assert.throws(whole, BadSyntax, JSON.stringify(text))
      else assert.deepEqual(whole(), value, JSON.stringify(text))
    }
  })
}

table('atom', (cursor) => cursor.atom('an atom'), [
  ['abc', 'abc'],
  ['a+b~[}', 'a+b~[}'],
  ['abc  ', 'abc'],
  ['', bad],
  ['a]', bad],
  ['a(', bad],
  ['a)', bad],
  ['a{', bad],
  ['a%', bad],
  ['a*', bad],
  ['a"', bad],
  ['a\\', bad],
  ['a\x7f', bad],
  ['\xe4', bad],
])

table('tag', (cursor) => cursor.tag(), [
  ['a]1', 'a]1'],
  ['a+', bad],
  ['+', bad],
])

table('astring', (cursor) => cursor.astring('a string'), [
  ['a]b', 'a]b'],
  ['""', ''],
  ['"a\\"b\\\\"', 'a"b\\'],
  ['"\xc3\xa4"', '\xc3\xa4'],
  ['"a\\b"', bad],
  ['"a', bad],
  ['"a\\', bad],
  ['"a\rb"', bad],
  ['"a\0b"', bad],
  ['{3}\r\na"b', 'a"b'],
  ['{3+}\r\n\r\n\xff', '\r\n\xff'],
  ['{0}\r\n', ''],
  ['{3}\r\nab', bad],
  ['{2}\r\na\0', bad],
  ['~{2}\r\na\0', 'a\0'],
  ['~a', '~a'],
  ['{2}ab', bad],
  ['{a}\r\nab', bad],
  ['{1{2}\r\nab', bad],
  ['NIL', 'NIL'],
])

table('nstring', (cursor) => cursor.nstring('a string'), [
  ['nil', undefined],
  ['"NIL"', 'NIL'],
  ['nill', bad],
  ['abc', bad],
])

table('number', (cursor) => cursor.number('a number'), [
  ['0', 0],
  ['007', 7],
  ['4294967295', 4294967295],
  ['4294967296', bad],
  ['-1', bad],
  ['', bad],
])

table('nz-number', (cursor) => cursor.nzNumber('a number'), [
  ['1', 1],
  ['01', bad],
  ['0', bad],
])

table('number64', (cursor) => cursor.number64('a number'), [
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['9007199254740992', Number.MAX_SAFE_INTEGER],
  ['9223372036854775807', Number.MAX_SAFE_INTEGER],
  ['18446744073709551615', bad],
  ['9'.repeat(400), bad],
])

table('sequence set', (cursor) => cursor.sequenceSet(), [
  ['$', { saved: true, ranges: [] }],
  ['*', { saved: false, ranges: [[star, star]] }],
  [
    '4:2,7,*:3',
    {
      saved: false,
      ranges: [
        [4, 2],
        [7, 7],
        [star, 3],
      ],
    },
  ],
  ['4294967295', { saved: false, ranges: [[4294967295, 4294967295]] }],
  ['4294967296', bad],
  ['0', bad],
  ['1,', bad],
  ['1:', bad],
  [',1', bad],
  ['1:2:3', bad],
  ['$,1', bad],
])

table('uid set', (cursor) => cursor.uidSet(), [
  ['1:2', { saved: false, ranges: [[1, 2]] }],
  ['1:*', bad],
  ['$', bad],
])

test('a set of 64 KiB', () => {
  const numbers = Array.from({ length: 12_000 }, (_, at) => 2 * at + 1)
  assert.equal(new Cursor(numbers.join(',')).sequenceSet().ranges.length, numbers.length)
})

table('flags', (cursor) => cursor.flagList(), [
  ['()', []],
  ['(\\Seen $Junk)', ['\\Seen', '$Junk']],
  ['(\\)', bad],
  ['(a  b)', bad],
  ['(a ', bad],
  ['(\\*)', bad],
])

const day = 86_400
table('date-time', (cursor) => cursor.dateTime(), [
  ['" 1-Jan-1970 00:00:00 +0000"', 0],
  ['"01-jan-1970 00:00:00 +0000"', 0],
  ['"17-Jul-1996 02:44:25 -0700"', 837_596_665],
  ['"31-Dec-1969 23:59:60 -0000"', 0],
  ['" 2-Jan-1970 01:00:00 +0100"', day],
  ['"29-Feb-2000 00:00:00 +0000"', 951_782_400],
  ['"29-Feb-1900 00:00:00 +0000"', bad],
  ['"1-Jan-1970 00:00:00 +0000"', bad],
  ['"31-Apr-1970 00:00:00 +0000"', bad],
  ['"00-Jan-1970 00:00:00 +0000"', bad],
  ['" 1-Jan-1970 24:00:00 +0000"', bad],
  ['" 1-Jan-1970 00:60:00 +0000"', bad],
  ['" 1-Jan-1970 00:00:00 0000"', bad],
  ['" 1-Jan-1970 00:00:00 +0060"', bad],
  ['" 1-Jan-1970 00:00:00"', bad],
  [' 1-Jan-1970 00:00:00 +0000', bad],
])

table('date', (cursor) => cursor.date(), [
  ['1-Jan-1970', 0],
  ['"02-jAN-1970"', 1],
  ['31-Dec-1969', -1],
  ['32-Jan-1970', bad],
  ['1-Foo-1970', bad],
  ['1-Jan-70', bad],
  ['"1-Jan-1970', bad],
])

table('base64', (cursor) => cursor.base64('base64').toString('latin1'), [
  ['dGVzdA==', 'test'],
  ['dGVzdDE=', 'test1'],
  ['', bad],
  ['dGV', bad],
  ['=', bad],
  ['dGVzdA===', bad],
  ['dGVz dA==', bad],
])

table('mailbox pattern', (cursor) => cursor.listMailbox(), [
  ['%/*', '%/*'],
  ['""', ''],
  ['"a b*"', 'a b*'],
  ['(a)', bad],
])

table('streamed literal', (cursor) => cursor.streamedLiteral(), [
  ['{5+}\r\n', { size: 5, synchronising: false, binary: false }],
  ['~{5}\r\n  ', { size: 5, synchronising: true, binary: true }],
  ['"a"', bad],
])

test('words are whole atoms', () => {
  const cursor = new Cursor('return (x)')
  assert.equal(cursor.tryWord('RET'), false)
  assert.equal(cursor.tryWord('RETURN'), true)
  cursor.space()
  assert.equal(cursor.rest(), '(x)')
  assert.equal(cursor.peek(), '')
  assert.equal(cursor.tryChar('x'), false)
})

test('a space followed by nothing but spaces is the end', () => {
  for (const [text, more] of [
    ['a b', true],
    ['a', false],
    ['a ', false],
    ['a   ', false],
  ] as const) {
    const cursor = new Cursor(text)
    cursor.tag()
    assert.equal(cursor.hasMore, more, text)
    if (!more) cursor.end()
  }
})

test('errors say where, and hold no stack', () => {
  const cursor = new Cursor('a  b')
  cursor.tag()
  cursor.space()
  assert.throws(
    () => cursor.atom('a command'),
    (error) =>
      error instanceof BadSyntax &&
      error.position === 2 &&
      error.text === 'expected a command at position 2' &&
      !error.stack?.includes('\n'),
  )
})
