/** Some seconds of `npm run fuzz`, from CRISPIN_SEED or always the same seed; `npm run fuzz` itself takes new ones. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz } from '../fuzz/fuzz.ts'

/** What the heap may grow by over the run, in octets. */
const maxGrowth = 48 * 1024 * 1024

test('a server survives odd input', async (t) => {
  const seed = Number(process.env['CRISPIN_SEED'] ?? 20_261_122)
  t.diagnostic(`seed ${seed}`)
  const { failures, heapBefore, heapAfter } = await fuzz({ seed, seconds: 25 })
  const shown = failures.map(({ seed: own, attack, problem }) => `--seed ${own} --attacks 1: ${attack}: ${problem}`)
  assert.deepEqual(shown, [])
  assert.ok(heapAfter - heapBefore < maxGrowth, `the heap grew from ${heapBefore} to ${heapAfter}`)
})
