import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { eachField, fieldValue, type HeaderField, headerFields, selectFields } from './header-fields.ts'

const octets = (text: string): Buffer => Buffer.from(text, 'latin1')

test('fields of a header', () => {
  const header = octets(
    'From a@b Mon\r\nSubject : one\r\n two\r\n\t\r\nnonsense\r\nX:\r\ny: \0\xe4 z \n\r\nBody: no\r\n',
  )
  const found = [...headerFields(header)].map((field) => [
    field.name,
    fieldValue(header, field),
    header.toString('latin1', field.start, field.end),
  ])
  assert.deepEqual(found, [
    ['subject', 'one two', 'Subject : one\r\n two\r\n\t\r\n'],
    ['x', '', 'X:\r\n'],
    ['y', '\0\xe4 z', 'y: \0\xe4 z \n'],
  ])
})

test('fields of a header that is text', () => {
  const piece = fc.constantFrom('a', 'B:', ':', ' ', '\t', '\r\n', '\n', '\r', '\x7f', '\0', '\xe4', 'Subject: x\r\n')
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('')
      const found: HeaderField[] = []
      eachField(text, (field) => found.push(field))
      assert.deepEqual(found, [...headerFields(octets(text))])
    }),
    { numRuns: 500 },
  )
})

const header = 'From: a\r\nTo: b\r\n\tc\r\nfrom: d\r\nodd line\r\nX: y\r\n\r\n'
const selections: readonly (readonly [names: readonly string[], except: boolean, header: string, selected: string])[] =
  [
    [['FROM'], false, header, 'From: a\r\nfrom: d\r\n\r\n'],
    [['from', 'to'], false, header, 'From: a\r\nTo: b\r\n\tc\r\nfrom: d\r\n\r\n'],
    [['none'], false, header, '\r\n'],
    [[], true, header, header],
    [['From'], true, header, 'To: b\r\n\tc\r\nodd line\r\nX: y\r\n\r\n'],
    [['x'], false, 'A: b\nX: y', 'X: y\r\n\r\n'],
    [['x'], false, 'X: y\n\nX: z', 'X: y\n\r\n'],
    [['x'], false, '', '\r\n'],
    [['x'], true, '\r\n', '\r\n'],
    [['Subject'], false, 'Subject \t: one\r\nSubject\r\n : two\r\n\r\n', 'Subject \t: one\r\n\r\n'],
    [['a b', 'a:', ''], false, 'a b: one\r\na:: two\r\n: three\r\n\r\n', '\r\n'],
    [['a b', 'x'], true, 'a b: one\r\nx: two\r\n: three\r\n', 'a b: one\r\n: three\r\n\r\n'],
    [['b'], false, 'no colon\r\n\xe4: x\r\nb: y', 'b: y\r\n\r\n'],
  ]

test('subsets of a header', () => {
  for (const [names, except, from, selected] of selections) {
    assert.equal(selectFields(octets(from), names, except).toString('latin1'), selected, names.join())
  }
})
