import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Cursor } from './cursor.ts'
import {
  contains,
  countOf,
  formatNumberSet,
  formatSet,
  highest,
  normalise,
  star,
  type NumberSet,
} from './number-set.ts'

test('numbers as text', () => {
  assert.equal(formatSet([]), '')
  assert.equal(formatSet([1, 2, 3, 5]), '1:3,5')
  assert.equal(formatSet(Uint32Array.of(7)), '7')
  assert.equal(formatSet([4294967294, 4294967295]), '4294967294:4294967295')
})

test('meaning of a set', () => {
  const rows: [string, number, string][] = [
    ['4:2', 9, '2:4'],
    ['*:5', 3, '3'],
    ['*:5', 9, '5:9'],
    ['5:*', 3, '3'],
    ['*', 0, ''],
    ['1:*', 0, ''],
    ['7', 3, ''],
    ['3:9', 5, '3:5'],
    ['5,1:3,2:4', 9, '1:5'],
    ['9,1', 9, '1,9'],
  ]
  for (const [set, max, meaning] of rows) {
    const ranges = normalise(new Cursor(set).sequenceSet(), max)
    assert.equal(formatNumberSet({ saved: false, ranges }), meaning, `${set} of ${max}`)
  }
  assert.equal(highest(new Cursor('4:*,9:7').sequenceSet()), 9)
})

const number = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 30 }) }, fc.constant(star))
const anySet: fc.Arbitrary<NumberSet> = fc
  .array(fc.tuple(number, number), { minLength: 1, maxLength: 8 })
  .map((ranges) => ({ saved: false, ranges }))

test('what is printed is read back', () => {
  fc.assert(fc.property(anySet, (set) => assert.deepEqual(new Cursor(formatNumberSet(set)).sequenceSet(), set)))
})

test('normalising agrees with trying each number', () => {
  fc.assert(
    fc.property(anySet, fc.integer({ min: 0, max: 25 }), (set, max) => {
      const wanted: number[] = []
      for (let candidate = 1; candidate <= max; candidate++) {
        const isIn = set.ranges.some((range) => {
          const [first, last] = range.map((end) => (end === star ? max : end))
          return Math.min(first ?? 0, last ?? 0) <= candidate && candidate <= Math.max(first ?? 0, last ?? 0)
        })
        if (isIn) wanted.push(candidate)
      }
      const ranges = normalise(set, max)
      assert.equal(formatNumberSet({ saved: false, ranges }), formatSet(wanted))
      assert.equal(countOf(ranges), wanted.length)
      for (let candidate = 0; candidate <= max + 1; candidate++) {
        assert.equal(contains(ranges, candidate), wanted.includes(candidate))
      }
    }),
  )
})
