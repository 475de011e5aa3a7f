/** The index against searches that read every message. */
import assert from 'node:assert/strict'
import { cpSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { flagSet } from '../../../model/flags.ts'
import { asMailboxId } from '../../../model/numbers.ts'
import { withMethods, withoutHints } from '../../../search/mailbox.test-support.ts'
import { search } from '../../../search/search.ts'
import type { SearchKey } from '../../../wire/search-grammar.ts'
import { stageMessage } from '../../contract.ts'
import { type AccountStore, type Store, StoreFailure } from '../../store.ts'
import { AccountHandle } from '../account-handle.ts'
import { embeddedStore } from '../index.ts'

const limits = { idleTextMs: 3_600_000, segmentBytes: [64 * 1024] }
const inbox = asMailboxId(1)

async function append(account: AccountStore, mails: readonly (string | Buffer)[]): Promise<void> {
  const messages = []
  for (const mail of mails) {
    const octets = typeof mail === 'string' ? Buffer.from(mail.replaceAll('\n', '\r\n')) : mail
    messages.push({ staged: await stageMessage(account, octets), flags: flagSet(0) })
  }
  await account.commit([{ op: 'append', mailbox: inbox, messages }])
}

async function indexAll(account: AccountStore): Promise<void> {
  assert.ok(account instanceof AccountHandle)
  await account.indexText()
}

/** The rows that match, and how many messages were read for it. */
async function found(account: AccountStore, key: SearchKey): Promise<{ rows: number[]; read: number }> {
  const read = new Set<number>()
  const snapshot = await account.snapshot(inbox)
  const counted = withMethods(account, {
    readBlob(message, offset, into) {
      read.add(message)
      return account.readBlob(message, offset, into)
    },
  })
  const rows = await search(key, {
    account: counted,
    snapshot,
    viewUids: snapshot.uids,
    saved: new Uint32Array(0),
    isRecent: () => false,
    now: 0,
    breathe: () => undefined,
  })
  return { rows: [...rows], read: read.size }
}

async function assertExact(account: AccountStore, key: SearchKey): Promise<void> {
  const { rows } = await found(account, key)
  assert.deepEqual(rows, (await found(withoutHints(account), key)).rows, JSON.stringify(key))
}

const long = 'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(6)
const words = [
  'the', 'The', 'other', 'Straße', 'ΣΊΣΥΦΟΣ', 'ﬁnal', 'naïve', 'x', 'report', 'quarterly', '語彙', '한국어', '😀a', 'e\u0301',
  long, long.slice(3, 100), long.slice(0, 64), long.slice(0, 65), long.slice(7, 39), 'a@example.org', '<b>', '&amp;',
] // prettier-ignore
const borders = [' ', '\n', '', '-', '.', ' \u00a0', '“', '_', ', ']
const text = fc
  .array(fc.tuple(fc.constantFrom(...words), fc.constantFrom(...borders)), { maxLength: 10 })
  .map((pairs) => pairs.flat().join(''))

const encoded = (body: string, encoding: string): string => {
  const octets = Buffer.from(body.replaceAll('\n', '\r\n'))
  if (encoding === 'base64') return octets.toString('base64').replace(/.{40}/g, '$&\n')
  if (encoding !== 'quoted-printable') return body
  return [...octets].map((octet, n) => '=' + octet.toString(16).toUpperCase().padStart(2, '0') + (n % 20 === 19 ? '=\n' : '')).join('') // prettier-ignore
}
const part = fc
  .tuple(
    text,
    fc.constantFrom('8bit', 'base64', 'quoted-printable', 'x-none'),
    fc.constantFrom('text/plain', 'text/html', 'application/pdf'),
  ) // prettier-ignore
  .map(([body, encoding, type]) => {
    const charset = type.startsWith('text') ? '; charset=utf-8' : ''
    return `Content-Type: ${type}${charset}\nContent-Transfer-Encoding: ${encoding}\n\n${encoded(body, encoding)}`
  })
const mail = fc.tuple(text, fc.array(part, { minLength: 1, maxLength: 3 })).map(([subject, parts]) => {
  const header = `Subject: =?utf-8?B?${Buffer.from(subject.replaceAll('\n', ' ')).toString('base64')}?=\nReferences: <${subject.length}@x>\n`
  const [only] = parts
  if (parts.length === 1 && only) return header + only
  return `${header}Content-Type: multipart/mixed; boundary=q\n\n${parts.map((one) => `--q\n${one}\n`).join('')}--q--\n`
})

/** A piece of a text, whatever its borders. */
const needle = fc
  .tuple(fc.oneof(text, fc.constantFrom(...words)), fc.nat(60), fc.nat(40), fc.boolean())
  .map(([whole, start, length, lower]) => {
    const piece = whole.slice(start % (whole.length + 1)).slice(0, length + 1)
    return (lower ? piece.toLowerCase() : piece).toWellFormed()
  })
const key: fc.Arbitrary<SearchKey> = fc.oneof(
  fc.record({ key: fc.constantFrom('TEXT', 'BODY', 'SUBJECT'), value: needle }),
  fc.record({ key: fc.constant('HEADER'), field: fc.constantFrom('References', 'Content-Type', 'To'), value: needle }),
  fc.record({ key: fc.constant('NOT'), operand: fc.record({ key: fc.constant('BODY'), value: needle }) }),
)

void describe('the index of texts', () => {
  let scratch = ''
  let store: Store
  let account: AccountStore
  const directory = (): string => join(scratch, 'store')
  const runs = (): string[] => readdirSync(join(directory(), 'accounts/alice/text')).toSorted()
  const open = async (): Promise<void> => {
    store = await embeddedStore({ directory: directory(), limits })
    account = await store.openAccount('alice')
  }
  const assertExactAll = (numRuns: number): Promise<void> =>
    fc.assert(
      fc.asyncProperty(key, (one) => assertExact(account, one)),
      { numRuns },
    )

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'crispin-text-'))
    await open()
  })
  after(async () => {
    await store.close()
    rmSync(scratch, { recursive: true })
  })

  test('finds what reading finds: indexed a quarter, in several runs, merged, half', async () => {
    const mails = fc.sample(mail, { numRuns: 200, seed: 4 })
    await assertExactAll(2)
    for (let start = 0; start < 100; start += 20) {
      await append(account, mails.slice(start, start + 20))
      await indexAll(account)
      await assertExactAll(10)
    }
    assert.equal(runs().length, 2) // the first four are one
    await append(account, mails.slice(100))
    await assertExactAll(40)
  })

  test('a part of one word is found without reading', async () => {
    await indexAll(account)
    for (const value of ['quarter', 'HE', 'ς', long.slice(20, 52)]) {
      const { rows, read } = await found(account, { key: 'BODY', value })
      assert.ok(rows.length > 0 && read === 0, value)
    }
    assert.equal((await found(account, { key: 'TEXT', value: 'absent' })).read, 0)
    assert.equal((await found(account, { key: 'HEADER', field: 'References', value: 'absent' })).read, 0)
    const { rows, read } = await found(account, { key: 'BODY', value: 'quarterly report' })
    assert.ok(read >= rows.length && read < 100)
  })

  test('after expunges, and when it was opened again', async () => {
    await account.commit([{ op: 'expunge', mailbox: inbox, uids: [1, 7, 50, 199], onlyDeleted: false }])
    await assertExactAll(20)
    await account.close()
    await store.close()
    const before = runs()
    await open()
    await assertExactAll(20)
    assert.deepEqual(runs(), before)
    assert.equal((await found(account, { key: 'TEXT', value: 'absent' })).read, 0)
  })

  test('whatever a crash leaves of its files', async () => {
    await account.close()
    await store.close()
    const text = join(directory(), 'accounts/alice/text')
    const kept = join(scratch, 'kept')
    cpSync(text, kept, { recursive: true })
    const octets = readFileSync(join(kept, runs()[0]!))
    const first = join(text, runs()[0]!)
    const flipped = (at: number): Buffer => {
      const copy = Buffer.from(octets)
      copy[at]! ^= 1
      return copy
    }
    const harms: (() => void)[] = [
      () => rmSync(text, { recursive: true }),
      () => rmSync(first),
      () => truncateSync(first, octets.length - 1),
      () => writeFileSync(first, Buffer.concat([octets, octets])),
      () => writeFileSync(join(text, 'torn.run.new'), octets.subarray(0, 100)),
      ...[20, 80, octets.length - 9].map((at) => () => writeFileSync(first, flipped(at))),
      () => cpSync(first, join(text, '0000000000-0000009999.run')),
    ]
    for (const harm of harms) {
      rmSync(text, { recursive: true, force: true })
      cpSync(kept, text, { recursive: true })
      harm()
      await open()
      // Damage is found by whoever comes upon it: in what all searches read by this one, elsewhere by any that follows.
      await found(account, { key: 'TEXT', value: 'absent' })
      await assertExactAll(2)
      await indexAll(account)
      await assertExactAll(3)
      await indexAll(account)
      assert.equal((await found(account, { key: 'TEXT', value: 'absent' })).read, 0)
      assert.ok(runs().every((name) => /^\d{10}-\d{10}\.run$/.test(name)))
      await account.close()
      await store.close()
    }
    await open()
  })

  test('a run of other mail with the same numbers is not believed', async () => {
    const other = await store.openAccount('bob')
    await append(
      other,
      Array.from({ length: 199 }, (_, n) => `Subject: ${n}\n\nother\n`),
    )
    await indexAll(other)
    await other.close()
    await account.close()
    await store.close()
    const run = runs()[0]!
    const octets = readFileSync(join(directory(), 'accounts/alice/text', run))
    octets.writeUInt32LE(octets.readUInt32LE(44) ^ 1, 44) // the checksum of the last message
    writeFileSync(join(directory(), 'accounts/alice/text', run), octets)
    for (const name of readdirSync(join(directory(), 'accounts/bob/text'))) {
      cpSync(join(directory(), 'accounts/bob/text', name), join(directory(), 'accounts/alice/text', name))
    }
    await open()
    await assertExactAll(10)
  })

  test('a message with more words than are kept', async () => {
    const many = Array.from({ length: 120_000 }, (_, n) => n.toString(36)).join(' ')
    await append(account, [`Subject: many\n\n${many}\n`, 'Subject: few\n\nzz zz\n'])
    await indexAll(account)
    for (const value of ['2kls', '2kls 2klt', 'many', 'zz zz', 'absentee']) {
      await assertExact(account, { key: 'BODY', value })
      await assertExact(account, { key: 'TEXT', value })
    }
  })

  test('ends with whoever asked, and with the store', async () => {
    const gone = new Error('gone')
    await assert.rejects(account.findText?.('E', 'body', () => Promise.reject(gone)) ?? Promise.resolve(), gone)
    await append(account, ['Subject: last\n\nlast\n'])
    const indexing = indexAll(account)
    await account.close()
    await store.close()
    await indexing
    await assert.rejects(account.findText?.('E', 'body', () => undefined) ?? Promise.resolve(), StoreFailure)
    await open()
    await assertExact(account, { key: 'BODY', value: 'last' })
  })

  test('it begins by itself when no mail comes any more', { timeout: 60_000 }, async () => {
    const quick = await embeddedStore({ directory: join(scratch, 'quick'), limits: { ...limits, idleTextMs: 1 } })
    try {
      const carol = await quick.openAccount('carol')
      const mails = Array.from({ length: 70 }, (_, n) => `Subject: ${n}\n\nnumber ${n}\n`)
      await append(carol, mails)
      const known = async (): Promise<number> => (await carol.findText?.('NUMBER', 'body', () => undefined))?.end ?? 0
      while ((await known()) < mails.length) await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(await found(carol, { key: 'BODY', value: 'numb' }), {
        rows: mails.map((_, row) => row),
        read: 0,
      })
    } finally {
      await quick.close()
    }
  })

  const corpus = join(import.meta.dirname, '../../../../../shared/corpus')
  const odd = globSync(join(corpus, '*.eml')).toSorted()
  void test('odd mail', { skip: odd.length === 0 ? 'there is no ../shared/corpus' : false }, async () => {
    await append(
      account,
      odd.map((path) => readFileSync(path)),
    )
    await indexAll(account)
    for (const value of ['e', 'hello world', '日本']) await assertExact(account, { key: 'BODY', value })
    for (const value of ['multipart/', 'é', '\ufffd']) await assertExact(account, { key: 'TEXT', value })
  })
})
