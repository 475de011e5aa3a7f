import fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChangeSet } from '../../model/change.ts'
import { type FlagMode, flagSetOf } from '../../model/flags.ts'
import type { SpecialUse } from '../../model/mailbox.ts'
import { asMailboxId, asModSeq, type MailboxId } from '../../model/numbers.ts'
import { type Operation, resultOf, type StagedMessage } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import { AccountState, type AccountStateOptions, type Applied } from './account-state.ts'
import { checkState } from './check-state.ts'
import type { CatalogueImage, MailboxImage } from './images.ts'

const now = 1_700_000_000
const staged: StagedMessage = { size: 10, release: () => {} }
const inbox = asMailboxId(1)

function options(): AccountStateOptions {
  const threads = new Map<string, number>()
  return {
    threads: {
      threadOf: (messageId) => threads.get(messageId),
      remember: (messageId, thread) => void threads.set(messageId, thread),
    },
    factsOf: ({ size }) => ({ size, keys: { messageId: undefined, references: [] } }),
    maxKeywords: 20,
  }
}

function apply(state: AccountState, ...operations: Operation[]): Applied | undefined {
  const { changeSet } = state.plan(operations, now)
  return changeSet && state.apply(changeSet)
}

function commit(state: AccountState, ...operations: Operation[]): void {
  apply(state, ...operations)
  state.publish()
}

function newState(): AccountState {
  const state = new AccountState(options())
  commit(state, { op: 'createMailbox', name: 'INBOX' })
  return state
}

const append = (mailbox: MailboxId, count: number, ...flags: string[]): Operation => ({
  op: 'append',
  mailbox,
  messages: Array.from({ length: count }, () => ({ staged, flags: flagSetOf(flags) })),
})
const store = (mailbox: MailboxId, uids: number[], mode: FlagMode, ...flags: string[]): Operation => ({
  op: 'store',
  mailbox,
  uids,
  mode,
  flags: flagSetOf(flags),
})
const upTo = (last: number): number[] => Array.from({ length: last }, (_, n) => n + 1)

/** All that readers can see, and all that a checkpoint has to keep. */
function visible(state: AccountState): unknown {
  const catalogue = state.catalogue()
  return {
    ...catalogue,
    mailboxes: catalogue.mailboxes.map((head) => {
      const { keywords, ...image } = imageOf(state, head.id)
      const flags = Array.from(image.flags, (set) => image.flagSets[set]?.text)
      return { head, keywords, ...image, flags, flagSets: undefined }
    }),
  }
}

/** What an engine would read back. */
function imageOf(state: AccountState, mailbox: MailboxId): MailboxImage & { keywords: readonly string[] } {
  const { snapshot, tombstones, seen } = state.inside(mailbox)
  const rows = snapshot.uids.length
  return {
    uids: snapshot.uids.slice(),
    messages: snapshot.messages.slice(),
    sizes: snapshot.sizes.slice(),
    internalDates: snapshot.internalDates.slice(),
    saveDates: snapshot.saveDates.slice(),
    threads: snapshot.threads.slice(),
    flags: Uint32Array.from({ length: rows }, (_, row) => snapshot.flags.at(row)),
    flagSets: snapshot.flagSets,
    modSeqs: Float64Array.from({ length: rows }, (_, row) => snapshot.modSeqs.at(row)),
    tombstones,
    seen,
    keywords: snapshot.keywords,
  }
}

/** All rows of a snapshot as text. */
function contentOf({ uids: column, messages, flags: sets, flagSets, modSeqs }: MailboxSnapshot): string {
  return Array.from(column, (uid, row) =>
    [uid, messages[row], flagSets[sets.at(row)]?.text, modSeqs.at(row)].join(' '),
  ).join('\n')
}

