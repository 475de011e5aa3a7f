import fc from 'fast-check'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { flagSetOf } from '../model/flags.ts'
import { asMailboxId, asModSeq } from '../model/numbers.ts'
import { type Operation, resultOf } from '../model/operation.ts'
import type { MailboxSnapshot } from '../model/snapshot.ts'
import { AccountModel, steps } from './contract-model.ts'
import { quotaBehaviours } from './contract-quota.ts'
import { sharingBehaviours } from './contract-sharing.ts'
import { appendOf, type Given, refused, sampleMessage } from './contract-material.ts'
import type { AccountStore, Store } from './store.ts'

export { appendOf, sampleMessage, stageMessage } from './contract-material.ts'

/** A store under test. */
export interface StoreUnderTest {
  readonly store: Store
  /** Closes the store and opens what it left behind again; absent where nothing is left. */
  readonly reopen?: () => Promise<Store>
  /** Ends the test: closes what is open and clears away. */
  readonly close: () => Promise<void>
  /** What contradicts itself in an account, where the engine can tell. */
  readonly check?: (account: AccountStore) => string[]
}

/** Per UID its flags as text. */
export function flagsByUid(snapshot: MailboxSnapshot): Record<number, string> {
  const flags: Record<number, string> = {}
  snapshot.uids.forEach((uid, row) => (flags[uid] = snapshot.flagSets[snapshot.flags.at(row)]?.text ?? '?'))
  return flags
}

/** All octets of a message. */
export async function readMessage(account: AccountStore, message: number, size: number): Promise<string> {
  const into = Buffer.alloc(size)
  let read = 0
  while (read < size) {
    const more = await account.readBlob(message, read, into.subarray(read))
    if (more === 0) break
    read += more
  }
  return into.toString('latin1', 0, read)
}

/** Random histories per run of the suite: each opens a store, which costs a disk engine some. */
const histories = 40

const nowhere = asMailboxId(4711)

