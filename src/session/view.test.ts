import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { noFlags, type FlagSet, flagSet } from '../model/flags.ts'
import { PagedColumn } from '../model/column.ts'
import { asMailboxId, asModSeq, asUid } from '../model/numbers.ts'
import type { MailboxSnapshot } from '../model/snapshot.ts'
import { MailboxView, rowsChangedSince } from './view.ts'

interface Message {
  readonly uid: number
  readonly modSeq: number
  readonly flags: number
}

const flagSets: readonly FlagSet[] = [noFlags, flagSet(1), flagSet(8), flagSet(9)]

function snapshotOf(messages: readonly Message[], uidNext: number, modSeq: number): MailboxSnapshot {
  const zeros = new Float64Array(messages.length)
  const modSeqs = Float64Array.from(messages, (message) => message.modSeq)
  return {
    mailbox: asMailboxId(1),
    uidValidity: 1,
    uidNext: asUid(uidNext),
    highestModSeq: asModSeq(modSeq),
    firstRecentUid: asUid(1),
    uids: Uint32Array.from(messages, (message) => message.uid),
    messages: new Uint32Array(messages.length),
    sizes: new Uint32Array(messages.length),
    internalDates: zeros,
    saveDates: zeros,
    threads: new Uint32Array(messages.length),
    flags: new PagedColumn([Uint32Array.from(messages, (message) => message.flags)], messages.length),
    flagSets,
    modSeqs: new PagedColumn([modSeqs], messages.length),
    pageModSeqs: Float64Array.of(Math.max(0, ...modSeqs)),
    keywords: [],
  }
}

/** One step of the mailbox's life: how many arrive, which are expunged and which get other flags, by position. */
const step = fc.record({
  arrive: fc.nat(3),
  expunge: fc.array(fc.nat(20), { maxLength: 4 }),
  flag: fc.array(fc.nat(20), { maxLength: 4 }),
  mayExpunge: fc.boolean(),
})

test('what a client is told makes its idea of the mailbox that of the store', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let messages: Message[] = []
      let uidNext = 1
      let modSeq = 1
      const view = new MailboxView(snapshotOf(messages, uidNext, modSeq), false)
      /** The client's idea, replayed from what it is told; flags by UID, as it fetches new messages itself. */
      let client: number[] = []
      const clientFlags = new Map<number, number>()

      for (const { arrive, expunge, flag, mayExpunge } of [
        ...steps,
        { arrive: 0, expunge: [], flag: [], mayExpunge: true },
      ]) {
        modSeq++
        for (let n = 0; n < arrive; n++) messages = [...messages, { uid: uidNext++, modSeq, flags: 0 }]
        messages = messages.map((message, at) =>
          flag.includes(at) ? { ...message, modSeq, flags: (message.flags + 1) % 4 } : message,
        )
        messages = messages.filter((_message, at) => !expunge.includes(at))
        const latest = snapshotOf(messages, uidNext, modSeq)
        const update = view.update(latest, mayExpunge)
        if (!mayExpunge) assert.deepEqual(update.expunged, [])
        for (const seqNum of update.expunged) client.splice(seqNum - 1, 1)
        if (update.grew) {
          for (const uid of view.uids.subarray(client.length)) {
            client = [...client, uid]
            const row = latest.uids.indexOf(uid)
            clientFlags.set(uid, latest.flags.at(row))
          }
        }
        assert.equal(client.length, view.exists)
        update.changed.seqNums.forEach((seqNum, n) => {
          const row = update.changed.rows[n] ?? -1
          assert.equal(client[seqNum - 1], latest.uids[row], 'a FETCH names the message it is about')
          clientFlags.set(latest.uids[row] ?? 0, latest.flags.at(row))
        })
        for (const [row, message] of messages.entries()) {
          assert.equal(clientFlags.get(message.uid), message.flags)
          assert.equal(client[view.seqNumOfRow(row) - 1], message.uid)
        }
      }
      assert.deepEqual(
        client,
        messages.map(({ uid }) => uid),
      )
      assert.equal(view.uids, view.snapshot.uids, 'a view that holds nothing back shares the snapshot’s UIDs')
    }),
    { numRuns: 300 },
  )
})