const pick = fc.nat({ max: 2500 })
const uids = fc.tuple(pick, pick).map(([a, b]) => upTo(Math.max(a, b)).slice(Math.min(a, b)))
const mailbox = fc.constantFrom(inbox, asMailboxId(2))
const flags = fc.subarray(['\\Seen', '\\Deleted', 'Work', 'late'])
const value = fc.uint8Array({ maxLength: 5 })
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.tuple(mailbox, fc.nat({ max: 1500 }), flags).map(([id, count, names]) => append(id, count, ...names)),
  fc
    .tuple(mailbox, uids, fc.constantFrom<FlagMode>('add', 'remove', 'replace'), flags)
    .map(([id, some, mode, names]) => store(id, some, mode, ...names)),
  fc.record({ op: fc.constantFrom('copy' as const, 'move' as const), from: mailbox, uids, to: mailbox }),
  fc.record({ op: fc.constant('expunge' as const), mailbox, uids, onlyDeleted: fc.boolean() }),
  fc.record({ op: fc.constant('claimRecent' as const), mailbox }),
  fc.record(
    {
      op: fc.constant('setMetadata' as const),
      mailbox,
      user: fc.constantFrom('alice', 'bob'),
      entries: fc.array(fc.tuple(fc.constantFrom('/a', '/b'), fc.option(value, { nil: null })), { maxLength: 3 }),
    },
    { requiredKeys: ['op', 'entries'] },
  ),
  fc.record({
    op: fc.constant('setAcl' as const),
    mailbox,
    identifier: fc.constantFrom('bob', '-bob', 'anyone'),
    mode: fc.constantFrom('replace' as const, 'add' as const, 'remove' as const),
    rights: fc.constantFrom('', 'lr', 'rswte'),
  }),
  fc.record({ op: fc.constant('setSeenPerUser' as const), mailbox, perUser: fc.boolean() }),
  fc.record({
    op: fc.constantFrom('copy' as const, 'move' as const),
    from: mailbox,
    uids,
    to: mailbox,
    user: fc.constant('bob'),
    rights: fc.constantFrom('i', 'isw', 'it'),
  }),
  fc.record({
    op: fc.constant('setSpecialUse' as const),
    mailbox,
    specialUse: fc.subarray<SpecialUse>(['\\Sent', '\\Junk']),
  }),
  fc.record(
    { op: fc.constant('setQuota' as const), mailbox, limits: fc.constantFrom(undefined, {}, { messages: 2 ** 40 }) },
    { requiredKeys: ['op', 'limits'] },
  ),
)

test('replay, rollback and restore come to the same state, and nothing shown ever changes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(operation, fc.boolean()), { maxLength: 12 }), (history) => {
      const state = newState()
      const log: ChangeSet[] = []
      const held: [MailboxSnapshot, string][] = []
      const replayed = newState()
      for (const some of [state, replayed]) commit(some, { op: 'createMailbox', name: 'two' })
      for (const [next, undone] of history) {
        const before = visible(state)
        held.push([state.snapshot(inbox), contentOf(state.snapshot(inbox))])
        const { changeSet } = state.plan([next], now)
        if (!changeSet) continue
        state.apply(changeSet)
        assert.deepEqual(visible(state), before)
        if (undone) {
          state.rollback()
          continue
        }
        log.push(changeSet)
        state.publish()
      }
      for (const [snapshot, content] of held) assert.equal(contentOf(snapshot), content)
      assert.deepEqual(checkState(state), [])
      for (const changeSet of log) replayed.apply(changeSet)
      replayed.publish()
      const { counters: _a, ...after } = visible(state) as CatalogueImage // the counters may skip numbers undone
      const { counters: _b, ...again } = visible(replayed) as CatalogueImage // as above
      assert.deepEqual(again, after)
      const restored = AccountState.restore(options(), state.catalogue(), (id) => imageOf(state, id))
      assert.deepEqual(visible(restored), visible(state))
      commit(restored, append(inbox, 3), store(inbox, upTo(9), 'add', 'Work'))
      assert.deepEqual(checkState(restored), [])
      assert.deepEqual(checkState(replayed), [])
    }),
    { numRuns: 40 },
  )
})

test('a commit shows itself only when published, one after the other', () => {
  const state = newState()
  const first = apply(state, append(inbox, 1))
  apply(state, append(inbox, 2))
  assert.equal(state.snapshot(inbox).uids.length, 0)
  state.publish(first)
  assert.deepEqual([...state.snapshot(inbox).uids], [1])
  state.publish()
  assert.deepEqual([...state.snapshot(inbox).uids], [1, 2, 3])
})

