import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Cursor } from './cursor.ts'
import { dateFromDays, daysFromDate, formatDate, formatInternalDate, monthOf } from './date-time.ts'

test('as the RFC prints it', () => {
  assert.equal(formatInternalDate(837_571_465), '17-Jul-1996 02:44:25 +0000')
  assert.equal(formatInternalDate(0), ' 1-Jan-1970 00:00:00 +0000')
  assert.equal(formatInternalDate(-1), '31-Dec-1969 23:59:59 +0000')
  assert.equal(formatDate(0), '1-Jan-1970')
  assert.equal(monthOf('dEC'), 12)
  assert.equal(monthOf('Foo'), 0)
})

test('days agree with Date', () => {
  fc.assert(
    fc.property(fc.integer({ min: -700_000, max: 2_900_000 }), (days) => {
      const date = new Date(days * 86_400_000)
      const parts = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
      assert.deepEqual(dateFromDays(days), parts)
      assert.equal(daysFromDate(parts), days)
    }),
  )
})

test('what is printed is read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 33), max: 2 ** 34 }), (seconds) => {
      assert.equal(new Cursor(`"${formatInternalDate(seconds)}"`).dateTime(), seconds)
    }),
  )
})
