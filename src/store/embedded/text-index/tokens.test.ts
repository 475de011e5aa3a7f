import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fold } from '../../../mime/casemap.ts'
import { patternsOf } from './patterns.ts'
import { maxTokenOctets, pieceStride, TokenBatch } from './tokens.ts'

const nameOf = (octets: Buffer): string => octets.toString()

/** The tokens of texts that come in pieces, one document for each text. */
function batchOf(texts: readonly (readonly string[])[]): TokenBatch {
  const batch = new TokenBatch()
  texts.forEach((pieces, document) => {
    batch.begin(document)
    for (const piece of pieces) batch.add(piece)
    batch.endText()
  })
  return batch
}

const namesOf = (text: string): string[] =>
  batchOf([[text]])
    .finish()
    .tokens.map(nameOf)

test('tokens of a text', () => {
  const letters = Array.from({ length: 200 }, (_, n) => String.fromCharCode(65 + (n % 26))).join('')
  for (const [text, tokens] of [
    ['', []],
    [' .,-\n', []],
    ['B A B', ['A', 'B']],
    ['A_B@C.ORG', ['A', 'B', 'C', 'ORG']],
    ['É¿', ['É¿']],
    ['語', ['語']],
    ['語 彙', ['語', '彙']],
    ['語彙', ['語彙']],
    ['A語彙集B', ['A', '語彙', '彙集', 'B']],
    ['😀語', ['😀', '語']],
    [letters.slice(0, maxTokenOctets), [letters.slice(0, 64)]],
    [letters.slice(0, maxTokenOctets + 1), [letters.slice(0, 64), letters.slice(32, 65)]],
    [letters.slice(0, 97), [letters.slice(0, 64), letters.slice(32, 96), letters.slice(64, 97)]],
  ] as const) {
    assert.deepEqual(namesOf(text), [...tokens].toSorted(), text)
  }
})

test('tokens go on from piece to piece', () => {
  const pieces = fc.array(fc.constantFrom('A', 'B', '語', '彙', '集', ' ', 'X'.repeat(31), 'é'), { maxLength: 12 })
  fc.assert(
    fc.property(pieces, (chars) => {
      const whole = batchOf([[chars.join('')]]).finish()
      assert.deepEqual(batchOf([chars]).finish(), whole)
    }),
    { numRuns: 300 },
  )
})

test('each token has its documents', () => {
  const { tokens, starts, documents, unfinished } = batchOf([['B A', ' B'], ['C'], ['A']]).finish()
  assert.deepEqual(tokens.map(nameOf), ['A', 'B', 'C'])
  assert.deepEqual([...starts], [0, 2, 3, 4])
  assert.deepEqual([...documents], [0, 2, 0, 1])
  assert.deepEqual(unfinished, [])
})

test('patterns of a text', () => {
  const long = 'X'.repeat(40)
  for (const [text, patterns, isProof] of [
    ['AB', ['AB'], true],
    ['É', ['É'], true],
    [' AB', ['\nAB'], false],
    ['AB-', ['AB\n'], false],
    ['.AB.', ['\nAB\n'], false],
    ['AB CD, EF', ['\nCD\n', 'AB\n', '\nEF'], false],
    ['X'.repeat(pieceStride), ['X'.repeat(pieceStride)], true],
    [long, ['X'.repeat(pieceStride)], false],
    [`A ${long}`, ['\n' + 'X'.repeat(pieceStride), 'A\n'], false],
    [`A ${long} B`, [`\n${long}\n`, 'A\n', '\nB'], false],
    [`A ${long}${long} B`, ['\n' + 'X'.repeat(pieceStride), 'A\n', '\nB'], false],
    ['\ufffd', ['\ufffd'], false],
    ['語', ['語'], true],
    ['語彙', ['\n語彙\n'], true],
    ['語彙集', ['\n語彙\n', '\n彙集\n'], false],
    ['B語.', ['\n語\n', 'B\n'], false],
    ['語 ', ['語\n'], false],
    ['A B C D E F G H I J', ['\nB\n', '\nC\n', '\nD\n', '\nE\n', '\nF\n', '\nG\n', '\nH\n', '\nI\n'], false],
  ] as const) {
    const found = patternsOf(text)
    assert.deepEqual(found?.patterns.map(nameOf), patterns, text)
    assert.equal(found.isProof, isProof, text)
  }
  for (const text of ['', ' ', '...']) assert.equal(patternsOf(text), undefined)
})

const char = fc.constantFrom('A', 'B', 'é', '語', '彙', 'が', '😀', ' ', '.', 'AB'.repeat(20), 'C'.repeat(33))
const text = fc.array(
  fc.array(char, { maxLength: 5 }).map((chars) => fold(chars.join(''))),
  { maxLength: 5 },
)

test('what is in a text is in its tokens, and what proves it is right', () => {
  const inputs = fc.tuple(text, fc.nat(), fc.integer({ min: 1, max: 90 }), text)
  fc.assert(
    fc.property(inputs, ([pieces, start, length, other]) => {
      const whole = pieces.join('')
      const lineEnd = Buffer.from('\n')
      const { tokens } = batchOf([pieces]).finish()
      const dictionary = Buffer.concat([lineEnd, ...tokens.flatMap((token) => [token, lineEnd])])
      const has = (patterns: readonly Buffer[]): boolean => patterns.every((pattern) => dictionary.includes(pattern))
      const needle = whole
        .slice(start % (whole.length + 1))
        .slice(0, length)
        .toWellFormed()
      const mustBe = patternsOf(needle)
      if (mustBe && whole.includes(needle)) assert.ok(has(mustBe.patterns), needle)
      const mayBe = patternsOf(other.join(''))
      if (mayBe?.isProof && has(mayBe.patterns)) assert.ok(whole.includes(other.join('')), other.join(''))
    }),
    { numRuns: 400 },
  )
})
