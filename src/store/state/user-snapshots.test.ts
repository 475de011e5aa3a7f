import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pageRows } from '../../model/column.ts'
import { flagSetOf } from '../../model/flags.ts'
import type { MailboxId } from '../../model/numbers.ts'
import { type Operation, resultOf } from '../../model/operation.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import { appendOf } from '../contract-material.ts'
import { memoryStore } from '../memory/memory-store.ts'
import type { AccountStore } from '../store.ts'

const rows = 2 * pageRows + 100

/** A mailbox of a few pages in which users have a `\Seen` of their own. */
async function mailbox(): Promise<{ account: AccountStore; id: MailboxId }> {
  const account = await memoryStore().openAccount('alice')
  const made = await account.commit([{ op: 'createMailbox', name: 'Work' }])
  const id = resultOf(made, 0, 'createMailbox').mailbox
  await account.commit([{ op: 'setSeenPerUser', mailbox: id, perUser: true }])
  await account.commit([await appendOf(account, id, ['a'])])
  const copy: Operation = { op: 'copy', from: id, uids: [1], to: id }
  await account.commit(Array.from({ length: rows - 1 }, () => copy))
  return { account, id }
}

const store = (id: MailboxId, uids: number[], mode: 'add' | 'remove', flag: string, user?: string): Operation => ({
  op: 'store',
  mailbox: id,
  uids,
  mode,
  flags: flagSetOf([flag]),
  ...(user !== undefined && { user }),
})

const flagsIn = ({ flags, flagSets, uids }: MailboxSnapshot): Map<number, string> =>
  new Map(Array.from(uids, (uid, row) => [uid, flagSets[flags.at(row)]?.text ?? '?']))

test('snapshots of users share the pages that nothing of theirs is in, and those that have not changed', async () => {
  const { account, id } = await mailbox()
  const owners = await account.snapshot(id)
  const nothing = await account.snapshot(id, 'carol')
  assert.deepEqual(nothing.flags.pages, owners.flags.pages)
  nothing.flags.pages.forEach((page, n) => assert.equal(page, owners.flags.pages[n]))
  assert.equal(await account.snapshot(id, 'carol'), nothing)

  await account.commit([store(id, [1, pageRows + 1], 'add', '\\Seen', 'bob')])
  const first = await account.snapshot(id, 'bob')
  await account.commit([store(id, [2], 'add', '\\Seen', 'bob')])
  const second = await account.snapshot(id, 'bob')
  assert.notEqual(second.flags.pages[0], first.flags.pages[0])
  assert.equal(second.flags.pages[1], first.flags.pages[1])
  assert.equal(second.flags.pages[2], (await account.snapshot(id)).flags.pages[2])
})

test('whatever happens, a user sees the flags of all and the \\Seen of their own', async () => {
  const uid = fc.integer({ min: 1, max: rows + 50 })
  const uids = fc.oneof(
    fc.array(uid, { maxLength: 4 }),
    fc.tuple(uid, uid).map(([a, b]) => Array.from({ length: Math.abs(a - b) }, (_, n) => Math.min(a, b) + n)),
  )
  const user = fc.constantFrom('bob', 'carol')
  const step = fc.oneof(
    fc.record({
      do: fc.constant('see' as const),
      uids,
      mode: fc.constantFrom('add' as const, 'remove' as const),
      user,
    }),
    fc.record({ do: fc.constant('flag' as const), uids, flag: fc.constantFrom('\\Seen', '\\Flagged', 'Work', 'Late') }),
    fc.record({ do: fc.constant('expunge' as const), uids }),
    fc.record({ do: fc.constant('append' as const) }),
    fc.record({ do: fc.constant('look' as const), user }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { account, id } = await mailbox()
      const seen = { bob: new Set<number>(), carol: new Set<number>() }
      const held: MailboxSnapshot[] = []
      for (const one of steps) {
        if (one.do === 'append') await account.commit([await appendOf(account, id, ['b', 'c'])])
        else if (one.do === 'expunge') {
          await account.commit([{ op: 'expunge', mailbox: id, uids: one.uids, onlyDeleted: false }])
        } else if (one.do === 'flag') await account.commit([store(id, one.uids, 'add', one.flag)])
        else if (one.do === 'look') held.push(await account.snapshot(id, one.user))
        else {
          const { uids: there } = await account.snapshot(id)
          const live = new Set(there)
          for (const each of one.uids.filter((candidate) => live.has(candidate))) {
            if (one.mode === 'add') seen[one.user].add(each)
            else seen[one.user].delete(each)
          }
          await account.commit([store(id, one.uids, one.mode, '\\Seen', one.user)])
        }
      }
      const owners = flagsIn(await account.snapshot(id))
      for (const name of ['bob', 'carol'] as const) {
        const expected = [...owners].map(([each, text]) => {
          const others = text.split(' ').filter((flag) => flag !== '' && flag !== '\\Seen')
          return [each, flagSetOf([...others, ...(seen[name].has(each) ? ['\\Seen'] : [])]).text] as const
        })
        assert.deepEqual(flagsIn(await account.snapshot(id, name)), new Map(expected))
      }
      await account.close()
    }),
    { numRuns: 25 },
  )
})
