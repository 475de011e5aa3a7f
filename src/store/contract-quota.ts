import assert from 'node:assert/strict'
import { maxMetadataEntries, maxMetadataValueBytes } from '../model/limits.ts'
import { type Metadata, type MetadataChange, noMetadata } from '../model/metadata.ts'
import type { MailboxId } from '../model/numbers.ts'
import type { Operation } from '../model/operation.ts'
import type { QuotaLimits } from '../model/quota.ts'
import { appendOf, type Given, refused, sampleMessage } from './contract-material.ts'
import type { AccountStore } from './store.ts'

const octets = (text: string): Buffer => Buffer.from(text)
const texts = ({ shared }: Metadata): Record<string, string> =>
  Object.fromEntries([...shared].map(([name, value]) => [name, Buffer.from(value).toString()]))

async function metadataOf(account: AccountStore, mailbox?: MailboxId): Promise<Metadata> {
  return (await account.tree()).metadata(mailbox)
}

async function limit(account: AccountStore, limits: QuotaLimits | undefined): Promise<void> {
  await account.commit([{ op: 'setQuota', limits }])
}

/** Octets of a message that {@link appendOf} makes of a subject of one letter. */
const one = sampleMessage('a').length

/** What every engine does with annotations and quotas: a part of the contract's suite. */
export const quotaBehaviours: Readonly<Record<string, (given: Given) => Promise<void>>> = {
  'annotations are set, replaced and taken away, all or none': async ({ account, inbox }) => {
    const set = (entries: MetadataChange[], mailbox?: MailboxId): Operation => ({
      op: 'setMetadata',
      ...(mailbox !== undefined && { mailbox }),
      entries,
    })
    assert.equal(await metadataOf(account, inbox), noMetadata)
    await account.commit([set([['/shared/comment', octets('one')]], inbox), set([['/shared/comment', octets('all')]])])
    assert.deepEqual(texts(await metadataOf(account, inbox)), { '/shared/comment': 'one' })
    assert.deepEqual(texts(await metadataOf(account)), { '/shared/comment': 'all' })
    const before = await metadataOf(account, inbox)
    const { modSeq } = await account.commit([set([['/shared/comment', octets('one')]], inbox)])
    assert.equal(await metadataOf(account, inbox), before)
    const changed = await account.commit([
      set(
        [
          ['/shared/comment', null],
          ['/shared/x', octets('')],
        ],
        inbox,
      ),
    ])
    assert.ok(changed.modSeq > modSeq)
    assert.deepEqual(texts(await metadataOf(account, inbox)), { '/shared/x': '' })
    const tooLong = Buffer.alloc(maxMetadataValueBytes + 1)
    await assert.rejects(
      account.commit([set([['/shared/x', null]], inbox), set([['/shared/y', tooLong]], inbox)]),
      refused(`METADATA MAXSIZE ${maxMetadataValueBytes}`),
    )
    assert.deepEqual(texts(await metadataOf(account, inbox)), { '/shared/x': '' })
  },
  'each user has annotations of their own': async ({ account, inbox }) => {
    for (const user of ['alice', 'bob']) {
      await account.commit([{ op: 'setMetadata', mailbox: inbox, user, entries: [['/private/x', octets(user)]] }])
    }
    const { shared, private: ofUsers } = await metadataOf(account, inbox)
    assert.equal(shared.size, 0)
    assert.equal(String(ofUsers.get('bob')?.get('/private/x')), 'bob')
    await account.commit([{ op: 'setMetadata', mailbox: inbox, user: 'bob', entries: [['/private/x', null]] }])
    assert.deepEqual([...(await metadataOf(account, inbox)).private.keys()], ['alice'])
  },
  'annotations are limited in number': async ({ account, inbox }) => {
    const entries = Array.from({ length: maxMetadataEntries }, (_, n) => [`/shared/${n}`, octets('x')] as const)
    await account.commit([{ op: 'setMetadata', mailbox: inbox, entries }])
    const more: Operation = { op: 'setMetadata', mailbox: inbox, entries: [['/shared/more', octets('x')]] }
    await assert.rejects(account.commit([more]), refused('METADATA TOOMANY'))
    await account.commit([{ op: 'setMetadata', mailbox: inbox, entries: [['/shared/0', octets('other')]] }])
    await account.commit([{ op: 'setMetadata', mailbox: inbox, user: 'bob', entries: [['/private/x', octets('x')]] }])
    await account.commit([{ op: 'setMetadata', mailbox: inbox, entries: [['!hidden', octets('x')]] }])
  },
  'annotations follow a mailbox that is renamed, and go with it': async ({ account, inbox, create }) => {
    const work = await create('Work')
    const note: Operation = { op: 'setMetadata', mailbox: work, entries: [['/shared/comment', octets('note')]] }
    await account.commit([note, { op: 'setQuota', mailbox: work, limits: { messages: 3 } }])
    await account.commit([{ op: 'renameMailbox', mailbox: work, to: 'Play' }])
    assert.deepEqual(texts(await metadataOf(account, work)), { '/shared/comment': 'note' })
    await account.commit([{ op: 'deleteMailbox', mailbox: work }])
    assert.equal(await metadataOf(account, work), noMetadata)
    assert.equal((await account.quotas()).length, 1)
    const hidden: MetadataChange[] = [
      ['/shared/comment', octets('in')],
      ['!key', octets('secret')],
    ]
    await account.commit([{ op: 'setMetadata', mailbox: inbox, entries: hidden }])
    await account.commit([{ op: 'renameMailbox', mailbox: inbox, to: 'Old' }])
    const old = (await account.tree()).byName.get('Old')
    assert.deepEqual(texts(await metadataOf(account, old?.id)), { '/shared/comment': 'in' })
    assert.deepEqual(texts(await metadataOf(account, inbox)), { '/shared/comment': 'in', '!key': 'secret' })
  },
  "a special use is one mailbox's": async ({ account, create }) => {
    const [a, b] = [await create('a'), await create('b')]
    const usesOf = async (): Promise<unknown[]> =>
      [a, b].map(async (id) => (await account.tree()).byId.get(id)?.specialUse)
    await account.commit([{ op: 'setSpecialUse', mailbox: a, specialUse: ['\\Sent', '\\Drafts'] }])
    await account.commit([{ op: 'setSpecialUse', mailbox: b, specialUse: ['\\Sent'] }])
    assert.deepEqual(await Promise.all(await usesOf()), [['\\Drafts'], ['\\Sent']])
    await account.commit([{ op: 'createMailbox', name: 'c', specialUse: ['\\Sent', '\\Drafts'] }])
    assert.deepEqual(await Promise.all(await usesOf()), [[], []])
  },
  'usage is what there is': async ({ account, inbox, create }) => {
    const work = await create('Work')
    await account.commit([await appendOf(account, inbox, ['a', 'b', 'c'])])
    await account.commit([{ op: 'copy', from: inbox, uids: [1, 2], to: work }])
    await account.commit([{ op: 'move', from: inbox, uids: [3], to: work }])
    await account.commit([{ op: 'expunge', mailbox: inbox, uids: [1], onlyDeleted: false }])
    await account.commit([{ op: 'setMetadata', mailbox: work, entries: [['/shared/x', octets('12')]] }])
    const usage = async (n: number): Promise<unknown> => (await account.quotas())[n]?.usage
    assert.deepEqual(await usage(0), { storage: 4 * one, messages: 4, mailboxes: 2, annotations: 11 })
    await account.commit([{ op: 'setQuota', mailbox: work, limits: {} }])
    await create('Work/a')
    assert.deepEqual(await usage(1), { storage: 3 * one, messages: 3, mailboxes: 2, annotations: 11 })
    await account.commit([{ op: 'deleteMailbox', mailbox: work }])
    assert.deepEqual(await usage(0), { storage: one, messages: 1, mailboxes: 2, annotations: 0 })
    assert.equal(await usage(1), undefined)
  },
  'what goes above a limit is refused, whole; what does not add is not': async ({ account, inbox, create, store }) => {
    const work = await create('Work')
    await account.commit([await appendOf(account, inbox, ['a', 'b', 'c'])])
    await limit(account, { storage: 4 * one, mailboxes: 2, annotations: 11 })
    const two = await appendOf(account, inbox, ['d', 'e'])
    await assert.rejects(account.commit([two]), refused('OVERQUOTA'))
    await assert.rejects(account.commit([{ op: 'copy', from: inbox, uids: [1, 2], to: work }]), refused('OVERQUOTA'))
    await account.commit([{ op: 'expunge', mailbox: inbox, uids: [1], onlyDeleted: false }, two])
    await assert.rejects(account.commit([await appendOf(account, inbox, ['f'])]), refused('OVERQUOTA'))
    await account.commit([{ op: 'move', from: inbox, uids: [2], to: work }])
    await assert.rejects(account.commit([{ op: 'createMailbox', name: 'more' }]), refused('OVERQUOTA'))
    await account.commit([{ op: 'renameMailbox', mailbox: work, to: 'Play' }])
    const note = (value: string): Operation => ({
      op: 'setMetadata',
      mailbox: work,
      entries: [['/shared/x', octets(value)]],
    })
    await assert.rejects(account.commit([note('123')]), refused('OVERQUOTA'))
    await account.commit([note('12')])
    // Lowered below what there is, a limit takes nothing away, and leaves the way out open.
    await limit(account, { messages: 2 })
    await account.commit([store(inbox, [3], 'add', '\\Deleted')])
    await account.commit([{ op: 'expunge', mailbox: inbox, uids: [3], onlyDeleted: true }])
    await assert.rejects(account.commit([await appendOf(account, inbox, ['g'])]), refused('OVERQUOTA'))
    await limit(account, {})
    await account.commit([await appendOf(account, inbox, ['h'])])
  },
  'a tree of mailboxes may have limits of its own': async ({ account, inbox, create }) => {
    const [work, below, beside] = [await create('Work'), await create('Work/a'), await create('Workshop')]
    await account.commit([{ op: 'setQuota', mailbox: work, limits: { messages: 2 } }])
    await account.commit([await appendOf(account, inbox, ['a', 'b', 'c'])])
    await account.commit([{ op: 'copy', from: inbox, uids: [1, 2, 3], to: beside }])
    await assert.rejects(
      account.commit([{ op: 'move', from: inbox, uids: [1, 2, 3], to: below }]),
      refused('OVERQUOTA'),
    )
    await account.commit([{ op: 'move', from: inbox, uids: [1, 2], to: below }])
    await account.commit([{ op: 'move', from: below, uids: [1], to: work }])
    await assert.rejects(account.commit([{ op: 'renameMailbox', mailbox: beside, to: 'Work/b' }]), refused('OVERQUOTA'))
    await account.commit([{ op: 'setQuota', mailbox: below, limits: {} }])
    assert.deepEqual(
      (await account.quotas()).map(({ usage }) => [usage.mailboxes, usage.messages]),
      [
        [4, 6],
        [2, 2],
        [1, 1],
      ],
    )
    await account.commit([{ op: 'setQuota', mailbox: work, limits: undefined }])
    await account.commit([{ op: 'renameMailbox', mailbox: beside, to: 'Work/b' }])
  },
}
