import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Cursor } from './cursor.ts'
import {
  formatFetchItem,
  maxFetchItems,
  maxPartDepth,
  parseFetchItems,
  parseFetchModifiers,
  sectionLabel,
  type FetchItem,
} from './fetch-grammar.ts'
import { BadSyntax } from './syntax-error.ts'

function parse(text: string): readonly FetchItem[] {
  const cursor = new Cursor(text)
  const items = parseFetchItems(cursor)
  cursor.end()
  return items
}

test('every item', () => {
  // Input, and what is printed of it where that differs.
  const rows: readonly (readonly [string, string?])[] = [
    ['ALL', 'FLAGS INTERNALDATE RFC822.SIZE ENVELOPE'],
    ['fast', 'FLAGS INTERNALDATE RFC822.SIZE'],
    ['FULL', 'FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY'],
    ['uid', 'UID'],
    ['x-gm-labels', 'X-GM-LABELS'],
    ['(ENVELOPE FLAGS INTERNALDATE)', 'ENVELOPE FLAGS INTERNALDATE'],
    ['(RFC822 RFC822.HEADER RFC822.SIZE RFC822.TEXT)', 'RFC822 RFC822.HEADER RFC822.SIZE RFC822.TEXT'],
    ['(BODY BODYSTRUCTURE BODY[])', 'BODY BODYSTRUCTURE BODY[]'],
    ['(MODSEQ SAVEDATE EMAILID THREADID)', 'MODSEQ SAVEDATE EMAILID THREADID'],
    ['(PREVIEW PREVIEW (LAZY) UID)', 'PREVIEW PREVIEW (LAZY) UID'],
    ['BODY.PEEK[header]<0.10>', 'BODY.PEEK[HEADER]<0.10>'],
    ['BODY[HEADER.FIELDS (From "a b" {2}\r\nTo)]', 'BODY[HEADER.FIELDS (From "a b" To)]'],
    ['BODY[1.2.HEADER.FIELDS.NOT (x)]'],
    ['BODY[1.MIME]'],
    ['BODY[4294967295.TEXT]'],
    ['BODY[1.2.3]<7.1>'],
    ['BINARY[1]<7.1>'],
    ['BINARY.PEEK[]'],
    ['BINARY.SIZE[1.2]'],
  ]
  for (const [text, printed = text] of rows) assert.equal(parse(text).map(formatFetchItem).join(' '), printed)
})

test('what is no item', () => {
  const wrong = [
    '',
    '()',
    '(ALL)',
    'FOO',
    'BODY.PEEK',
    'BINARY',
    'BINARY.SIZE',
    'UID[]',
    'BODY[',
    'BODY[1.]',
    'BODY[1.0]',
    'BODY[0]',
    'BODY[1 ]',
    'BODY[MIME]',
    'BODY[HEADER.FIELDS]',
    'BODY[HEADER.FIELDS ()]',
    'BODY[FOO]',
    'BODY[1HEADER]',
    'BODY[]<0.0>',
    'BODY[]<0>',
    'BODY[] <0.1>',
    'BINARY[TEXT]',
    'BINARY.SIZE[1]<0.1>',
    'PREVIEW ()',
    'PREVIEW (FOO)',
    '(UID FLAGS',
    'UID FLAGS',
    `BODY[${'1.'.repeat(maxPartDepth)}1]`,
    `(${'UID '.repeat(maxFetchItems)}UID)`,
  ]
  for (const text of wrong) assert.throws(() => parse(text), BadSyntax, text)
})

test('modifiers', () => {
  assert.deepEqual(parseFetchModifiers(new Cursor('(CHANGEDSINCE 7)')), { changedSince: 7, vanished: false })
  assert.deepEqual(parseFetchModifiers(new Cursor('(vanished changedsince 7)')), { changedSince: 7, vanished: true })
  const partial = { first: 9, last: 2, fromEnd: true }
  assert.deepEqual(parseFetchModifiers(new Cursor('(PARTIAL -9:-2)')), { vanished: false, partial })
  const wrong = ['()', '(VANISHED)', '(FOO)', '(CHANGEDSINCE 1 CHANGEDSINCE 2)', '(CHANGEDSINCE)', '(PARTIAL 1:-2)']
  for (const text of [...wrong, '(PARTIAL 1:2 PARTIAL 1:2)', '(VANISHED PARTIAL 1:2)']) {
    assert.throws(() => parseFetchModifiers(new Cursor(text)), BadSyntax, text)
  }
})

const part = fc.array(fc.integer({ min: 1, max: 0xffff_ffff }), { maxLength: 4 })
const fields = fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 8 }), { minLength: 1, maxLength: 4 })
const section = fc.oneof(
  part.map((numbers) => ({ part: numbers })),
  fc
    .tuple(part, fc.constantFrom('HEADER' as const, 'TEXT' as const))
    .map(([numbers, text]) => ({ part: numbers, text })),
  fc.tuple(part, fields).map(([numbers, names]) => ({ part: numbers, text: 'HEADER.FIELDS' as const, fields: names })),
)

test('what is printed is read back', () => {
  fc.assert(
    fc.property(section, fc.boolean(), fc.nat(), (wanted, peek, offset) => {
      const item: FetchItem = { item: 'BODY[]', section: wanted, partial: { offset, length: 1 }, peek }
      assert.deepEqual(parse(formatFetchItem(item)), [item])
      assert.ok(formatFetchItem(item).includes(`[${sectionLabel(wanted)}]`))
    }),
  )
})
