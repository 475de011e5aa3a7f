import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { maxDecimalDigits, writeDecimal, writeDecimals } from './decimal.ts'

test('numbers in digits', () => {
  const number = fc.oneof(fc.constantFrom(0, 9, 10, 99, 100, 2 ** 31, 2 ** 32 - 1), fc.nat({ max: 2 ** 32 - 1 }))
  fc.assert(
    fc.property(number, fc.nat({ max: 3 }), (value, at) => {
      const room = Buffer.alloc(at + maxDecimalDigits)
      assert.equal(room.toString('latin1', at, writeDecimal(room, at, value)), String(value))
    }),
  )
})

test('numbers in a row, each behind a space', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.integer({ min: -9, max: 2000 }) },
  )
  const start = fc.constantFrom(0, 8, 97, 995, 9_990, 99_995, 2 ** 31 - 3, 2 ** 32 - 4)
  fc.assert(
    fc.property(start, fc.array(step, { maxLength: 20 }), fc.nat({ max: 3 }), (first, steps, at) => {
      const numbers = [first]
      for (const by of steps) numbers.push(Math.min(2 ** 32 - 1, Math.max(0, numbers.at(-1)! + by)))
      const room = Buffer.alloc(at + numbers.length * (maxDecimalDigits + 1))
      const end = writeDecimals(room, at, Uint32Array.from(numbers))
      assert.equal(room.toString('latin1', at, end), numbers.map((number) => ` ${number}`).join(''))
    }),
  )
})
