import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addRange,
  addRow,
  allRows,
  complement,
  hasRow,
  intersect,
  isEmpty,
  noRows,
  rowsOf,
  type RowSet,
  subtract,
  unite,
} from './row-set.ts'

const setOf = (length: number, rows: readonly number[]): RowSet => {
  const set = noRows(length)
  for (const row of rows) if (row < length) addRow(set, row)
  return set
}
const numbers = fc.array(fc.nat(99))

test('row sets are sets', () => {
  fc.assert(
    fc.property(fc.nat(100), numbers, numbers, (length, a, b) => {
      const [x, y] = [setOf(length, a), setOf(length, b)]
      const every = Array.from({ length }, (_, row) => row)
      const same = (set: RowSet, has: (row: number) => boolean): void => {
        assert.deepEqual([...rowsOf(set)], every.filter(has))
        assert.equal(isEmpty(set), !every.some(has))
        for (const row of every) assert.equal(hasRow(set, row), has(row))
      }
      same(x, (row) => a.includes(row))
      same(intersect(x, y), (row) => a.includes(row) && b.includes(row))
      same(unite(x, y), (row) => a.includes(row) || b.includes(row))
      same(subtract(x, y), (row) => a.includes(row) && !b.includes(row))
      same(complement(x), (row) => !a.includes(row))
      same(complement(complement(x)), (row) => a.includes(row))
    }),
    { numRuns: 50 },
  )
})

test('ranges of rows', () => {
  for (let first = 0; first <= 97; first += 1) {
    for (const end of [first, first + 1, first + 31, first + 32, first + 33, 97].filter((n) => n <= 97)) {
      const set = noRows(97)
      addRange(set, first, end)
      const expected = Array.from({ length: Math.max(0, end - first) }, (_, n) => first + n)
      assert.deepEqual([...rowsOf(set)], expected)
    }
  }
  for (const length of [0, 1, 31, 32, 33, 64]) assert.equal(rowsOf(allRows(length)).length, length)
})
