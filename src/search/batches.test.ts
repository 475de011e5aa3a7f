import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { computedBatches } from './batches.ts'
import { mailboxOf } from './mailbox.test-support.ts'

const { snapshot } = await mailboxOf([])
const batchesOf = (rows: Uint32Array, messages: Uint32Array): { batch: number[]; messages: number[] }[] =>
  Array.from(computedBatches(rows, { ...snapshot, messages }), ({ batch, messages: numbers }) => ({
    batch: Array.from(batch),
    messages: Array.from(numbers),
  }))

test('a whole mailbox is read by runs of 256 messages', () => {
  const messages = Uint32Array.from({ length: 700 }, (_, row) => row + 100)
  const batches = batchesOf(
    messages.map((_, row) => row),
    messages,
  )
  assert.deepEqual(
    batches.map(({ messages: [first] }) => first),
    [100, 256, 512, 768],
  )
})

test('every row is in one batch with its message, in whatever order messages were numbered', () => {
  const numbers = fc.array(fc.nat({ max: 3_000 }), { maxLength: 700 })
  const isAsked = fc.func(fc.boolean())
  fc.assert(
    fc.property(numbers, fc.boolean(), isAsked, (numbered, isAscending, asked) => {
      const messages = Uint32Array.from(numbered)
      if (isAscending) messages.sort()
      const rows = Uint32Array.from(messages.keys()).filter((row) => asked(row))
      const batches = batchesOf(rows, messages)
      assert.deepEqual(
        batches.flatMap(({ batch }) => batch),
        Array.from(rows),
      )
      for (const one of batches) {
        assert.ok(one.batch.length <= 256)
        assert.deepEqual(
          one.messages,
          one.batch.map((row) => messages[row]),
        )
      }
    }),
    { numRuns: 50 },
  )
})
