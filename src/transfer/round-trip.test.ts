import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { flagSetOf } from '../model/flags.ts'
import { asUid } from '../model/numbers.ts'
import type { AppendedMessage } from '../model/operation.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import type { AccountStore } from '../store/store.ts'
import { storedOctets } from './duplicates.ts'
import { exportMail } from './export-mail.ts'
import type { ExportOptions } from './export-mail.ts'
import { importMail } from './import-mail.ts'
import { openSource } from './open-source.ts'

/** A message with everything that must survive. */
interface Fixture {
  readonly octets: string
  readonly flags: readonly string[]
  readonly date: number
  readonly uid: number
}

/** Fills a mailbox, made with this UIDVALIDITY where it is not INBOX. */
async function fill(
  account: AccountStore,
  name: string,
  uidValidity: number,
  messages: readonly Fixture[],
): Promise<void> {
  if (name !== 'INBOX') await account.commit([{ op: 'createMailbox', name, uidValidity }])
  const mailbox = (await account.tree()).byName.get(name)
  assert.ok(mailbox)
  const appended: AppendedMessage[] = []
  for (const { octets, flags, date, uid } of messages) {
    const stager = account.stage()
    await stager.write(Buffer.from(octets, 'latin1'))
    const staged = await stager.finish()
    appended.push({ staged, flags: flagSetOf(flags), internalDate: date, uid: asUid(uid) })
  }
  await account.commit([{ op: 'append', mailbox: mailbox.id, messages: appended }])
}

/** All of an account as plain values, to be compared; INBOX is there already and keeps its own UIDVALIDITY. */
async function contents(account: AccountStore): Promise<unknown> {
  const tree = await account.tree()
  const all: Record<string, unknown> = {}
  for (const name of [...tree.byName.keys()].sort()) {
    const mailbox = tree.byName.get(name)
    assert.ok(mailbox)
    const snapshot = await account.snapshot(mailbox.id)
    const messages: unknown[] = []
    for (const [row, uid] of snapshot.uids.entries()) {
      const hash = createHash('sha256')
      for await (const piece of storedOctets(account, snapshot.messages[row]!, snapshot.sizes[row]!)) hash.update(piece)
      const flags = snapshot.flagSets[snapshot.flags.at(row)]?.text
      messages.push([uid, snapshot.sizes[row], snapshot.internalDates[row], flags, hash.digest('hex')])
    }
    const uidValidity = name === 'INBOX' ? 0 : mailbox.uidValidity
    all[name] = { uidValidity, uses: mailbox.specialUse, subscribed: tree.subscriptions('alice').has(name), messages }
  }
  return all
}

const targets: readonly (readonly [name: string, options: ExportOptions])[] = [
  ['maildir', { format: 'maildir' }],
  ['eml', { format: 'eml' }],
  ['mboxo', { format: 'mbox', mboxKind: 'mboxo' }],
  ['mboxrd', { format: 'mbox', mboxKind: 'mboxrd' }],
  ['mboxcl', { format: 'mbox', mboxKind: 'mboxcl' }],
  ['mboxcl2', { format: 'mbox', mboxKind: 'mboxcl2' }],
]

/** Exports, imports into a new account, and compares; a second import must find everything there. */
async function roundTrip(account: AccountStore, options: ExportOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'crispin-transfer-'))
  const store = memoryStore()
  const copy = await store.openAccount('copy')
  try {
    const written = await exportMail(account, folder, { ...options, subscriber: 'alice' })
    assert.deepEqual(written.problems, [])
    const source = await openSource(folder)
    assert.equal(source.format, options.format)
    const dry = await importMail(source, copy, { dryRun: true })
    assert.deepEqual(await contents(copy), await contents(await memoryStore().openAccount('x')))
    const report = await importMail(source, copy, { subscriber: 'alice' })
    assert.deepEqual(report.problems, [])
    assert.equal(report.renumbered, 0)
    assert.deepEqual([report.messages, dry.messages], [written.messages, written.messages])
    const expected = await contents(account)
    assert.deepEqual(await contents(copy), expected)

    const again = await importMail(await openSource(folder), copy, { subscriber: 'alice' })
    assert.deepEqual([again.messages, again.duplicates], [0, written.messages])
    assert.deepEqual(await contents(copy), expected)
  } finally {
    await copy.close()
    await store.close()
    await rm(folder, { recursive: true })
  }
}

const keywords = Array.from({ length: 30 }, (_, at) => `$Label${at}`)

