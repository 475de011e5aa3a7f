import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  maxConvertItems,
  maxConvertParameters,
  parseConversion,
  parseConvertItems,
  parseMediaType,
} from './convert-grammar.ts'
import { Cursor } from './cursor.ts'
import { BadSyntax } from './syntax-error.ts'

function read<T>(text: string, parse: (cursor: Cursor) => T): T {
  const cursor = new Cursor(text)
  const value = parse(cursor)
  cursor.end()
  return value
}

test('conversions', () => {
  assert.deepEqual(read('(NIL)', parseConversion), { target: undefined, parameters: [] })
  assert.deepEqual(read('("Text/PLAIN" (CHARSET "us-ascii" {1}\r\nx y))', parseConversion), {
    target: { type: 'text', subtype: 'plain' },
    parameters: [
      ['charset', 'us-ascii'],
      ['x', 'y'],
    ],
  })
  const many = 'a b '.repeat(maxConvertParameters + 1).trim()
  for (const text of [
    '',
    '()',
    '(text/plain)',
    '("text")',
    '("/")',
    '("a/b/c")',
    '("*")',
    '(NIL ())',
    '(NIL (a))',
    `(NIL (${many}))`,
  ]) {
    assert.throws(() => read(text, parseConversion), BadSyntax, text)
  }
})

test('patterns of media types', () => {
  const pattern = (text: string) => read(text, (cursor) => parseMediaType(cursor, true))
  assert.deepEqual(pattern('"*"'), { type: '*', subtype: '*' })
  assert.deepEqual(pattern('"IMAGE/*"'), { type: 'image', subtype: '*' })
  assert.deepEqual(pattern('image/svg+xml'), { type: 'image', subtype: 'svg+xml' })
  for (const text of ['"*/plain"', '"text/"', '"te xt/plain"', '""', '"text/pl*"'])
    assert.throws(() => pattern(text), BadSyntax)
})

test('items', () => {
  assert.deepEqual(
    read('(uid BINARY[1.2]<3.4> binary.size[] BODY[HEADER] BODY[2.MIME] AVAILABLECONVERSIONS[1])', parseConvertItems),
    [
      { item: 'UID' },
      { item: 'BINARY', section: { part: [1, 2] }, partial: { offset: 3, length: 4 } },
      { item: 'BINARY.SIZE', section: { part: [] } },
      { item: 'BODY', section: { part: [], text: 'HEADER' } },
      { item: 'BODY', section: { part: [2], text: 'MIME' } },
      { item: 'AVAILABLECONVERSIONS', section: { part: [1] } },
    ],
  )
  const many = `(${'UID '.repeat(maxConvertItems + 1).trim()})`
  for (const text of ['()', 'FLAGS', 'BODY[]', 'BODY[TEXT]', 'BINARY[1.MIME]', 'BINARY', 'BODYPARTSTRUCTURE', many]) {
    assert.throws(() => read(text, parseConvertItems), BadSyntax, text)
  }
})

test('any text is read or refused', () => {
  const piece = fc.constantFrom('(', ')', 'NIL', '"a/b"', ' ', 'x', '[1]', 'BINARY', 'UID', '<0.1>', '{1}\r\na')
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.constantFrom(parseConversion, parseConvertItems),
      (pieces, parse) => {
        try {
          read<unknown>(pieces.join(''), parse)
        } catch (error) {
          assert.ok(error instanceof BadSyntax)
        }
      },
    ),
    { numRuns: 300 },
  )
})
