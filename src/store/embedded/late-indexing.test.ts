import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { LateIndexing } from './late-indexing.ts'

/** Messages that wait, one octet each unless told; a clock that goes on by a millisecond for each that is indexed. */
function waiting(
  context: TestContext,
  messages: number,
  octets = messages,
): { late: LateIndexing; unindexed: { octets: number; messages: number } } {
  const size = octets / messages
  const unindexed = { octets, messages }
  let now = 0
  context.mock.method(performance, 'now', () => now)
  const computed = {
    add: () => {},
    addLate: () => {},
    get lateMessages() {
      return unindexed.messages
    },
    indexNext: () => {
      if (unindexed.messages === 0) return false
      now++
      unindexed.messages--
      unindexed.octets -= size
      return true
    },
  }
  return { late: new LateIndexing(computed, unindexed), unindexed }
}

/** How many turns of the event loop others have until something is done. */
async function turnsUntil(done: Promise<void>): Promise<number> {
  let turns = 0
  let isOver = false
  const count = (): void => {
    if (isOver) return
    turns++
    setImmediate(count)
  }
  setImmediate(count)
  await done
  isOver = true
  return turns
}

test('no more wait than may, however many come at once; others have their turn', async (context) => {
  const { late, unindexed } = waiting(context, 3000)
  assert.equal(late.isFull, true)
  const turns = await turnsUntil(Promise.all([late.relieve(), late.relieve()]).then(() => {}))
  assert.equal(unindexed.messages, 1000)
  assert.equal(late.isFull, false)
  assert.ok(turns > 900, `${turns} turns`) // two messages each
  await late.relieve()
  assert.equal(unindexed.messages, 1000)
})

test('few large messages are too many, too', async (context) => {
  const { late, unindexed } = waiting(context, 24, 24 * 1024 * 1024)
  await late.relieve()
  assert.equal(unindexed.messages, 8)
})

test('while the disk works, indexing takes a moment of it, and only where too many wait', (context) => {
  const { late, unindexed } = waiting(context, 1003)
  late.useTime()
  assert.equal(unindexed.messages, 1001)
  late.useTime()
  late.useTime()
  assert.equal(unindexed.messages, 1000)
})

test('what waits in other accounts alone is theirs to index', async (context) => {
  const { late, unindexed } = waiting(context, 10)
  unindexed.octets = 100 * 1024 * 1024
  await late.relieve()
  assert.equal(unindexed.messages, 0)
})