test('a change that the session has told itself is passed over, a later one is not', () => {
  const view = new MailboxView(snapshotOf([{ uid: 7, modSeq: 2, flags: 0 }], 8, 2), false)
  view.skip(Uint32Array.of(7), 3)
  const own = view.update(snapshotOf([{ uid: 7, modSeq: 3, flags: 1 }], 8, 3), true)
  assert.equal(own.changed.seqNums.length, 0)
  const foreign = view.update(snapshotOf([{ uid: 7, modSeq: 4, flags: 2 }], 8, 4), true)
  assert.deepEqual([...foreign.changed.seqNums], [1])
})

test('a change of another message is told, whatever its mod-sequence', () => {
  const messages = [7, 8].map((uid) => ({ uid, modSeq: 2, flags: 0 }))
  const view = new MailboxView(snapshotOf(messages, 9, 2), false)
  view.skip(Uint32Array.of(7), 3)
  const { changed } = view.update(
    snapshotOf(
      messages.map((message) => ({ ...message, modSeq: 3 })),
      9,
      3,
    ),
    false,
  )
  assert.deepEqual([...changed.seqNums], [2])
})

test('while an expunge is held back, the client knows all up to the change before it', () => {
  const message = (uid: number, modSeq: number): Message => ({ uid, modSeq, flags: 0 })
  const view = new MailboxView(snapshotOf([message(1, 2), message(2, 2)], 3, 2), false)
  view.update(snapshotOf([message(1, 3), message(2, 2)], 3, 3), false)
  assert.equal(view.knownModSeq, 3)
  view.update(snapshotOf([message(1, 5)], 3, 5), false)
  view.update(snapshotOf([message(1, 6)], 3, 6), false)
  assert.equal(view.knownModSeq, 3)
  view.update(view.snapshot, true)
  assert.equal(view.knownModSeq, 6)
})

test('a held expunge keeps its number, and its row is -1', () => {
  const before = snapshotOf(
    [1, 2, 3].map((uid) => ({ uid, modSeq: 2, flags: 0 })),
    4,
    2,
  )
  const view = new MailboxView(before, false)
  view.update(
    snapshotOf(
      [1, 3].map((uid) => ({ uid, modSeq: 2, flags: 0 })),
      4,
      3,
    ),
    false,
  )
  assert.equal(view.exists, 3)
  const { seqNums, rows, someGone } = view.selectSeqNums([[1, 3]])
  assert.deepEqual([[...seqNums], [...rows], someGone], [[1, 2, 3], [0, -1, 1], true])
  assert.deepEqual(view.update(view.snapshot, true).expunged, [2])
  assert.deepEqual([...view.selectUids([[2, 3]]).seqNums], [2])
})

test('recent messages are counted in the view', () => {
  const view = new MailboxView(
    snapshotOf(
      [1, 2, 5, 6].map((uid) => ({ uid, modSeq: 2, flags: 0 })),
      7,
      2,
    ),
    false,
  )
  view.addRecent(2, 6)
  view.addRecent(6, 7)
  assert.equal(view.countRecent(), 3)
  assert.deepEqual(
    [1, 2, 5, 6].map((uid) => view.isRecent(uid)),
    [false, true, true, true],
  )
})

test('messages that are recent to all who examine are counted once', () => {
  const view = new MailboxView(
    snapshotOf(
      [1, 2, 3].map((uid) => ({ uid, modSeq: 2, flags: 0 })),
      4,
      2,
    ),
    true,
  )
  view.addRecent(1, 2)
  view.addRecent(1, 4)
  assert.equal(view.countRecent(), 3)
})

test('pages without changes are not read', () => {
  const snapshot = snapshotOf([{ uid: 1, modSeq: 9, flags: 0 }], 2, 9)
  assert.deepEqual([...rowsChangedSince({ ...snapshot, pageModSeqs: Float64Array.of(5) }, 5, 1)], [])
  assert.deepEqual([...rowsChangedSince(snapshot, 5, 1)], [0])
})