/** What every engine does, as a name and a body that gets an empty account. */
const behaviours: Readonly<Record<string, (given: Given) => Promise<void>>> = {
  'a new account has INBOX': async ({ account, inbox }) => {
    assert.deepEqual([...(await account.tree()).byName.keys()], ['INBOX'])
    const [status] = await account.status([inbox])
    assert.equal(status?.messages, 0)
    assert.equal(status?.uidNext, 1)
    assert.ok((status?.highestModSeq ?? 0) >= 1)
  },
  'append assigns UIDs and keeps octets and flags': async ({ account, inbox }) => {
    const committed = await account.commit([await appendOf(account, inbox, ['a', 'b'], ['\\Seen', 'Work'])])
    assert.deepEqual(resultOf(committed, 0, 'append').uids, [1, 2])
    const snapshot = await account.snapshot(inbox)
    assert.deepEqual(flagsByUid(snapshot), { 1: '\\Seen Work', 2: '\\Seen Work' })
    assert.equal(snapshot.highestModSeq, committed.modSeq)
    const octets = await readMessage(account, snapshot.messages[1]!, snapshot.sizes[1]!)
    assert.equal(octets, sampleMessage('b').toString('latin1'))
  },
  'computed parts come in the order asked for': async ({ account, inbox }) => {
    await account.commit([await appendOf(account, inbox, ['one', 'two'])])
    const [first, second] = (await account.snapshot(inbox)).messages
    const packed = await account.readComputed('envelope', [second!, first!, second!])
    const texts = [0, 1, 2].map((n) => packed.bytes.toString('latin1', packed.offsets[n], packed.offsets[n + 1]))
    assert.deepEqual(
      texts.map((text) => /one|two/.exec(text)?.[0]),
      ['two', 'one', 'two'],
    )
  },
  'a snapshot never changes, and stays the same object': async ({ account, inbox, store }) => {
    await account.commit([await appendOf(account, inbox, ['a', 'b'])])
    const before = await account.snapshot(inbox)
    assert.equal(await account.snapshot(inbox), before)
    await account.commit([store(inbox, [1], 'add', '\\Flagged')])
    const after = await account.snapshot(inbox)
    assert.equal(after.uids, before.uids)
    await account.commit([await appendOf(account, inbox, ['c'])])
    await account.commit([{ op: 'expunge', mailbox: inbox, uids: [1], onlyDeleted: false }])
    assert.deepEqual(flagsByUid(before), { 1: '', 2: '' })
    assert.deepEqual(flagsByUid(after), { 1: '\\Flagged', 2: '' })
    assert.deepEqual(flagsByUid(await account.snapshot(inbox)), { 2: '', 3: '' })
  },
  'a store that changes nothing takes no mod-sequence': async ({ account, inbox, store }) => {
    const { modSeq } = await account.commit([await appendOf(account, inbox, ['a'], ['\\Seen'])])
    const before = await account.snapshot(inbox)
    const again = await account.commit([store(inbox, [1, 9], 'add', '\\Seen')])
    assert.equal(again.modSeq, modSeq)
    assert.equal(again.changedNothing, true)
    assert.deepEqual([...resultOf(again, 0, 'store').stored], [1])
    assert.equal(await account.snapshot(inbox), before)
  },
  'UNCHANGEDSINCE leaves newer messages alone': async ({ account, inbox, store }) => {
    const { modSeq } = await account.commit([await appendOf(account, inbox, ['a', 'b'])])
    await account.commit([store(inbox, [2], 'add', '\\Seen')])
    const operation: Operation = {
      op: 'store',
      mailbox: inbox,
      uids: [1, 2],
      mode: 'add',
      flags: flagSetOf(['\\Flagged']),
      unchangedSince: modSeq,
    }
    const result = resultOf(await account.commit([operation]), 0, 'store')
    assert.deepEqual([[...result.stored], [...result.modified]], [[1], [2]])
    assert.deepEqual(flagsByUid(await account.snapshot(inbox)), { 1: '\\Flagged', 2: '\\Seen' })
  },
  'the first spelling of a keyword stays': async ({ account, inbox, store }) => {
    await account.commit([await appendOf(account, inbox, ['a', 'b'], ['Work'])])
    await account.commit([store(inbox, [2], 'replace', 'WORK', 'late')])
    const snapshot = await account.snapshot(inbox)
    assert.deepEqual(flagsByUid(snapshot), { 1: 'Work', 2: 'late Work' })
    assert.deepEqual(snapshot.keywords, ['Work', 'late'])
  },
  'copy shares the message; move takes it away': async ({ account, inbox, create }) => {
    const target = await create('Target')
    await account.commit([await appendOf(account, inbox, ['a', 'b', 'c'], ['Work'])])
    const copied = resultOf(await account.commit([{ op: 'copy', from: inbox, uids: [1, 3, 7], to: target }]), 0, 'copy')
    assert.deepEqual(
      [[...copied.from], [...copied.to]],
      [
        [1, 3],
        [1, 2],
      ],
    )
    const moved = resultOf(await account.commit([{ op: 'move', from: inbox, uids: [2], to: target }]), 0, 'move')
    assert.deepEqual([[...moved.from], [...moved.to]], [[2], [3]])
    const [source, there] = [await account.snapshot(inbox), await account.snapshot(target)]
    assert.deepEqual([...source.uids], [1, 3])
    assert.deepEqual(flagsByUid(there), { 1: 'Work', 2: 'Work', 3: 'Work' })
    assert.equal(there.messages[0], source.messages[0])
    await account.commit([{ op: 'expunge', mailbox: inbox, uids: [1], onlyDeleted: false }])
    const octets = await readMessage(account, there.messages[0]!, there.sizes[0]!)
    assert.equal(octets, sampleMessage('a').toString('latin1'))
  },
  'copy into the same mailbox makes new UIDs': async ({ account, inbox }) => {
    await account.commit([await appendOf(account, inbox, ['a'])])
    await account.commit([{ op: 'copy', from: inbox, uids: [1], to: inbox }])
    assert.deepEqual([...(await account.snapshot(inbox)).uids], [1, 2])
  },
  'expunge takes deleted ones only where asked, and is remembered': async ({ account, inbox, store }) => {
    const { modSeq } = await account.commit([await appendOf(account, inbox, ['a', 'b', 'c', 'd'])])
    await account.commit([store(inbox, [1, 2], 'add', '\\Deleted')])
    const expunge = (uids: number[], onlyDeleted: boolean): Operation => ({
      op: 'expunge',
      mailbox: inbox,
      uids,
      onlyDeleted,
    })
    const first = await account.commit([expunge([1, 2, 3], true)])
    assert.deepEqual([...resultOf(first, 0, 'expunge').uids], [1, 2])
    await account.commit([expunge([4], false)])
    assert.deepEqual((await account.vanishedSince(inbox, modSeq)).ranges, [
      [1, 2],
      [4, 4],
    ])
    assert.deepEqual((await account.vanishedSince(inbox, first.modSeq)).ranges, [[4, 4]])
    assert.equal((await account.snapshot(inbox)).uidNext, 5)
  },
  'recent messages are claimed once': async ({ account, inbox }) => {
    await account.commit([await appendOf(account, inbox, ['a', 'b'])])
    const claim = async () => resultOf(await account.commit([{ op: 'claimRecent', mailbox: inbox }]), 0, 'claimRecent')
    assert.equal((await account.status([inbox]))[0]?.recent, 2)
    assert.deepEqual(await claim(), { op: 'claimRecent', firstUid: 1, uidNext: 3 })
    assert.deepEqual(await claim(), { op: 'claimRecent', firstUid: 3, uidNext: 3 })
    assert.equal((await account.status([inbox]))[0]?.recent, 0)
  },
  'create makes superior names; delete leaves inferior ones': async ({ account, create }) => {
    const leaf = await create('a/b/c')
    const tree = await account.tree()
    assert.deepEqual([...tree.byName.keys()], ['INBOX', 'a', 'a/b', 'a/b/c'])
    const middle = tree.byName.get('a/b')
    assert.ok(middle)
    await account.commit([{ op: 'deleteMailbox', mailbox: middle.id }])
    assert.deepEqual([...(await account.tree()).byName.keys()], ['INBOX', 'a', 'a/b/c'])
    await assert.rejects(account.snapshot(middle.id), refused('NONEXISTENT'))
    assert.ok((await account.tree()).byId.get(leaf))
    const id = await create('a/b')
    const again = (await account.tree()).byId.get(id)
    assert.ok((again?.uidValidity ?? 0) > middle.uidValidity)
  },
  'rename takes inferior names along and keeps what is inside': async ({ account, create }) => {
    const leaf = await create('a/b')
    await account.commit([await appendOf(account, leaf, ['x'])])
    const before = await account.snapshot(leaf)
    const a = (await account.tree()).byName.get('a')
    assert.ok(a)
    await assert.rejects(account.commit([{ op: 'renameMailbox', mailbox: a.id, to: 'a/b/c' }]), refused('CANNOT'))
    await account.commit([{ op: 'renameMailbox', mailbox: a.id, to: 'new/place' }])
    assert.deepEqual([...(await account.tree()).byName.keys()].sort(), ['INBOX', 'new', 'new/place', 'new/place/b'])
    assert.equal((await account.tree()).byName.get('new/place/b')?.id, leaf)
    assert.deepEqual(flagsByUid(await account.snapshot(leaf)), flagsByUid(before))
  },
  'a copy passes over what the target was given meanwhile': async ({ account, inbox, create }) => {
    const work = await create('work')
    await account.commit([await appendOf(account, inbox, ['a', 'b', 'c'])])
    const copy = (uids: readonly number[], unlessGivenSince?: number): Operation => ({
      op: 'copy',
      from: inbox,
      uids,
      to: work,
      ...(unlessGivenSince !== undefined && { unlessGivenSince }),
    })
    const { uidNext } = await account.snapshot(work)
    const both = await Promise.all([account.commit([copy([1, 2], uidNext)]), account.commit([copy([1, 3], uidNext)])])
    const copied = both.map((committed) => [...resultOf(committed, 0, 'copy').from])
    assert.deepEqual(copied, [[1, 2], [3]])
    const none = await account.commit([copy([1, 2, 3], uidNext)])
    assert.deepEqual([...resultOf(none, 0, 'copy').to], [])
    const again = await account.commit([copy([1]), copy([1, 2], (await account.snapshot(work)).uidNext)])
    assert.deepEqual([...resultOf(again, 1, 'copy').to], [5])
  },
  'rename of INBOX moves its messages only': async ({ account, inbox, create }) => {
    await create('INBOX/below')
    await account.commit([await appendOf(account, inbox, ['a', 'b'])])
    await account.commit([{ op: 'renameMailbox', mailbox: inbox, to: 'old' }])
    const tree = await account.tree()
    assert.deepEqual([...tree.byName.keys()], ['INBOX', 'INBOX/below', 'old'])
    const old = tree.byName.get('old')
    assert.ok(old)
    assert.deepEqual(
      [(await account.snapshot(inbox)).uids.length, (await account.snapshot(old.id)).uids.length],
      [0, 2],
    )
  },
  'subscriptions need no mailbox': async ({ account }) => {
    const operation: Operation = { op: 'subscribe', user: 'alice', name: 'none', subscribed: true }
    const { modSeq } = await account.commit([operation])
    assert.equal((await account.commit([operation])).modSeq, modSeq)
    assert.deepEqual([...(await account.tree()).subscriptions('alice')], ['none'])
    assert.equal((await account.tree()).subscriptions('bob').size, 0)
  },
  'what cannot be done is refused': async ({ account, inbox, create }) => {
    const a = await create('a')
    const table: readonly (readonly [code: string, operation: Operation])[] = [
      ['ALREADYEXISTS', { op: 'createMailbox', name: 'a' }],
      ['ALREADYEXISTS', { op: 'createMailbox', name: 'inbox' }],
      ['CANNOT', { op: 'createMailbox', name: 'a//b' }],
      ['CANNOT', { op: 'createMailbox', name: 'bell\u0007' }],
      ['LIMIT', { op: 'createMailbox', name: 'x'.repeat(256) }],
      ['LIMIT', { op: 'createMailbox', name: Array(33).fill('x').join('/') }],
      ['CANNOT', { op: 'deleteMailbox', mailbox: inbox }],
      ['NONEXISTENT', { op: 'deleteMailbox', mailbox: nowhere }],
      ['ALREADYEXISTS', { op: 'renameMailbox', mailbox: a, to: 'INBOX' }],
      ['NONEXISTENT', { op: 'append', mailbox: nowhere, messages: [] }],
      ['NONEXISTENT', { op: 'copy', from: inbox, uids: [1], to: nowhere }],
    ]
    const before = await account.tree()
    for (const [code, operation] of table) {
      await assert.rejects(account.commit([operation]), refused(code), JSON.stringify(operation))
    }
    assert.equal(await account.tree(), before)
  },
  'all operations or none': async ({ account, inbox }) => {
    await account.commit([await appendOf(account, inbox, ['a'])])
    const before = await account.snapshot(inbox)
    const operations: Operation[] = [
      await appendOf(account, inbox, ['b']),
      { op: 'createMailbox', name: 'new' },
      { op: 'expunge', mailbox: inbox, uids: [1], onlyDeleted: false },
      { op: 'deleteMailbox', mailbox: nowhere },
    ]
    await assert.rejects(account.commit(operations), refused('NONEXISTENT'))
    assert.equal(await account.snapshot(inbox), before)
    assert.equal((await account.tree()).byName.has('new'), false)
    const { uids } = resultOf(await account.commit([await appendOf(account, inbox, ['c'])]), 0, 'append')
    assert.deepEqual(uids, [2])
    assert.deepEqual(flagsByUid(before), { 1: '' })
  },
  'many commits at once have one order, told in that order': async ({ account, inbox }) => {
    const told: number[] = []
    const stop = account.watch((mailboxes, modSeq) => {
      assert.deepEqual(mailboxes, [inbox])
      told.push(modSeq)
    })
    const appends = await Promise.all(Array.from({ length: 40 }, (_, n) => appendOf(account, inbox, [`m${n}`])))
    const committed = await Promise.all(appends.map((operation) => account.commit([operation])))
    stop()
    assert.deepEqual(
      told,
      committed.map(({ modSeq }) => modSeq).sort((a, b) => a - b),
    )
    const uids = committed.map((one) => resultOf(one, 0, 'append').uids[0])
    assert.deepEqual(
      uids,
      Array.from({ length: 40 }, (_, n) => n + 1),
    )
    assert.equal((await account.status([inbox]))[0]?.messages, 40)
  },
  ...quotaBehaviours,
  ...sharingBehaviours,
}

