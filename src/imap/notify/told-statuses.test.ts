import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { asMailboxId, asModSeq, asUid } from '../../model/numbers.ts'
import { type Told, ToldStatuses } from './told-statuses.ts'

const toldOf = (mailbox: number, messages: number): Told => ({
  mailbox: asMailboxId(mailbox),
  uidNext: asUid(messages + 1),
  messages,
  unseen: messages,
  highestModSeq: asModSeq(messages + 1),
})

test('what was told is found again, whatever comes and goes', () => {
  const mailboxes = fc.uniqueArray(fc.integer({ min: 1, max: 50 }))
  fc.assert(
    fc.property(mailboxes, mailboxes, mailboxes, (first, second, updated) => {
      const told = new ToldStatuses()
      const model = new Map<number, number>()
      told.change(
        new Set(),
        first.map((mailbox) => toldOf(mailbox, mailbox)),
      )
      for (const mailbox of first) model.set(mailbox, mailbox)
      const dropped = new Set(first.filter((mailbox) => !second.includes(mailbox)).map(asMailboxId))
      const added = second.filter((mailbox) => !model.has(mailbox))
      told.change(
        dropped,
        added.map((mailbox) => toldOf(mailbox, 7)),
      )
      const left = new Map(second.map((mailbox) => [mailbox, model.get(mailbox) ?? 7]))
      for (const mailbox of updated) {
        told.update(toldOf(mailbox, 99))
        if (left.has(mailbox)) left.set(mailbox, 99)
      }
      assert.deepEqual(
        [...told.mailboxes()],
        [...left.keys()].sort((a, b) => a - b),
      )
      for (let mailbox = 0; mailbox <= 51; mailbox++) {
        const messages = left.get(mailbox)
        const id = asMailboxId(mailbox)
        assert.equal(told.has(id), messages !== undefined)
        assert.equal(told.unseen(id), messages)
        assert.equal(told.modSeq(id), messages === undefined ? undefined : messages + 1)
        assert.equal(told.countsDiffer(toldOf(mailbox, 1000)), messages !== undefined)
        if (messages !== undefined) assert.equal(told.countsDiffer(toldOf(mailbox, messages)), false)
      }
    }),
    { numRuns: 60 },
  )
})
