import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exceeded, lowerLimits, type QuotaLimits, type QuotaUsage } from './quota.ts'

const usage = (storage: number, messages: number): QuotaUsage => ({ storage, messages, mailboxes: 1, annotations: 0 })

const table: readonly (readonly [QuotaLimits, QuotaUsage, QuotaUsage, string | undefined])[] = [
  [{}, usage(0, 0), usage(1e15, 1e9), undefined],
  [{ storage: 10 }, usage(0, 0), usage(10, 1), undefined],
  [{ storage: 10 }, usage(0, 0), usage(11, 1), 'storage'],
  [{ storage: 10, messages: 1 }, usage(0, 1), usage(5, 2), 'messages'],
  // Already above: what takes away, or leaves alone, may be.
  [{ storage: 10 }, usage(20, 2), usage(15, 1), undefined],
  [{ storage: 10 }, usage(20, 2), usage(20, 2), undefined],
  [{ storage: 10 }, usage(20, 2), usage(21, 2), 'storage'],
  [{ messages: 0 }, usage(0, 0), usage(0, 1), 'messages'],
]

test('a limit is exceeded by what grows above it', () => {
  for (const [limits, before, after, expected] of table) assert.equal(exceeded(limits, before, after), expected)
})

test('of two limits the lower one holds', () => {
  assert.deepEqual(lowerLimits({ storage: 5, messages: 9 }, { messages: 3, mailboxes: 0 }), {
    storage: 5,
    messages: 3,
    mailboxes: 0,
  })
})