const odd: readonly string[] = [
  'Subject: plain\r\n\r\nhello\r\n',
  'Subject: no end of line\r\n\r\nhello',
  'Subject: header only\r\n',
  'Subject: header and empty line\r\n\r\n',
  'Subject: empty lines at the end\r\n\r\nx\r\n\r\n\r\n\r\n',
  '',
  '\r\n',
  '\r\n\r\nno header\r\n',
  'From a@b Thu Nov 24 18:22:48 1986\r\nSubject: starts like an mbox\r\n\r\nx\r\n',
  'Subject: From lines\r\n\r\nx\r\n\r\nFrom a@b Thu Nov 24 18:22:48 1986\r\nSubject: y\r\n\r\nz\r\n',
  'Subject: quoted From lines\r\n\r\n>From x\r\n>>From y\r\nFrom z\r\nFromage\r\n >From\r\n>>>>>>>>>>>>From\r\n',
  'Subject: quoted only\r\n\r\n>From x\r\n',
  'Subject: bare LF\r\n\r\na\nb\nFrom c\r\n',
  'Subject: bare CR\r\n\r\na\rb\r\n\rc\r\r\nd\r\n',
  'Subject: CR at the end\r\n\r\na\r',
  'Content-Length: 3\r\nStatus: RO\r\nX-Status: AF\r\nX-UID: 7\r\nX-Keywords: old\r\nSubject: own fields\r\n\r\nlonger than three\r\n',
  'X-Crispin-Export: lines=0 length=4 line-ends=lf quoting=rd date=5\r\nSubject: exported before\r\n\r\nx\r\n',
  'X-IMAP: 5 9\r\nSubject: FOLDER INTERNAL DATA\r\n\r\nlooks like a pseudo message\r\n',
  'Subject: 8 bit and NUL\r\n\r\n\xff\x80\0\x01\r\n',
  `Subject: long line\r\n\r\n${'x'.repeat(300_000)}\r\n${'>'.repeat(500)}From x\r\n`,
  'Return-Path: <alice@example.org>\r\nSubject: sender\r\n\r\nx\r\n',
]

test('export and import give back octets, flags, keywords, dates, UIDs and names', async () => {
  const store = memoryStore({ clock: () => 1_500_000_000_000 })
  const account = await store.openAccount('original')
  const flagLists = [
    [],
    ['\\Seen'],
    ['\\Answered', '\\Flagged', '\\Draft', '\\Deleted', '\\Seen'],
    ['$Forwarded', '$Junk'],
  ]
  const messages = odd.map((octets, at) => ({
    octets,
    flags: flagLists[at % flagLists.length] ?? [],
    date: 1_000_000_000 + at * 86_400,
    uid: 5 + at * 3,
  }))
  await fill(account, 'INBOX', 0, messages)
  await fill(account, 'Work', 77, messages.slice(0, 3))
  await fill(account, 'Work/2024.05', 78, [{ octets: 'a: b\r\n\r\n', flags: keywords, date: 1, uid: 4_000_000 }])
  await fill(account, 'Work/Überstunden & "mehr"', 79, messages.slice(0, 1))
  await fill(account, 'work', 80, messages.slice(0, 2))
  await fill(account, 'Empty', 81, [])
  await fill(account, '..', 82, messages.slice(0, 1))
  await fill(account, '../../etc', 83, messages.slice(0, 1))
  await fill(account, 'Work.mbox/x', 84, messages.slice(0, 1))
  await fill(account, 'cur/new', 85, messages.slice(0, 1))
  await fill(account, 'crispin-messages.jsonl', 86, messages.slice(0, 1))
  await fill(account, `${'ä'.repeat(127)}/${'日'.repeat(85)}/end`, 87, messages.slice(0, 1))
  await account.commit([{ op: 'createMailbox', name: 'Sent', uidValidity: 99, specialUse: ['\\Sent'] }])
  await account.commit([{ op: 'subscribe', user: 'alice', name: 'Work', subscribed: true }])
  for (const [, options] of targets) await roundTrip(account, options)
  await store.close()
})

const corpus = join(import.meta.dirname, '../../../shared/corpus')

test(
  'export and import give back a corpus of odd mail',
  { skip: existsSync(corpus) ? false : 'the corpus is not here (../shared/corpus)' },
  async () => {
    const store = memoryStore({ clock: () => 1_500_000_000_000 })
    const account = await store.openAccount('original')
    const files = readdirSync(corpus).filter((file) => file.endsWith('.eml'))
    const messages = files.map((file, at) => ({
      octets: readFileSync(join(corpus, file), 'latin1').replace(/(?<!\r)\n/g, '\r\n'),
      flags: at % 3 === 0 ? ['\\Seen', '$Label1'] : [],
      date: 1_600_000_000 + at,
      uid: at + 1,
    }))
    await fill(account, 'Corpus', 5, messages)
    // The other formats take the same ways through the code, and the messages above have been through them.
    for (const name of ['maildir', 'mboxo', 'mboxcl2']) {
      const [, options] = targets.find(([known]) => known === name) ?? []
      assert.ok(options)
      await roundTrip(account, options)
    }
    await store.close()
  },
)
