import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noFlags } from '../../model/flags.ts'
import type { AccountStore } from '../../store/store.ts'
import { memoryStore } from '../../store/memory/memory-store.ts'
import { Cursor } from '../../wire/cursor.ts'
import { parseNotify } from '../../wire/notify-grammar.ts'
import { ownPlace } from '../namespaces.ts'
import type { ImapSession } from '../session.ts'
import { AccountWatch, TooManyWatched, type Watching } from './account-watch.ts'
import { requestOf } from './request.ts'

/** What a watch uses of a session; `lines` is what the client is told. */
function sessionFor(lines: string[]): ImapSession {
  const session = {
    out: { line: (text: string) => lines.push(text), full: false },
    others: { hold: () => () => {} },
    mailboxText: (name: string) => name,
    condstore: false,
    selected: undefined,
  }
  return session as unknown as ImapSession // no more of it is used here
}

function watchingFor(lines: string[], room: number): Watching {
  const set = parseNotify(new Cursor(' SET (personal (MessageNew MessageExpunge MailboxName))'))
  assert(set)
  return { session: sessionFor(lines), request: requestOf(set, (name) => name), subscribed: new Set(), room }
}

async function deliver(account: AccountStore, name: string): Promise<void> {
  const mailbox = (await account.tree()).byName.get(name)
  assert(mailbox)
  const stager = account.stage()
  await stager.write(Buffer.from('Subject: x\r\n\r\n'))
  const staged = await stager.finish()
  const messages = [{ staged, flags: noFlags, internalDate: 0 }]
  await account.commit([{ op: 'append', mailbox: mailbox.id, messages }])
}

test('however much happens until the client is told, each mailbox is told once', async () => {
  const store = memoryStore()
  const account = await store.openAccount('alice')
  const names = Array.from({ length: 300 }, (_, n) => `m${n}`)
  for (const name of names) await account.commit([{ op: 'createMailbox', name }])
  const lines: string[] = []
  let wakes = 0
  const watching = watchingFor(lines, 1000)
  const watch = await AccountWatch.start(watching, ownPlace(account), () => wakes++, 'silent')
  assert.equal(watch.size, 301)
  assert.equal(watch.isDue, false)
  for (let round = 0; round < 5; round++) for (const name of names) await deliver(account, name)
  for (let round = 0; round < 50; round++) {
    await account.commit([{ op: 'createMailbox', name: 'comes' }])
    const made = (await account.tree()).byName.get('comes')
    assert(made)
    await account.commit([{ op: 'deleteMailbox', mailbox: made.id }])
  }
  assert.equal(watch.isDue, true)
  assert.equal(wakes, 1600) // a call each, and no more is kept of them than which mailboxes they touched
  await watch.tell(watching)
  assert.equal(lines.length, 300)
  assert.match(lines[0] ?? '', /^\* STATUS m0 \(MESSAGES 5 UIDNEXT 6 UIDVALIDITY \d+ UNSEEN 5\)$/)
  assert.equal(watch.isDue, false)
  await watch.tell(watching)
  assert.equal(lines.length, 300)
  watch.stop()
  await deliver(account, 'm0')
  assert.equal(watch.isDue, false)
  await store.close()
})

test('more mailboxes than there is room for are refused, and what was begun is undone', async () => {
  const store = memoryStore()
  const account = await store.openAccount('alice')
  for (let n = 0; n < 5; n++) await account.commit([{ op: 'createMailbox', name: `m${n}` }])
  const woken = (): void => assert.fail('nothing is watched')
  await assert.rejects(
    AccountWatch.start(watchingFor([], 5), ownPlace(account), woken, 'silent'),
    (error) => error instanceof TooManyWatched,
  )
  await deliver(account, 'm0')
  await store.close()
})

test('own commits are known; the same mailbox touched by others, too, is told', async () => {
  const store = memoryStore()
  const account = await store.openAccount('alice')
  await account.commit([{ op: 'createMailbox', name: 'Work' }])
  const lines: string[] = []
  const watching = watchingFor(lines, 10)
  const watch = await AccountWatch.start(watching, ownPlace(account), () => {}, 'silent')
  const { modSeq } = await account.commit([{ op: 'createMailbox', name: 'Mine' }])
  watch.noteOwn(modSeq)
  await watch.tell(watching)
  assert.deepEqual(lines, [])
  await deliver(account, 'Work')
  watch.noteOwn((await account.status([...(await account.tree()).byId.keys()])).at(1)!.highestModSeq) // there are three
  await watch.tell(watching)
  assert.deepEqual(lines, [])
  await deliver(account, 'Work')
  watch.noteOwn((await account.status([...(await account.tree()).byId.keys()])).at(1)!.highestModSeq)
  await deliver(account, 'Work')
  await watch.tell(watching)
  assert.equal(lines.length, 1)
  watch.stop()
  await store.close()
})
