import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { maxDecimalDigits, writeDecimal } from './decimal.ts'

test('numbers in digits', () => {
  const number = fc.oneof(fc.constantFrom(0, 9, 10, 99, 100, 2 ** 31, 2 ** 32 - 1), fc.nat({ max: 2 ** 32 - 1 }))
  fc.assert(
    fc.property(number, fc.nat({ max: 3 }), (value, at) => {
      const room = Buffer.alloc(at + maxDecimalDigits)
      assert.equal(room.toString('latin1', at, writeDecimal(room, at, value)), String(value))
    }),
  )
})