test('a change copies the pages it touches and no others', () => {
  const state = newState()
  commit(state, append(inbox, 5000))
  const before = state.snapshot(inbox)
  state.takeCheckpoint()
  commit(state, store(inbox, [2000], 'add', '\\Seen'))
  const after = state.snapshot(inbox)
  const same = after.flags.pages.map((page, n) => page === before.flags.pages[n])
  assert.deepEqual(same, [true, false, true, true, true])
  const [delta] = state.takeCheckpoint().mailboxes
  assert.deepEqual([delta?.fromRow, delta?.flagPages], [5000, [1]])
  commit(state, append(inbox, 1))
  const roomy = state.snapshot(inbox)
  commit(state, append(inbox, 1))
  assert.equal(state.snapshot(inbox).uids.buffer, roomy.uids.buffer)
})

test('a failed checkpoint is due again', () => {
  const state = newState()
  commit(state, append(inbox, 3))
  const failed = state.takeCheckpoint()
  assert.equal(state.dirty, false)
  assert.equal(state.evict(inbox), true)
  state.checkpointFailed(failed)
  assert.equal(state.evict(inbox), false)
  assert.equal(state.takeCheckpoint().mailboxes[0]?.fromRow, 0)
})

test('messages are released with their last entry', () => {
  const state = newState()
  commit(state, append(inbox, 2))
  commit(state, { op: 'copy', from: inbox, uids: [1], to: inbox })
  const expunge = (some: number[]): Operation => ({ op: 'expunge', mailbox: inbox, uids: some, onlyDeleted: false })
  assert.deepEqual(apply(state, expunge([1, 2]))?.released, [2])
  assert.deepEqual(apply(state, expunge([3]))?.released, [1])
})

test('a checkpoint has the counts of messages with copies, and of no others', () => {
  const state = newState()
  commit(state, { op: 'createMailbox', name: 'archive' })
  const archive = asMailboxId(2)
  const changed = (...operations: Operation[]): [number, number][] => {
    for (const operation of operations) commit(state, operation)
    return [...state.takeCheckpoint().references]
  }
  const out = (uids: number[]): Operation => ({ op: 'expunge', mailbox: inbox, uids, onlyDeleted: false })
  assert.deepEqual(changed(append(inbox, 9), out([9])), [])
  assert.deepEqual(changed({ op: 'move', from: inbox, uids: [8], to: archive }), [])
  assert.deepEqual(changed({ op: 'copy', from: inbox, uids: [1, 2, 3], to: archive }), [
    [1, 2],
    [2, 2],
    [3, 2],
  ])
  assert.deepEqual(changed(out([1, 7])), [[1, 1]])
  const rest: Operation = { op: 'expunge', mailbox: archive, uids: [3, 4], onlyDeleted: false }
  assert.deepEqual(changed(out([2]), rest), [
    [2, 1],
    [3, 1],
  ])
})

test('too many keywords are refused, changing nothing', () => {
  const state = newState()
  commit(state, append(inbox, 1))
  const names = upTo(21).map((n) => `k${n}`)
  assert.throws(
    () => state.plan([store(inbox, [1], 'add', ...names)], now),
    (error) => error instanceof Refusal && error.code === 'LIMIT',
  )
  commit(state, store(inbox, [1], 'add', 'k21'))
  assert.deepEqual(state.snapshot(inbox).keywords, ['k21'])
})

test('flag sets that are no longer used are left out', () => {
  const state = newState()
  commit(state, append(inbox, 2))
  for (let n = 0; n < 300; n++) {
    const names = upTo(10).filter((bit) => (n >>> (bit - 1)) & 1)
    commit(state, store(inbox, [1], 'replace', ...names.map((bit) => `k${bit}`)))
  }
  assert.ok(state.snapshot(inbox).flagSets.length <= 64)
  assert.deepEqual(checkState(state), [])
})

