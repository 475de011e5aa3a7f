import assert from 'node:assert/strict'
import { maxAclEntries, maxSeenUsers } from '../model/limits.ts'
import type { MailboxId } from '../model/numbers.ts'
import { type Actor, type Operation, resultOf } from '../model/operation.ts'
import { appendOf, type Given, refused } from './contract-material.ts'
import type { AccountStore } from './store.ts'

const grant = (
  mailbox: MailboxId,
  identifier: string,
  rights: string,
  mode: 'replace' | 'add' | 'remove' = 'replace',
): Operation => ({ op: 'setAcl', mailbox, identifier, mode, rights })

const by = (operation: Operation, actor: Actor): Operation => Object.assign({}, operation, actor)

async function aclOf(account: AccountStore, mailbox: MailboxId): Promise<Record<string, string>> {
  return Object.fromEntries((await account.tree()).byId.get(mailbox)?.acl ?? [])
}

/** The flags of all messages as somebody sees them, in their order. */
async function flagsFor(account: AccountStore, mailbox: MailboxId, user?: string): Promise<string[]> {
  const { flags, flagSets, uids } = await account.snapshot(mailbox, user)
  return Array.from(uids, (_uid, row) => flagSets[flags.at(row)]?.text ?? '?')
}

/** What every engine does with access control lists and `\Seen` of several users: a part of the contract's suite. */
export const sharingBehaviours: Readonly<Record<string, (given: Given) => Promise<void>>> = {
  'an access control list is changed entry by entry': async ({ account, inbox }) => {
    assert.deepEqual(await aclOf(account, inbox), {})
    await account.commit([grant(inbox, 'bob', 'srl'), grant(inbox, '-bob', 'w'), grant(inbox, '$team', 'l')])
    assert.deepEqual(await aclOf(account, inbox), { bob: 'lrs', '-bob': 'w', $team: 'l' })
    await account.commit([grant(inbox, 'bob', 'w', 'add'), grant(inbox, 'bob', 's', 'remove')])
    await account.commit([grant(inbox, '$team', 'l', 'remove'), grant(inbox, '-bob', '')])
    assert.deepEqual(await aclOf(account, inbox), { bob: 'lrw' })
    const { version } = await account.tree()
    await account.commit([grant(inbox, 'bob', 'r', 'add'), grant(inbox, 'carol', '')])
    assert.equal((await account.tree()).version, version)
  },
  'who changes an access control list has the right to at the moment of the commit': async ({ account, inbox }) => {
    const byBob = (operation: Operation): Operation => Object.assign({}, operation, { by: ['bob', '$team', 'anyone'] })
    await account.commit([grant(inbox, '$team', 'la'), grant(inbox, 'carol', 'l')])
    await account.commit([byBob(grant(inbox, 'carol', 'lr'))])
    await assert.rejects(
      account.commit([byBob(grant(inbox, '-bob', 'a')), byBob(grant(inbox, 'carol', 'lrs'))]),
      refused('NOPERM'),
    )
    assert.deepEqual(await aclOf(account, inbox), { $team: 'la', carol: 'lr' })
    // Asked for at once: the one that comes later is refused, also where it would change nothing.
    const taken = account.commit([grant(inbox, '$team', '')])
    await assert.rejects(account.commit([byBob(grant(inbox, 'carol', 'lr'))]), refused('NOPERM'))
    await taken
    assert.deepEqual(await aclOf(account, inbox), { carol: 'lr' })
  },
  'an access control list has a limit, and an identifier, too': async ({ account, inbox }) => {
    await account.commit(Array.from({ length: maxAclEntries }, (_, n) => grant(inbox, 'user' + n, 'l')))
    await assert.rejects(account.commit([grant(inbox, 'one more', 'l')]), refused('LIMIT'))
    await account.commit([grant(inbox, 'user0', 'r', 'add')])
    await assert.rejects(account.commit([grant(inbox, '', 'l')]), refused('CANNOT'))
    await assert.rejects(account.commit([grant(inbox, 'x'.repeat(10_000), 'l')]), refused('CANNOT'))
  },
  'new mailboxes are shared as their superior one is, and keep that wherever they go': async ({ account, create }) => {
    const work = await create('work')
    await account.commit([grant(work, 'bob', 'lr'), { op: 'setSeenPerUser', mailbox: work, perUser: true }])
    const deep = await create('work/a/b')
    const between = (await account.tree()).byName.get('work/a')
    assert.deepEqual(await aclOf(account, deep), { bob: 'lr' })
    assert.deepEqual([...(between?.acl ?? [])], [['bob', 'lr']])
    assert.equal((await account.tree()).byId.get(deep)?.seenPerUser, true)
    await account.commit([grant(work, 'bob', ''), { op: 'renameMailbox', mailbox: deep, to: 'else' }])
    assert.deepEqual(await aclOf(account, deep), { bob: 'lr' })
    await account.commit([{ op: 'deleteMailbox', mailbox: deep }])
    assert.deepEqual(await aclOf(account, await create('else')), {})
  },
  'each user has seen other messages': async ({ account, inbox, store }) => {
    await account.commit([{ op: 'setSeenPerUser', mailbox: inbox, perUser: true }, grant(inbox, 'bob', 'lrsw')])
    await account.commit([await appendOf(account, inbox, ['a', 'b'], ['\\Seen', 'Work'])])
    await account.commit([by(await appendOf(account, inbox, ['c'], ['\\Seen']), { user: 'bob' })])
    assert.deepEqual(await flagsFor(account, inbox), ['\\Seen Work', '\\Seen Work', ''])
    assert.deepEqual(await flagsFor(account, inbox, 'bob'), ['Work', 'Work', '\\Seen'])
    await account.commit([by(store(inbox, [1], 'add', '\\Seen', '\\Flagged'), { user: 'bob' })])
    assert.deepEqual(await flagsFor(account, inbox), ['\\Flagged \\Seen Work', '\\Seen Work', ''])
    assert.deepEqual(await flagsFor(account, inbox, 'bob'), ['\\Flagged \\Seen Work', 'Work', '\\Seen'])
    assert.deepEqual(
      (await account.status([inbox], 'bob')).map(({ unseen }) => unseen),
      [1],
    )
    assert.deepEqual(
      (await account.status([inbox], 'carol')).map(({ unseen }) => unseen),
      [3],
    )
  },
  'what a user has seen stays with the messages when others go': async ({ account, inbox, store }) => {
    await account.commit([{ op: 'setSeenPerUser', mailbox: inbox, perUser: true }])
    const subjects = Array.from({ length: 100 }, (_, n) => 's' + n)
    await account.commit([await appendOf(account, inbox, subjects)])
    await account.commit([by(store(inbox, [1, 40, 90, 99], 'add', '\\Seen'), { user: 'bob' })])
    const gone = Array.from({ length: 88 }, (_, n) => n + 2).filter((uid) => uid !== 40)
    await account.commit([{ op: 'expunge', mailbox: inbox, uids: gone, onlyDeleted: false }])
    const seen = async (): Promise<number[]> => {
      const { uids } = await account.snapshot(inbox)
      const flags = await flagsFor(account, inbox, 'bob')
      return [...uids].filter((_, row) => flags[row] === '\\Seen')
    }
    assert.deepEqual(await seen(), [1, 40, 90, 99])
    await account.commit([by(store(inbox, [100], 'add', '\\Seen'), { user: 'bob' })])
    await account.commit([by(store(inbox, [1], 'remove', '\\Seen'), { user: 'bob' })])
    assert.deepEqual(await seen(), [40, 90, 99, 100])
    const [status] = await account.status([inbox], 'bob')
    assert.equal(status?.unseen, (status?.messages ?? 0) - 4)
  },
  'so many users have a \\Seen of their own, and no more': async ({ account, inbox, store }) => {
    await account.commit([{ op: 'setSeenPerUser', mailbox: inbox, perUser: true }])
    await account.commit([await appendOf(account, inbox, ['a'])])
    const mark = (user: string) => by(store(inbox, [1], 'add', '\\Seen'), { user })
    await account.commit(Array.from({ length: maxSeenUsers }, (_, n) => mark('user' + n)))
    await assert.rejects(account.commit([mark('one more')]), refused('LIMIT'))
    await account.commit([by(store(inbox, [1], 'remove', '\\Seen'), { user: 'user0' }), mark('user1')])
    await account.commit([by(await appendOf(account, inbox, ['b'], ['\\Seen']), { user: 'one more' })])
    assert.deepEqual(await flagsFor(account, inbox, 'one more'), ['', ''])
  },
  'a copy is seen by the one who copies, if the message was': async ({ account, inbox, create, store }) => {
    const shared = await create('shared')
    await account.commit([{ op: 'setSeenPerUser', mailbox: shared, perUser: true }, grant(shared, 'bob', 'lrsi')])
    await account.commit([await appendOf(account, shared, ['a', 'b'], [])])
    await account.commit([by(store(shared, [1], 'add', '\\Seen'), { user: 'bob' })])
    await account.commit([{ op: 'copy', from: shared, uids: [1, 2], to: inbox, user: 'bob', rights: 'lrsi' }])
    assert.deepEqual(await flagsFor(account, inbox), ['\\Seen', ''])
    await account.commit([{ op: 'copy', from: inbox, uids: [1, 2], to: shared, user: 'bob', rights: 'lrsi' }])
    assert.deepEqual(await flagsFor(account, shared), ['', '', '', ''])
    assert.deepEqual(await flagsFor(account, shared, 'bob'), ['\\Seen', '', '\\Seen', ''])
    await account.commit([{ op: 'copy', from: inbox, uids: [1], to: shared, user: 'bob', rights: 'lri' }])
    assert.deepEqual((await flagsFor(account, shared, 'bob')).at(-1), '')
  },
  'rights say which flags are set': async ({ account, inbox, store }) => {
    const all = ['\\Deleted', '\\Flagged', '\\Seen', 'Work']
    for (const [rights, set] of [
      ['s', '\\Seen'],
      ['t', '\\Deleted'],
      ['w', '\\Flagged Work'],
      ['', ''],
      ['swt', '\\Flagged \\Deleted \\Seen Work'],
    ] as const) {
      const append = by(await appendOf(account, inbox, ['a'], all), { user: 'bob', rights })
      const [uid = 0] = resultOf(await account.commit([append]), 0, 'append').uids
      assert.deepEqual((await flagsFor(account, inbox)).at(-1), set, `append with ${rights}`)
      await account.commit([store(inbox, [uid], 'replace')])
      await account.commit([by(store(inbox, [uid], 'add', ...all), { user: 'bob', rights })])
      assert.deepEqual((await flagsFor(account, inbox)).at(-1), set, `add with ${rights}`)
      await account.commit([{ op: 'copy', from: inbox, uids: [uid], to: inbox, user: 'bob', rights }])
      assert.deepEqual((await flagsFor(account, inbox)).at(-1), set, `copy with ${rights}`)
      await account.commit([store(inbox, [uid], 'replace', ...all)])
      await account.commit([by(store(inbox, [uid], 'replace', '\\Answered'), { user: 'bob', rights })])
      const left = all.filter((flag) => !set.includes(flag))
      const answered = rights.includes('w') ? ['\\Answered'] : []
      const { flagSets, flags, uids } = await account.snapshot(inbox)
      const now = flagSets[flags.at(uids.indexOf(uid))]?.text.split(' ') ?? []
      assert.deepEqual(now.filter(Boolean).sort(), [...left, ...answered].sort(), `replace with ${rights}`)
    }
  },
  'where \\Seen begins to be each one’s own, all messages count as changed': async ({ account, inbox }) => {
    await account.commit([await appendOf(account, inbox, ['a', 'b'], ['\\Seen']), grant(inbox, 'bob', 'lr')])
    assert.deepEqual(await flagsFor(account, inbox, 'bob'), ['\\Seen', '\\Seen'])
    const { modSeq } = await account.commit([{ op: 'setSeenPerUser', mailbox: inbox, perUser: true }])
    const { modSeqs } = await account.snapshot(inbox)
    assert.deepEqual([modSeqs.at(0), modSeqs.at(1)], [modSeq, modSeq])
    assert.deepEqual(await flagsFor(account, inbox, 'bob'), ['', ''])
    assert.deepEqual(await flagsFor(account, inbox), ['\\Seen', '\\Seen'])
    await account.commit([{ op: 'setSeenPerUser', mailbox: inbox, perUser: false }])
    assert.deepEqual(await flagsFor(account, inbox, 'bob'), ['\\Seen', '\\Seen'])
  },
}
