import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TextTable } from './text-table.ts'

function numberOf(table: TextTable, text: string, before = 0): number {
  const octets = Buffer.concat([Buffer.alloc(before, 0xff), Buffer.from(text), Buffer.from('behind')])
  const end = before + Buffer.byteLength(text)
  return table.numberOf(octets, new DataView(octets.buffer, octets.byteOffset, octets.byteLength), before, end)
}

const never = (): undefined => undefined

test('texts are numbered in the order in which they come, equal ones alike, wherever they lie', () => {
  const table = new TextTable()
  assert.deepEqual(
    ['', 'a', 'b', 'a', 'ab', 'abcd', 'abcde', 'abcd', ''].map((text, n) => numberOf(table, text, n)),
    [0, 1, 2, 1, 3, 4, 5, 4, 0],
  )
  assert.equal(table.length, 6)
  assert.equal(table.octets, 1 + 1 + 2 + 4 + 5)
})

test('texts are ranked by their octets, however many there are', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'ab', 'é', '一', '😀', '\0'), maxLength: 9 })
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 200 }), async (texts) => {
      const table = new TextTable()
      const numbers = texts.map((one, n) => numberOf(table, one, n % 5))
      const different = new Set(['', ...texts])
      assert.equal(table.length, different.size)
      texts.forEach((one, n) => assert.equal(numbers[n], numberOf(table, one)))
      const ranks = await table.ranks(never)
      const inOrder = [...different].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      inOrder.forEach((one, rank) => assert.equal(ranks[numberOf(table, one)], rank))
    }),
    { numRuns: 100 },
  )
})
