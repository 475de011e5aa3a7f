import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { attributesOf, imageOf as mailboxesOf } from '../../../test/store-image.ts'
import { flagSetOf } from '../../model/flags.ts'
import { type MailboxId, asMailboxId } from '../../model/numbers.ts'
import { resultOf } from '../../model/operation.ts'
import { appendOf, stageMessage } from '../contract.ts'
import type { AccountStore } from '../store.ts'
import { checkStore } from './check.ts'
import { Database } from './database.ts'
import type { EmbeddedLimits } from './index.ts'
import { embeddedStore } from './index.ts'
import { recordsOf } from './log-reader.ts'
import { markOf } from './open-account.ts'
import { realDisk } from './disk.ts'
import { OpenFiles, Segments } from './segments.ts'
import { segmentHeaderBytes } from './record.ts'

const limits: EmbeddedLimits = { segmentBytes: [16 * 1024], idleAccounts: 0, idleCheckpointMs: 3_600_000 }

interface Image {
  readonly mailboxes: Awaited<ReturnType<typeof mailboxesOf>>
  readonly attributes: unknown
}

async function imageOf(account: AccountStore): Promise<Image> {
  return { mailboxes: await mailboxesOf(account), attributes: await attributesOf(account) }
}

/** What a copy of the directory comes to when it is opened, and what `check` says of it then. */
async function reopened(directory: string): Promise<Image> {
  const store = await embeddedStore({ directory, limits })
  try {
    const account = await store.openAccount('alice')
    return await imageOf(account)
  } finally {
    await store.close()
  }
}

async function assertSound(directory: string): Promise<void> {
  const { problems } = await checkStore(directory)
  assert.deepEqual(
    problems.map(({ text }) => text),
    [],
  )
}

const large = Buffer.alloc(300 * 1024, 'Large mail is kept in a file of its own.\r\n')

/** Does one of everything; after each step, `each` is called. */
async function history(account: AccountStore, each: () => Promise<void>): Promise<void> {
  const inbox = (await account.tree()).byName.get('INBOX')?.id ?? asMailboxId(0)
  const commit = async (...operations: Parameters<AccountStore['commit']>[0]): ReturnType<AccountStore['commit']> => {
    const committed = await account.commit(operations)
    await each()
    return committed
  }
  const create = async (name: string): Promise<MailboxId> =>
    resultOf(await commit({ op: 'createMailbox', name }), 0, 'createMailbox').mailbox
  await commit(await appendOf(account, inbox, ['a', 'b', 'c']))
  const work = await create('work')
  await commit({ op: 'copy', from: inbox, uids: [1, 2, 3], to: work })
  await commit({ op: 'store', mailbox: work, uids: [1, 2], mode: 'add', flags: flagSetOf(['\\Seen', 'Todo']) })
  await commit({
    op: 'append',
    mailbox: inbox,
    messages: [{ staged: await stageMessage(account, large), flags: flagSetOf(['\\Flagged']) }],
  })
  await commit({ op: 'move', from: inbox, uids: [2, 4], to: work })
  await commit({ op: 'renameMailbox', mailbox: work, to: 'play/ground' })
  await commit({ op: 'subscribe', user: 'alice', name: 'play', subscribed: true })
  await commit({ op: 'expunge', mailbox: inbox, uids: [1], onlyDeleted: false })
  await commit(await appendOf(account, work, ['d'], ['Todo']), { op: 'claimRecent', mailbox: work })
  await commit({ op: 'expunge', mailbox: work, uids: [5], onlyDeleted: false })
  const note = Buffer.from([0, 13, 10, 255])
  await commit({ op: 'setMetadata', mailbox: work, entries: [['/shared/comment', note]] })
  await commit({ op: 'setMetadata', user: 'alice', entries: [['/private/comment', note]] })
  await commit({ op: 'setMetadata', mailbox: work, user: 'alice', entries: [['!key', Buffer.alloc(0)]] })
  await commit({ op: 'setSpecialUse', mailbox: work, specialUse: ['\\Sent'] })
  await commit({ op: 'setAcl', mailbox: work, identifier: 'bob', mode: 'replace', rights: 'lrs' })
  await commit({ op: 'setSeenPerUser', mailbox: work, perUser: true })
  await commit({ op: 'store', mailbox: work, uids: [1, 2], mode: 'add', flags: flagSetOf(['\\Seen']), user: 'bob' })
  await commit({ op: 'setAcl', mailbox: work, identifier: 'bob', mode: 'remove', rights: 's' })
  await commit({ op: 'setQuota', limits: { storage: 5_000_000_000, messages: 1000 } })
  await commit({ op: 'setQuota', mailbox: work, limits: {} })
  await commit({ op: 'setMetadata', mailbox: work, entries: [['/shared/comment', null]] })
}

