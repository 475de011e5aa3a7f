import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalPattern, matchesPattern, matchingNames } from './list-pattern.ts'

const rows: readonly (readonly [pattern: string, name: string, matches: boolean])[] = [
  ['*', 'a/b/c', true],
  ['*', '', true],
  ['%', 'a', true],
  ['%', 'a/b', false],
  ['a/%', 'a/b', true],
  ['a/%', 'a/b/c', false],
  ['a/%', 'a', false],
  ['%/b', 'a/b', true],
  ['a*c', 'a/b/c', true],
  ['a%c', 'a/c', false],
  ['a%c', 'abc', true],
  ['*b*', 'a/b', true],
  ['%b%', 'a/b', false],
  ['a', 'A', false],
  ['Grüße/%', 'Grüße/😀', true],
  ['', 'a', false],
]

test('patterns match names', () => {
  for (const [pattern, name, matches] of rows)
    assert.equal(matchesPattern(pattern, name), matches, `${pattern} ${name}`)
})

test('patterns mean what the obvious regular expression means', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '%'), maxLength: 8 })
  fc.assert(
    fc.property(text, text, (pattern, name) => {
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('%', '[^/]*')}$`)
      assert.equal(matchesPattern(pattern, name.replace(/[*%]/g, '')), expression.test(name.replace(/[*%]/g, '')))
    }),
  )
})

test('a pattern made to take for ever does not', () => {
  assert.equal(matchesPattern(canonicalPattern('', '%*'.repeat(500) + 'x'), 'a'.repeat(1000)), false)
  assert.equal(matchesPattern('*a'.repeat(200) + 'x', 'a'.repeat(1000)), false)
})

test('a pattern is taken with its reference, and INBOX in any case', () => {
  assert.equal(canonicalPattern('work/', '%'), 'work/%')
  assert.equal(canonicalPattern('', 'inbox'), 'INBOX')
  assert.equal(canonicalPattern('', 'Inbox/%'), 'INBOX/%')
  assert.equal(canonicalPattern('', 'inboxes'), 'inboxes')
  assert.equal(canonicalPattern('', '%%*%'), '*')
})

test('names that match one of several patterns are found once, with turns for others in between', async () => {
  let turns = 0
  const breathe = (): Promise<void> | undefined => (turns++ % 2 === 0 ? Promise.resolve() : undefined)
  assert.deepEqual(await matchingNames(['a*', '*b'], ['ab', 'b', 'c'], breathe), ['ab', 'b'])
  assert.equal(turns, 5)
})
