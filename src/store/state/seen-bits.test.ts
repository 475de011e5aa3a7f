import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bitAt, bitsWithout, resizedBits } from './seen-bits.ts'

const bitsOf = (seen: readonly boolean[]): Uint32Array => {
  const bits = new Uint32Array((seen.length + 31) >>> 5)
  seen.forEach((one, row) => {
    if (one) bits[row >>> 5]! |= 1 << (row & 31)
  })
  return bits
}

test('sets of rows lose rows as lists do', () => {
  const rows = fc.array(fc.record({ seen: fc.boolean(), gone: fc.boolean() }), { maxLength: 300 })
  fc.assert(
    fc.property(rows, fc.nat({ max: 12 }), (all, missing) => {
      // The array may end early: nobody has seen anything behind its end.
      const known = all.map(({ seen }, row) => seen && row < (all.length >>> 5) * 32 - missing * 32)
      const bits = bitsOf(known).subarray(0, Math.max(0, ((all.length + 31) >>> 5) - missing))
      const gone = Uint32Array.from(all.flatMap((one, row) => (one.gone ? [row] : [])))
      const left = known.filter((_, row) => !all[row]?.gone)
      const after = bitsWithout(bits, gone, left.length)
      assert.deepEqual(
        left.map((_, row) => bitAt(after, row)),
        left,
      )
      assert.equal(after.length, (left.length + 31) >>> 5)
      assert.deepEqual(bitsOf(left), after, 'and has no bits behind the last row')
    }),
    { numRuns: 500 },
  )
})

test('sets of rows are copied into more or less room', () => {
  const bits = Uint32Array.of(0xffff_ffff, 1)
  assert.deepEqual(resizedBits(bits, 70), Uint32Array.of(0xffff_ffff, 1, 0))
  assert.deepEqual(resizedBits(bits, 20), Uint32Array.of(0xffff_ffff))
  assert.deepEqual(resizedBits(undefined, 33), Uint32Array.of(0, 0))
})