interface Moment {
  readonly directory: string
  readonly image: Image
}

void describe('embedded store after a crash', () => {
  let scratch = ''
  const moments: Moment[] = []
  let count = 0
  const copyOf = (directory: string): string => {
    const copy = join(scratch, `copy-${count++}`)
    cpSync(directory, copy, { recursive: true })
    return copy
  }

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'crispin-crash-'))
    const directory = join(scratch, 'origin')
    const store = await embeddedStore({ directory, limits })
    const account = await store.openAccount('alice')
    await history(account, async () => {
      moments.push({ directory: copyOf(directory), image: await imageOf(account) })
    })
    await store.close()
    const { image } = moments.at(-1)!
    moments.push({ directory, image })
  })

  after(() => rmSync(scratch, { recursive: true }))

  test('everything acknowledged is there, whenever the process ends', async () => {
    for (const { directory, image } of moments) {
      const copy = copyOf(directory)
      assert.deepEqual(await reopened(copy), image)
      await assertSound(copy)
    }
  })

  test('a lost account.db is made anew', async () => {
    for (const { directory, image } of moments) {
      const copy = copyOf(directory)
      for (const name of ['account.db', 'account.db-wal', 'account.db-shm']) {
        rmSync(join(copy, 'accounts/alice', name), { force: true })
      }
      assert.deepEqual(await reopened(copy), image)
      await assertSound(copy)
    }
  })

  test('an account.db that is not one, or of another format, is set aside and made anew', async () => {
    const { directory, image } = moments.at(-1)!
    const path = 'accounts/alice/account.db'
    const whole = readFileSync(join(directory, path))
    const spoilt = [
      Buffer.alloc(0),
      Buffer.from('nonsense'.repeat(100)),
      whole.subarray(0, whole.length / 2),
      Buffer.concat([whole.subarray(0, 60), Buffer.alloc(4), whole.subarray(64)]),
    ]
    for (const bytes of spoilt) {
      const copy = copyOf(directory)
      writeFileSync(join(copy, path), bytes)
      assert.deepEqual(await reopened(copy), image)
      await assertSound(copy)
    }
  })

  test('a page of account.db that is damaged is told, and made anew at the next opening', async () => {
    const { directory, image } = moments.at(-1)!
    for (const table of ['page_fixed', 'page_flags', 'computed', 'location']) {
      const copy = copyOf(directory)
      const database = new Database(join(copy, 'accounts/alice/account.db'))
      database.run(`UPDATE ${table} SET bytes = zeroblob(length(bytes))`)
      database.close()
      assert.ok((await checkStore(copy)).problems.length > 0)
      const store = await embeddedStore({ directory: copy, limits: { ...limits, idleAccounts: 10 } })
      const first = await store.openAccount('alice')
      const read = async (): Promise<void> => {
        await imageOf(first)
        await first.readComputed('envelope', [1, 2, 3])
      }
      await assert.rejects(read, { reason: 'damaged' }, table)
      await first.close()
      assert.deepEqual(await imageOf(await store.openAccount('alice')), image)
      await store.close()
      await assertSound(copy)
    }
  })

  test('an account.db of the version before is taken as it is', async () => {
    const { directory, image } = moments.findLast(
      ({ image: { attributes } }) => !/private|storage":5/.test(JSON.stringify(attributes)),
    )!
    const copy = copyOf(directory)
    await reopened(copy) // takes a checkpoint
    const path = join(copy, 'accounts/alice/account.db')
    const database = new Database(path)
    database.run('DROP TABLE metadata')
    database.run("DELETE FROM meta WHERE key = 'quotas'")
    database.run("UPDATE meta SET value = json_remove(value, '$.messages', '$.size') WHERE key = 'counters'")
    database.close()
    assert.deepEqual(await reopened(copy), image)
    assert.ok(!existsSync(path + '.damaged'))
    await assertSound(copy)
  })

  test('a tail cut off anywhere costs whole commits at the end, and nothing else', async () => {
    const { directory } = moments.at(-2)!
    const images = moments.map(({ image }) => JSON.stringify(image))
    const { path, ends } = lastRecords(directory)
    const from = ends.at(-4) ?? segmentHeaderBytes
    const to = ends.at(-1) ?? from
    let longest = 0
    for (let length = from; length <= to + 8; length += 13) {
      const copy = copyOf(directory)
      truncateSync(join(copy, path), length)
      const found = images.indexOf(JSON.stringify(await reopened(copy)))
      assert.notEqual(found, -1, `cut at ${length}`)
      assert.ok(found >= longest, `cut at ${length}`)
      longest = found
      if (length % 5 === 0) await assertSound(copy)
      rmSync(copy, { recursive: true })
    }
    assert.equal(longest, images.length - 2, 'the whole tail gives the last image')
  })

  test('a flipped octet costs the record it is in, and is told', async () => {
    const { directory, image } = moments.at(-1)!
    const { path, ends } = lastRecords(directory)
    const starts = [segmentHeaderBytes, ...ends.slice(0, -1)]
    for (const [n, start] of starts.slice(0, -1).entries()) {
      for (const at of [start + 3, start + 20, start + 70]) {
        const copy = copyOf(directory)
        flip(join(copy, path), at)
        for (const name of ['account.db', 'account.db-wal']) rmSync(join(copy, 'accounts/alice', name), { force: true })
        const { problems } = await checkStore(copy)
        assert.ok(problems.length > 0, `record ${n}, octet ${at}`)
        const found = await reopened(copy)
        assert.deepEqual(await reopened(copy), found, 'opening it once more changes nothing')
        assertNothingElseLost(image, found, `record ${n}, octet ${at}`)
        rmSync(copy, { recursive: true })
      }
    }
  })

  test('a flipped octet of a message is told when it is read', async () => {
    const { directory } = moments.at(-1)!
    const copy = copyOf(directory)
    const { path } = lastRecords(copy)
    const bytes = readFileSync(join(copy, path))
    flip(join(copy, path), bytes.indexOf('Subject: b'))
    const store = await embeddedStore({ directory: copy, limits })
    const account = await store.openAccount('alice')
    await assert.rejects(imageOf(account), { name: 'StoreFailure', reason: 'damaged' })
    await store.close()
    const { problems } = await checkStore(copy)
    assert.ok(problems.some(({ text }) => text.includes('play/ground')))
  })

  test('files of large messages that nobody refers to go away', async () => {
    const { directory } = moments.at(-1)!
    const segments = join(directory, 'accounts/alice/segments')
    assert.deepEqual(
      readdirSync(segments).filter((name) => !name.endsWith('.seg')),
      [],
    )
    const copy = copyOf(directory)
    const stray = join(copy, 'accounts/alice/segments/00000099.big')
    writeFileSync(stray, 'half a message')
    await reopened(copy)
    assert.equal(existsSync(stray), false)
  })

  test('a file of an expunged large message goes away after a crash, too', async () => {
    const { directory } = moments.at(-2)!
    const copy = copyOf(directory)
    const ownFiles = (): string[] =>
      readdirSync(join(copy, 'accounts/alice/segments')).filter((name) => name.endsWith('.big'))
    assert.equal(ownFiles().length, 1)
    await reopened(copy)
    assert.deepEqual(ownFiles(), [])
    await assertSound(copy)
  })

  test('what is left of a damaged large message is recovered', async () => {
    const { directory, image } = moments.findLast(({ image }) => image.mailboxes['play/ground']?.messages[5])!
    for (const at of [5000, 130]) {
      const copy = copyOf(directory)
      const segments = join(copy, 'accounts/alice/segments')
      flip(
        join(
          segments,
          readdirSync(segments).find((name) => name.endsWith('.big'))!,
        ),
        at,
      )
      assert.ok((await checkStore(copy)).problems.length > 0)
      for (const name of ['account.db', 'account.db-wal']) rmSync(join(copy, 'accounts/alice', name), { force: true })
      const found = await reopened(copy)
      assert.deepEqual(await reopened(copy), found)
      const { Recovered, ...others } = found.mailboxes
      assert.equal(Object.keys(Recovered?.messages ?? {}).length, 1)
      const messages = { ...image.mailboxes['play/ground']?.messages }
      delete messages[5]
      assert.deepEqual(others, {
        ...image.mailboxes,
        'play/ground': { ...image.mailboxes['play/ground'], messages },
      })
      assert.deepEqual((await checkStore(copy)).problems, [])
    }
  })

  test('a rebuild names a large message whose file is gone', async () => {
    const { directory } = moments.findLast(({ image }) => image.mailboxes['play/ground']?.messages[5])!
    const copy = copyOf(directory)
    const segments = join(copy, 'accounts/alice/segments')
    rmSync(
      join(
        segments,
        readdirSync(segments).find((name) => name.endsWith('.big'))!,
      ),
    )
    const told = [`UID 5 in play/ground (${large.length} octets): its octets are damaged or lost`]
    const { problems } = await checkStore(copy, { rebuild: true })
    assert.deepEqual(
      problems.map(({ text }) => text),
      told,
    )
    assert.equal((await reopened(copy)).mailboxes['play/ground']?.messages[5], undefined)
    await assertSound(copy)
  })

  test('a missing segment is named; once a rebuild has told, it is a note', async () => {
    const copy = join(scratch, 'segments')
    const store = await embeddedStore({ directory: copy, limits: { ...limits, segmentBytes: [4096] } })
    const account = await store.openAccount('alice')
    const inbox = (await account.tree()).byName.get('INBOX')!.id
    for (let n = 0; n < 40; n++) await account.commit([await appendOf(account, inbox, [`message ${n}`])])
    await account.close()
    await store.close()
    const segments = join(copy, 'accounts/alice/segments')
    const files = readdirSync(segments).filter((name) => name.endsWith('.seg'))
    assert.ok(files.length > 1)
    rmSync(join(segments, files[0]!))
    const first = await checkStore(copy, { rebuild: true })
    assert.ok(first.problems.some(({ text }) => text.includes(`${files[0]} is missing`)))
    const later = await checkStore(copy)
    assert.deepEqual(later.problems, [])
    assert.ok(later.notes.some((text) => text.includes(`${files[0]} is missing`)))
  })

  test('a rebuild gives what was there', async () => {
    const { directory, image } = moments.at(-1)!
    const copy = copyOf(directory)
    const report = await checkStore(copy, { rebuild: true })
    assert.deepEqual([report.problems, report.rebuilt, report.accounts], [[], ['alice'], 1])
    assert.deepEqual(await reopened(copy), image)
  })
})

