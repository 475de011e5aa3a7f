import fc from 'fast-check'
import assert from 'node:assert/strict'
import { changedFlags, flagSetOf, systemFlag, type FlagMode, type FlagSet } from '../model/flags.ts'
import { asModSeq, type MailboxId } from '../model/numbers.ts'
import { type Operation, resultOf } from '../model/operation.ts'
import { sampleMessage } from './contract-material.ts'
import type { AccountStore } from './store.ts'

/** A step of a random history; mailboxes and messages are picked by position, whatever there is. */
export type Step =
  | { readonly do: 'append'; readonly mailbox: number; readonly count: number; readonly flags: readonly string[] }
  | {
      readonly do: 'store'
      readonly mailbox: number
      readonly mask: number
      readonly mode: FlagMode
      readonly flags: readonly string[]
    }
  | { readonly do: 'copy' | 'move'; readonly mailbox: number; readonly mask: number; readonly to: number }
  | { readonly do: 'expunge'; readonly mailbox: number; readonly mask: number; readonly onlyDeleted: boolean }
  | { readonly do: 'annotate'; readonly mailbox: number; readonly name: string; readonly octets: number }
  | { readonly do: 'reopen' }

const position = fc.nat({ max: 2 })
const mask = fc.nat({ max: 0xffff })
const flags = fc.subarray(['\\Seen', '\\Deleted', '\\Flagged', 'Work', 'later'])

/** Random histories. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('append' as const), mailbox: position, count: fc.integer({ min: 1, max: 3 }), flags }),
    fc.record({
      do: fc.constant('store' as const),
      mailbox: position,
      mask,
      mode: fc.constantFrom<FlagMode>('replace', 'add', 'remove'),
      flags,
    }),
    fc.record({ do: fc.constantFrom('copy' as const, 'move' as const), mailbox: position, mask, to: position }),
    fc.record({ do: fc.constant('expunge' as const), mailbox: position, mask, onlyDeleted: fc.boolean() }),
    fc.record({
      do: fc.constant('annotate' as const),
      mailbox: position,
      name: fc.constantFrom('/shared/a', '/shared/bc'),
      octets: fc.nat({ max: 3 }),
    }),
    fc.record({ do: fc.constant('reopen' as const) }),
  ),
  { maxLength: 25 },
)

interface Entry {
  readonly uid: number
  readonly size: number
  flags: FlagSet
  modSeq: number
}

/** A mailbox as nobody would build one, but as anybody would expect it to behave. */
interface ModelMailbox {
  readonly id: MailboxId
  entries: Entry[]
  uidNext: number
  readonly gone: Map<number, number>
  /** Octets of values by name. */
  readonly annotations: Map<string, number>
}

/** An account in plain objects, to compare a store with. */
export class AccountModel {
  readonly #mailboxes: ModelMailbox[]

