import assert from 'node:assert/strict'
import { test } from 'node:test'
import { intersection, without } from './ranges.ts'

type Ranges = readonly (readonly [number, number])[]

const rows: readonly (readonly [a: Ranges, b: Ranges, both: Ranges])[] = [
  [[[1, 10]], [[3, 5]], [[3, 5]]],
  [
    [
      [1, 3],
      [5, 9],
    ],
    [
      [2, 6],
      [8, 20],
    ],
    [
      [2, 3],
      [5, 6],
      [8, 9],
    ],
  ],
  [[[1, 2]], [[3, 4]], []],
  [[], [[1, 2]], []],
  [
    [
      [1, 2],
      [4, 5],
    ],
    [[1, 9]],
    [
      [1, 2],
      [4, 5],
    ],
  ],
]

test('what two sets of UIDs have in common', () => {
  for (const [a, b, both] of rows) {
    assert.deepEqual(intersection(a, b), both)
    assert.deepEqual(intersection(b, a), both)
  }
})

const withoutRows: readonly (readonly [ranges: Ranges, uids: readonly number[], left: Ranges])[] = [
  [[[5, 6]], [1, 4, 7], [[5, 6]]],
  [[[5, 6]], [5, 6], []],
  [
    [[1, 9]],
    [1, 5, 9],
    [
      [2, 4],
      [6, 8],
    ],
  ],
  [[], [1], []],
]

test('ranges without numbers', () => {
  for (const [ranges, uids, left] of withoutRows) assert.deepEqual(without(ranges, Uint32Array.from(uids)), left)
})