/** The last segment of alice's log, and where its records end. */
function lastRecords(directory: string): { path: string; ends: number[] } {
  const files = new OpenFiles(realDisk, 4)
  const segments = new Segments(join(directory, 'accounts/alice/segments'), realDisk, files)
  const mark = markOf(segments)!
  const number = segments.logs.at(-1)!
  const ends: number[] = []
  for (const { offset, header } of recordsOf(segments.file(number), mark, segmentHeaderBytes)) {
    ends.push((offset + 64 + header.length + 7) & ~7)
  }
  files.close()
  return { path: segments.path(number).slice(directory.length + 1), ends }
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at]! ^= 0x10
  writeFileSync(path, bytes)
}

/** Every message whose octets are whole is somewhere, and no UID has other octets than before. */
function assertNothingElseLost(before: Image, found: Image, what: string): void {
  const digests = (image: Image): Set<string> =>
    new Set(
      Object.values(image.mailboxes).flatMap(({ messages }) =>
        Object.values(messages).map((text) => text.split(' ').at(-1)!),
      ),
    )
  const missing = [...digests(before)].filter((digest) => !digests(found).has(digest))
  assert.ok(missing.length <= 1, `${what}: ${missing.length} messages are lost`)
  for (const [name, mailbox] of Object.entries(before.mailboxes)) {
    const now = found.mailboxes[name]
    if (!now || now.uidValidity !== mailbox.uidValidity) continue
    for (const [uid, text] of Object.entries(mailbox.messages)) {
      const other: string | undefined = now.messages[Number(uid)]
      if (other) assert.equal(other.split(' ').at(-1), text.split(' ').at(-1), `${what}: UID ${uid} of ${name}`)
    }
  }
}