/** The suite that every engine passes. */
export function storeContract(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  void describe(`${name} store`, () => {
    for (const [title, body] of Object.entries(behaviours)) {
      void test(title, async () => {
        const under = await makeStore()
        try {
          const account = await under.store.openAccount('alice')
          await body(await givenOf(account))
          assert.deepEqual(under.check?.(account) ?? [], [])
          await account.close()
        } finally {
          await under.close()
        }
      })
    }

    void test('everything is there after reopening', async (context) => {
      const under = await makeStore()
      try {
        if (!under.reopen) return context.skip('this engine leaves nothing behind')
        const account = await under.store.openAccount('alice')
        const { inbox, create, store } = await givenOf(account)
        await create('a/b')
        await account.commit([await appendOf(account, inbox, ['a', 'b', 'c'], ['Work'])])
        await account.commit([store(inbox, [2], 'add', '\\Seen')])
        await account.commit([{ op: 'expunge', mailbox: inbox, uids: [1], onlyDeleted: false }])
        const before = await account.snapshot(inbox)
        await account.close()
        const again = await (await under.reopen()).openAccount('alice')
        const after = await again.snapshot(inbox)
        assert.deepEqual(flagsByUid(after), flagsByUid(before))
        assert.deepEqual([after.uidNext, after.highestModSeq], [before.uidNext, before.highestModSeq])
        assert.deepEqual((await again.vanishedSince(inbox, asModSeq(0))).ranges, [[1, 1]])
        assert.deepEqual([...(await again.tree()).byName.keys()], ['INBOX', 'a', 'a/b'])
        assert.equal(
          await readMessage(again, after.messages[0]!, after.sizes[0]!),
          sampleMessage('b').toString('latin1'),
        )
        assert.deepEqual(under.check?.(again) ?? [], [])
        await again.close()
      } finally {
        await under.close()
      }
    })

    void test('random histories come to what plain objects come to', async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (history) => {
          const under = await makeStore()
          try {
            let account = await under.store.openAccount('alice')
            const { inbox, create } = await givenOf(account)
            const model = new AccountModel([inbox, await create('one'), await create('two')])
            for (const step of history) {
              if (step.do !== 'reopen') await model.run(account, step, appendOf)
              else if (under.reopen) {
                await account.close()
                account = await (await under.reopen()).openAccount('alice')
              }
            }
            await model.compare(account)
            assert.deepEqual(under.check?.(account) ?? [], [])
            await account.close()
          } finally {
            await under.close()
          }
        }),
        { numRuns: histories },
      )
    })

    void test('an account in use cannot be removed', async () => {
      const under = await makeStore()
      try {
        const account = await under.store.openAccount('alice')
        await assert.rejects(under.store.removeAccount('alice'), { reason: 'busy' })
        await account.close()
        await under.store.removeAccount('alice')
        assert.deepEqual(await under.store.accounts(), [])
      } finally {
        await under.close()
      }
    })
  })
}

async function givenOf(account: AccountStore): Promise<Given> {
  const inbox = (await account.tree()).byName.get('INBOX')
  assert.ok(inbox)
  return {
    account,
    inbox: inbox.id,
    create: async (name) => resultOf(await account.commit([{ op: 'createMailbox', name }]), 0, 'createMailbox').mailbox,
    store: (mailbox, uids, mode, ...flags) => ({ op: 'store', mailbox, uids, mode, flags: flagSetOf(flags) }),
  }
}