  constructor(mailboxes: readonly MailboxId[]) {
    this.#mailboxes = mailboxes.map((id) => ({
      id,
      entries: [],
      uidNext: 1,
      gone: new Map(),
      annotations: new Map(),
    }))
  }

  /** Does one step in the store and in the model, and compares what the store answers. */
  async run(account: AccountStore, step: Exclude<Step, { do: 'reopen' }>, appendOf: AppendOf): Promise<void> {
    const mailbox = this.#at(step.mailbox)
    if (step.do === 'append') {
      const subjects = Array.from({ length: step.count }, (_, n) => `s${mailbox.uidNext + n}`)
      const committed = await account.commit([await appendOf(account, mailbox.id, subjects, step.flags)])
      const set = flagSetOf(step.flags)
      const uids = subjects.map((subject) => add(mailbox, set, committed.modSeq, sampleMessage(subject).length))
      assert.deepEqual(resultOf(committed, 0, 'append').uids, uids)
      return
    }
    if (step.do === 'annotate') {
      const value = step.octets === 0 ? null : Buffer.alloc(step.octets)
      await account.commit([{ op: 'setMetadata', mailbox: mailbox.id, entries: [[step.name, value]] }])
      if (value) mailbox.annotations.set(step.name, value.length)
      else mailbox.annotations.delete(step.name)
      return
    }
    const chosen = mailbox.entries.filter((_, n) => (step.mask >>> (n % 16)) & 1)
    const uids = chosen.map(({ uid }) => uid)
    switch (step.do) {
      case 'store': {
        const change = flagSetOf(step.flags)
        const operation: Operation = { op: 'store', mailbox: mailbox.id, uids, mode: step.mode, flags: change }
        const { modSeq } = await account.commit([operation])
        for (const entry of chosen) {
          const after = changedFlags(entry.flags, step.mode, change)
          if (after.text === entry.flags.text) continue
          entry.flags = after
          entry.modSeq = modSeq
        }
        return
      }
      case 'copy':
      case 'move': {
        const to = this.#at(step.to)
        const committed = await account.commit([{ op: step.do, from: mailbox.id, uids, to: to.id }])
        const result = resultOf(committed, 0, step.do)
        assert.deepEqual([...result.from], uids)
        assert.deepEqual(
          [...result.to],
          chosen.map((entry) => add(to, entry.flags, committed.modSeq, entry.size)),
        )
        if (step.do === 'move') remove(mailbox, uids, committed.modSeq)
        return
      }
      case 'expunge': {
        const { onlyDeleted } = step
        const gone = chosen.filter((entry) => !onlyDeleted || entry.flags.system & systemFlag.deleted)
        const committed = await account.commit([{ op: 'expunge', mailbox: mailbox.id, uids, onlyDeleted }])
        const goneUids = gone.map(({ uid }) => uid)
        assert.deepEqual([...resultOf(committed, 0, 'expunge').uids], goneUids)
        remove(mailbox, goneUids, committed.modSeq)
      }
    }
  }

  /** Fails unless the store shows exactly what the model has. */
  async compare(account: AccountStore): Promise<void> {
    const entriesOfAll = this.#mailboxes.flatMap(({ entries }) => entries)
    const annotations = this.#mailboxes.flatMap((mailbox) => [...mailbox.annotations])
    assert.deepEqual((await account.quotas())[0]?.usage, {
      storage: entriesOfAll.reduce((sum, { size }) => sum + size, 0),
      messages: entriesOfAll.length,
      mailboxes: this.#mailboxes.length,
      annotations: annotations.reduce((sum, [name, octets]) => sum + name.length + octets, 0),
    })
    for (const { id, entries, uidNext, gone } of this.#mailboxes) {
      const snapshot = await account.snapshot(id)
      const shown = Array.from(snapshot.uids, (uid, row) => ({
        uid,
        flags: snapshot.flagSets[snapshot.flags.at(row)]?.text,
        modSeq: snapshot.modSeqs.at(row),
      }))
      assert.deepEqual(
        shown,
        entries.map(({ uid, flags: set, modSeq }) => ({ uid, flags: set.text, modSeq })),
      )
      assert.equal(snapshot.uidNext, uidNext)
      const [status] = await account.status([id])
      assert.deepEqual(
        [status?.messages, status?.unseen, status?.deleted],
        [
          entries.length,
          entries.filter((entry) => !(entry.flags.system & systemFlag.seen)).length,
          entries.filter((entry) => entry.flags.system & systemFlag.deleted).length,
        ],
      )
      for (const since of [0, ...gone.values()]) {
        const { ranges } = await account.vanishedSince(id, asModSeq(since))
        const uids = ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, n) => first + n))
        const expected = [...gone].filter(([, modSeq]) => modSeq > since).map(([uid]) => uid)
        assert.deepEqual(
          uids,
          expected.sort((a, b) => a - b),
        )
      }
    }
  }

  #at(n: number): ModelMailbox {
    const mailbox = this.#mailboxes[n % this.#mailboxes.length]
    assert.ok(mailbox)
    return mailbox
  }
}

/** Makes an append of new messages. */
export type AppendOf = (
  account: AccountStore,
  mailbox: MailboxId,
  subjects: readonly string[],
  flags: readonly string[],
) => Promise<Operation>

function add(mailbox: ModelMailbox, set: FlagSet, modSeq: number, size: number): number {
  mailbox.entries.push({ uid: mailbox.uidNext, size, flags: set, modSeq })
  return mailbox.uidNext++
}

function remove(mailbox: ModelMailbox, uids: readonly number[], modSeq: number): void {
  mailbox.entries = mailbox.entries.filter(({ uid }) => !uids.includes(uid))
  for (const uid of uids) mailbox.gone.set(uid, modSeq)
}
