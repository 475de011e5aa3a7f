import fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PagedDraft, pagedColumn, uint32, withoutRows } from './paged-draft.ts'

test('taking rows out, alone, in runs and across pages, leaves the others in order', () => {
  // How many rows stay and how many go, in turn.
  const runs = fc.array(fc.tuple(fc.nat(2500), fc.integer({ min: 1, max: 1500 })), { minLength: 1, maxLength: 6 })
  const behind = fc.nat(2500)
  fc.assert(
    fc.property(runs, behind, (some, rest) => {
      const rows: number[] = []
      let length = 0
      for (const [stay, go] of some) {
        for (let n = 0; n < go; n++) rows.push(length + stay + n)
        length += stay + go
      }
      const column = Uint32Array.from({ length: length + rest }, (_, row) => row * 3)
      const gone = new Set(rows)
      const left = [...column].filter((_, row) => !gone.has(row))
      assert.deepEqual([...withoutRows(uint32, column, Uint32Array.from(rows))], left)

      const draft = new PagedDraft(uint32, pagedColumn(uint32, column))
      draft.remove(Uint32Array.from(rows))
      for (const number of [7, 8]) draft.push(number)
      const after = draft.finish()
      assert.deepEqual(
        Array.from({ length: after.length }, (_, row) => after.at(row)),
        [...left, 7, 8],
      )
    }),
    { numRuns: 40 },
  )
})
