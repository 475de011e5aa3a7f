import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../model/refusal.ts'
import { WorkQueue } from './work-queue.ts'

test('so many at once, the rest in order, and no more than may wait', async () => {
  const queue = new WorkQueue(2, 3)
  const begun: number[] = []
  const gates = Array.from({ length: 6 }, () => Promise.withResolvers<void>())
  const work = (number: number): Promise<number> =>
    queue.run(async () => {
      begun.push(number)
      await gates[number]?.promise
      if (number === 1) throw new Error('one')
      return number
    })
  const results = [0, 1, 2, 3, 4].map(work)
  const settled = Promise.allSettled(results)
  assert.deepEqual(begun, [0, 1])
  await assert.rejects(work(5), (error) => error instanceof Refusal && error.code === 'UNAVAILABLE')

  gates[1]?.resolve()
  await assert.rejects(results[1] ?? Promise.resolve(), /one/)
  assert.deepEqual(begun, [0, 1, 2])
  for (const { resolve } of gates) resolve()
  assert.deepEqual(
    (await settled).map((result) => (result.status === 'fulfilled' ? result.value : 'failed')),
    [0, 'failed', 2, 3, 4],
  )
  assert.equal(await work(5), 5)
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5])
})
