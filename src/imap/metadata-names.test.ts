import fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cursor } from '../wire/cursor.ts'
import { BadSyntax } from '../wire/syntax-error.ts'
import { isPrivate, nameProblem, parseEntryName, parseEntryNames } from './metadata-names.ts'

const good = [
  '/shared/comment',
  '/private/comment',
  '/PRIVATE/Comment',
  '/private/filters/values/boss',
  '/private/vendor/example/colour',
  '/shared/a b',
  '/shared/a"b',
]
/** Each with whether it may name what lies below it. */
const bad: readonly (readonly [name: string, aboveEntries: boolean])[] = [
  ['/private', true],
  ['/shared', true],
  ['/private/vendor', true],
  ['/private/vendor/example', true],
  ['', false],
  ['/', false],
  ['comment', false],
  ['/comment', false],
  ['/other/comment', false],
  ['/privately/comment', false],
  ['/private/', false],
  ['/private//comment', false],
  ['/private/comment/', false],
  ['/private/com*ment', false],
  ['/private/com%ment', false],
  ['/private/caf\u00c3\u00a9', false],
  ['/private/tab\t', false],
  ['/private/del\u007f', false],
  ['!key', false],
  ['/!key', false],
  [`/private/${'x'.repeat(1100)}`, false],
]

test('names of entries, good and bad', () => {
  for (const name of good) assert.equal(nameProblem(name), undefined, name)
  for (const [name, aboveEntries] of bad) {
    assert.notEqual(nameProblem(name), undefined, name)
    assert.equal(nameProblem(name, 'above entries') === undefined, aboveEntries, name)
  }
})

test('names are read in lower case, each once', () => {
  assert.equal(parseEntryName(new Cursor('/Private/A')), '/private/a')
  assert.deepEqual(parseEntryNames(new Cursor('(/private/a "/PRIVATE/A" {10}\r\n/private/b)')), [
    '/private/a',
    '/private/b',
  ])
  assert.throws(() => parseEntryNames(new Cursor('()')), BadSyntax)
})

test('no name that a client can give is hidden, or is two names', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'/!ap*%private shd'.split('')), maxLength: 25 }), (text) => {
      if (nameProblem(text) !== undefined) return
      const name = text.toLowerCase()
      assert.ok(name.startsWith('/private/') || name.startsWith('/shared/'))
      assert.equal(isPrivate(name), name.startsWith('/private/'))
      assert.ok(!name.includes('//') && !name.endsWith('/'))
    }),
    { numRuns: 200 },
  )
})

test('one command does not name entries without end', () => {
  const list = (count: number): Cursor =>
    new Cursor(`(${Array.from({ length: count }, (_, n) => `/private/${n}`).join(' ')})`)
  assert.equal(parseEntryNames(list(1000)).length, 1000)
  assert.throws(() => parseEntryNames(list(1001)), BadSyntax)
})
