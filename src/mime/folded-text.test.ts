import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fold } from './casemap.ts'
import { FoldedText, lastStarter } from './folded-text.ts'

/** Whether a needle is seen in a text that comes in these pieces. */
function isSeen(pieces: readonly string[], needle: string): boolean {
  const text = new FoldedText([needle.length])
  const windows = pieces.flatMap((piece, n) => [...text.add({ text: piece, startsAnew: n === 0 })])
  return [...windows, ...text.end()].some((window) => window.includes(needle))
}

// Marks of different combining classes, which decomposition sorts; a sigma, a ligature, Hangul, a pair of surrogates.
const letter = fc.constantFrom('a', 'B', ' ', 'é', '\u0301', '\u0323', '\u0345', 'ς', 'ﬁ', '한', '😀', 'か', '\uff9e')
const text = fc.array(letter, { maxLength: 12 }).map((letters) => letters.join(''))

test('pieces are folded as the whole is', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), text, (pieces, wanted) => {
      fc.pre(wanted !== '')
      const needle = fold(wanted)
      assert.equal(isSeen(pieces, needle), fold(pieces.join('')).includes(needle))
    }),
    { numRuns: 300 },
  )
})

test('a text ends where another begins', () => {
  const text = new FoldedText([4])
  const windows = [
    ...text.add({ text: 'xxab', startsAnew: true }),
    ...text.add({ text: 'cdxx', startsAnew: true }),
    ...text.end(),
  ]
  assert.ok(!windows.some((window) => window.includes('ABCD')))
})

test('what folds alone what follows is no starter', () => {
  // After two marks in the wrong order, only a starter keeps them from moving past it.
  for (let code = 0x300; code <= 0xffff; code++) {
    const char = String.fromCharCode(code)
    if (code >= 0xd800 && code <= 0xdfff) continue
    const before = 'a\u0301'
    const isStarter = lastStarter('a' + char) === 1
    if (isStarter) assert.equal(fold(before + char), fold(before) + fold(char), code.toString(16))
  }
  assert.equal(lastStarter('ab😀'), 2)
  assert.equal(lastStarter('ab\u0301'), 1)
})

test('endless marks are given up on', () => {
  assert.ok(lastStarter('a' + '\u0301'.repeat(5_000)) > 3_000)
})
