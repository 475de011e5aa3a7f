import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { batchesOf } from './uidbatches.ts'

test('batches hold what was asked for, and together all there is', () => {
  const ascending = fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 200 })
  fc.assert(
    fc.property(ascending, fc.integer({ min: 1, max: 60 }), fc.nat(9), (numbers, size, ahead) => {
      const uids = Uint32Array.from(numbers).sort()
      const uidNext = (uids.at(-1) ?? 0) + 1 + ahead
      const batches = batchesOf(uids, uidNext, { size, range: undefined })
      assert.equal(batches.length, Math.ceil(uids.length / size))
      let next = uidNext - 1
      let left = uids.length
      for (const [high, low] of batches) {
        assert.equal(high, next)
        assert.ok(low <= high)
        const held = uids.filter((uid) => uid >= low && uid <= high).length
        assert.equal(held, Math.min(size, left))
        left -= held
        next = low - 1
      }
      if (batches.length > 0) assert.equal(next, 0)
      for (let batch = 1; batch <= batches.length + 2; batch++) {
        const some = batchesOf(uids, uidNext, { size, range: [batch, batch + 1] })
        assert.deepEqual(some, batches.slice(batch - 1, batch + 1))
      }
    }),
    { numRuns: 60 },
  )
})