test('what was expunged too long ago is answered with all that is missing', () => {
  const state = newState()
  commit(state, append(inbox, 40_000))
  const before = state.modSeq
  const odd = upTo(40_000).filter((uid) => uid % 2 === 1)
  commit(state, { op: 'expunge', mailbox: inbox, uids: odd, onlyDeleted: false })
  commit(state, { op: 'expunge', mailbox: inbox, uids: [2], onlyDeleted: false })
  const all = state.vanishedSince(inbox, before)
  assert.deepEqual([all.exact, all.ranges.length, all.ranges[0]], [false, 19_999, [1, 3]])
  assert.deepEqual(state.vanishedSince(inbox, asModSeq(state.modSeq - 1)), { exact: true, ranges: [[2, 2]] })
})

test('each user has a \\Seen of their own where the mailbox says so', () => {
  const first = newState()
  commit(first, append(inbox, 40, 'Work'))
  const catalogue = first.catalogue()
  const shared = catalogue.mailboxes.map((head) => ({ ...head, seenPerUser: true }))
  const state = AccountState.restore(options(), { ...catalogue, mailboxes: shared }, (id) => imageOf(first, id))
  commit(state, { ...store(inbox, [2, 35], 'add', '\\Seen', '\\Flagged'), user: 'bob' } as Operation) // it is a store
  const shown = (user?: string): (string | undefined)[] => {
    const { flags: column, flagSets } = state.snapshot(inbox, user)
    return [0, 1, 34].map((row) => flagSets[column.at(row)]?.text)
  }
  assert.deepEqual(shown(), ['Work', '\\Flagged Work', '\\Flagged Work'])
  assert.deepEqual(shown('bob'), ['Work', '\\Flagged \\Seen Work', '\\Flagged \\Seen Work'])
  assert.equal(state.snapshot(inbox, 'bob'), state.snapshot(inbox, 'bob'))
  assert.deepEqual([state.status([inbox], 'bob')[0]?.unseen, state.status([inbox])[0]?.unseen], [38, 40])
  commit(state, { op: 'expunge', mailbox: inbox, uids: [1, 2], onlyDeleted: false })
  assert.deepEqual(state.status([inbox], 'bob')[0]?.unseen, 37)
  assert.deepEqual(checkState(state), [])
})

test('replies are in the thread of what they name', () => {
  const keys = new Map<StagedMessage, { messageId: string; references: string[] }>()
  const message = (messageId: string, ...references: string[]): StagedMessage => {
    const one = { ...staged }
    keys.set(one, { messageId, references })
    return one
  }
  const facts = (one: StagedMessage): { size: number; keys: { messageId: string; references: string[] } } => ({
    size: 1,
    keys: keys.get(one) ?? { messageId: '', references: [] },
  })
  const state = new AccountState({ ...options(), factsOf: facts })
  commit(state, { op: 'createMailbox', name: 'INBOX' })
  const messages = [message('reply', 'first'), message('other'), message('first'), message('third', 'first', 'reply')]
  commit(state, {
    op: 'append',
    mailbox: inbox,
    messages: messages.map((one) => ({ staged: one, flags: flagSetOf([]) })),
  })
  assert.deepEqual([...state.snapshot(inbox).threads], [1, 2, 1, 1])
})

test('a UIDVALIDITY can be kept by an import and is never given twice', () => {
  const state = newState()
  const create = (name: string, uidValidity?: number): MailboxId => {
    const plan = state.plan([{ op: 'createMailbox', name, ...(uidValidity !== undefined && { uidValidity }) }], now)
    commit(state, { op: 'createMailbox', name, ...(uidValidity !== undefined && { uidValidity }) })
    return resultOf(plan, 0, 'createMailbox').mailbox
  }
  const validity = (id: MailboxId): number | undefined => state.tree().byId.get(id)?.uidValidity
  const kept = create('kept', 7)
  commit(state, { op: 'deleteMailbox', mailbox: kept })
  assert.throws(() => create('again', 7), Refusal)
  const values = ['a', 'b'].map((name) => validity(create(name)))
  assert.deepEqual(values, [now + 1, now + 2])
  create('top', 0xffff_ffff)
  assert.equal(validity(create('c')), 0xffff_fffe)
})
