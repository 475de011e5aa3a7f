import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { imageOf } from '../../../test/store-image.ts'
import { flagSetOf, noFlags } from '../../model/flags.ts'
import type { Log } from '../../model/log.ts'
import { silentLog } from '../../model/log.ts'
import type { MailboxId } from '../../model/numbers.ts'
import { asModSeq } from '../../model/numbers.ts'
import { resultOf } from '../../model/operation.ts'
import { readMessage, sampleMessage, stageMessage } from '../contract.ts'
import type { AccountStore, Store } from '../store.ts'
import { checkStore } from './check.ts'
import { bringInWal } from './database.ts'
import { FaultyDisk, systemError } from './faulty-disk.ts'
import type { EmbeddedLimits } from './index.ts'
import { embeddedStore } from './index.ts'

const idle: EmbeddedLimits = {
  segmentBytes: [16 * 1024],
  idleAccounts: 0,
  idleCheckpointMs: 3_600_000,
  compactionShare: 2,
}
/** A checkpoint after every commit, and what can be compacted then is. */
const eager: EmbeddedLimits = { ...idle, checkpointBytes: 1, compactionShare: 0, compactionGraceMs: 0 }

const messageCount = 60

/** A disk that tells when it renamed or removed something. */
class TellingDisk extends FaultyDisk {
  moment: () => void = () => {}

  override rename(from: string, to: string): void {
    super.rename(from, to)
    this.moment()
  }

  override remove(path: string): void {
    const was = existsSync(path)
    super.remove(path)
    if (was) this.moment()
  }
}

void describe('compaction', () => {
  let scratch = ''
  let directory = ''
  let copies = 0
  const opened: Store[] = []

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'crispin-compaction-'))
    directory = join(scratch, 'data')
  })

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
    rmSync(scratch, { recursive: true })
  })

  const open = async (
    limits: EmbeddedLimits,
    { disk, log = silentLog, at = directory }: { disk?: FaultyDisk; log?: Log; at?: string } = {},
  ): Promise<{ store: Store; account: AccountStore; inbox: MailboxId }> => {
    const store = await embeddedStore({ directory: at, limits, log, ...(disk && { disk }) })
    opened.push(store)
    const account = await store.openAccount('alice')
    return { store, account, inbox: (await account.tree()).byName.get('INBOX')!.id } // every account has one
  }

  const copyOf = (from: string): string => {
    const copy = join(scratch, `copy-${copies++}`)
    cpSync(from, copy, { recursive: true })
    return copy
  }

  /** Messages in several segments, with flags, copies and a reply; then all but every fifth go. */
  const fill = async (account: AccountStore, inbox: MailboxId): Promise<void> => {
    for (let n = 0; n < messageCount; n++) await append(account, inbox, n)
    const made = await account.commit([{ op: 'createMailbox', name: 'copies' }])
    const copies = resultOf(made, 0, 'createMailbox').mailbox
    await account.commit([{ op: 'copy', from: inbox, uids: [3, 30], to: copies }])
    await account.commit([
      { op: 'store', mailbox: inbox, uids: [5, 10], mode: 'add', flags: flagSetOf(['\\Seen', 'K']) },
    ])
    const uids = Array.from({ length: messageCount }, (_, n) => n + 1).filter((uid) => uid % 5 !== 0)
    await account.commit([{ op: 'expunge', mailbox: inbox, uids, onlyDeleted: false }])
  }

  /** Everything of an account that compaction must leave as it is. */
  const stateOf = async (account: AccountStore): Promise<unknown> => {
    const more: Record<string, unknown> = {}
    for (const { id, name } of (await account.tree()).byId.values()) {
      const { threads, saveDates, modSeqs, uids, highestModSeq, messages } = await account.snapshot(id)
      const envelopes = await account.readComputed('envelope', messages)
      more[name] = {
        columns: [threads, saveDates, uids].map((column) => [...column]),
        modSeqs: [...uids].map((_, row) => modSeqs.at(row)),
        highestModSeq,
        vanished: await account.vanishedSince(id, asModSeq(0)),
        status: await account.status([id]),
        envelopes: envelopes.bytes.toString('latin1'),
      }
    }
    return { image: await imageOf(account), more }
  }

  const reopened = async (at: string): Promise<unknown> => {
    const { store, account } = await open(idle, { at })
    const state = await stateOf(account)
    await store.close()
    return state
  }

  const compacted = (at: string = directory): string[] =>
    readdirSync(join(at, 'accounts/alice/segments')).filter((name) => /-\d+\.seg$/.test(name))

  const uncompacted = (): string[] =>
    readdirSync(join(directory, 'accounts/alice/segments')).filter((name) => /^\d+\.seg$/.test(name))

  /** Opens the account with compaction and waits until there is no more to do. */
  const compactAll = async (): Promise<void> => {
    const { store, account, inbox } = await open(eager)
    // A change of flags and back calls for a checkpoint, and that for compaction.
    for (const mode of ['add', 'remove'] as const) {
      await account.commit([{ op: 'store', mailbox: inbox, uids: [10], mode, flags: flagSetOf(['\\Deleted']) }])
    }
    await until(() => uncompacted().length === 1)
    await store.close()
  }

  test('gives back space and changes nothing else', async () => {
    const { store, account, inbox } = await open(idle)
    await fill(account, inbox)
    await store.close()
    const sizeBefore = sizeOf(directory)
    await compactAll()
    const before = await reopened(directory)
    assert.ok(sizeOf(directory) < sizeBefore / 2, `${sizeBefore} octets before, ${sizeOf(directory)} now`)
    assert.deepEqual((await checkStore(directory)).problems, [])
    assert.deepEqual((await checkStore(directory, { rebuild: true })).problems, [])
    assert.deepEqual(await reopened(directory), before)
  })

  test('leaves a state equal to that of a store which is never compacted', async () => {
    const { store, account, inbox } = await open(idle)
    await fill(account, inbox)
    await store.close()
    const never = copyOf(directory)
    await compactAll()
    const plain = await open(idle, { at: never })
    for (const mode of ['add', 'remove'] as const) {
      await plain.account.commit([
        { op: 'store', mailbox: plain.inbox, uids: [10], mode, flags: flagSetOf(['\\Deleted']) },
      ])
    }
    const wanted = await stateOf(plain.account)
    assert.deepEqual(await reopened(directory), wanted)
    await checkStore(directory, { rebuild: true })
    assert.deepEqual(await reopened(directory), wanted)
  })

  test('a rebuild remembers the threads of messages that are gone', async () => {
    const { store, account, inbox } = await open(idle)
    await fill(account, inbox)
    const { threads } = await account.snapshot(inbox)
    const lastThread = Math.max(...threads)
    await store.close()
    await compactAll()
    await checkStore(directory, { rebuild: true })
    const again = await open(idle)
    const uid = await append(again.account, again.inbox, 1000, 'References: <2@example.org>\r\n')
    const { uids, threads: now } = await again.account.snapshot(again.inbox)
    assert.equal(uids.at(-1), uid)
    assert.ok(now.at(-1)! <= lastThread, 'a new thread was begun') // the mailbox is not empty
  })

  test('is over or was not there, whenever the process or the power ends', async () => {
    const disk = new TellingDisk()
    const { store, account, inbox } = await open(idle, { disk })
    await fill(account, inbox)
    const wanted = JSON.stringify(await stateOf(account))
    await store.close()
    const oldDatabase = readFileSync(join(directory, 'accounts/alice/account.db'))
    let random = 99
    const keeps = (): boolean => {
      random = (random * 1_103_515_245 + 12_345) & 0x7fff_ffff
      return (random >>> 8) % 2 === 0
    }
    const moments: string[] = []
    const take = (): void => {
      if (moments.length >= 120) return
      moments.push(copyOf(directory))
      const copy = join(scratch, `copy-${copies++}`)
      disk.copyAfterPowerLoss(directory, copy, keeps)
      const account = join(copy, 'accounts/alice')
      const [losesLog, isOld] = [keeps(), keeps()]
      if (losesLog) rmSync(join(account, 'account.db-wal'), { force: true })
      if (losesLog && isOld) {
        rmSync(join(account, 'account.db-shm'), { force: true })
        writeFileSync(join(account, 'account.db'), oldDatabase)
      }
      moments.push(copy)
    }
    disk.moment = take
    disk.fault = (action, path) => {
      if (path.includes('compacted') || action === 'syncDirectory') take()
      return undefined
    }
    const again = await open(eager, { disk })
    await again.account.commit([{ op: 'subscribe', user: 'alice', name: 'INBOX', subscribed: true }])
    await until(() => compacted().length >= 4)
    take()
    await again.store.close()
    disk.moment = () => {}
    disk.fault = () => undefined
    assert.ok(moments.length > 30, `${moments.length} moments`)
    for (const [n, copy] of moments.entries()) {
      const state = JSON.stringify(await reopened(copy))
      assert.equal(state, wanted, `moment ${n}`)
      assert.deepEqual((await checkStore(copy)).problems, [], `moment ${n}`)
      assert.deepEqual((await checkStore(copy)).leftovers, [], `moment ${n}`)
      if (n % 4 === 0) {
        await checkStore(copy, { rebuild: true })
        assert.equal(JSON.stringify(await reopened(copy)), wanted, `moment ${n}, rebuilt`)
      }
    }
  })

  test('a database of any age finds what was moved', async () => {
    const { store, account, inbox } = await open({ ...idle, checkpointBytes: 4000 })
    const databases: Buffer[] = []
    for (let n = 0; n < messageCount; n++) {
      await append(account, inbox, n)
      if (n % 9 === 5) {
        const at = copyOf(directory)
        assert.ok(bringInWal(join(at, 'accounts/alice/account.db')))
        databases.push(readFileSync(join(at, 'accounts/alice/account.db')))
      }
    }
    const uids = Array.from({ length: messageCount }, (_, n) => n + 1).filter((uid) => uid % 5 !== 0)
    await account.commit([{ op: 'expunge', mailbox: inbox, uids, onlyDeleted: false }])
    await store.close()
    await compactAll()
    const wanted = await reopened(directory)
    for (const database of databases) {
      const copy = copyOf(directory)
      for (const name of ['account.db-wal', 'account.db-shm'])
        rmSync(join(copy, 'accounts/alice', name), { force: true })
      writeFileSync(join(copy, 'accounts/alice/account.db'), database)
      assert.deepEqual(await reopened(copy), wanted)
      assert.deepEqual((await checkStore(copy)).problems, [])
    }
  })

  test('a message is read by those who saw it, until its octets are gone; then that is told', async () => {
    const { account, inbox } = await open(eager)
    for (let n = 0; n < messageCount; n++) await append(account, inbox, n)
    const before = await account.snapshot(inbox)
    await account.commit([{ op: 'expunge', mailbox: inbox, uids: [2, 3, 4], onlyDeleted: false }])
    await until(() => compacted().length > 0 && !uncompacted().includes('00000001.seg'))
    await assert.rejects(readMessage(account, before.messages[2]!, before.sizes[2]!), {
      name: 'StoreFailure',
      reason: 'damaged',
      message: /since it was expunged/,
    })
    assert.match(await readMessage(account, before.messages[10]!, before.sizes[10]!), /message 10/)
  })

  test('waits until readers had their time', async () => {
    const { account, inbox } = await open({ ...eager, compactionGraceMs: 3_600_000 })
    await fill(account, inbox)
    for (let n = 0; n < 50; n++) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(compacted(), [])
  })

  test('a damaged segment stays as it is', async () => {
    const { store, account, inbox } = await open(idle)
    await fill(account, inbox)
    await store.close()
    const path = join(directory, 'accounts/alice/segments/00000001.seg')
    const bytes = readFileSync(path)
    bytes[bytes.indexOf('message 4\r\n')]! ^= 1
    writeFileSync(path, bytes)
    const warned: string[] = []
    const log: Log = { ...silentLog, warn: (_, text) => void warned.push(text) }
    const again = await open(eager, { log })
    await again.account.commit([{ op: 'subscribe', user: 'alice', name: 'INBOX', subscribed: true }])
    await until(() => compacted().length >= 3)
    assert.deepEqual(readFileSync(path), bytes)
    assert.ok(warned.some((text) => text.includes('not sound')))
  })

  test('a full disk costs nothing', async () => {
    const { store, account, inbox } = await open(idle)
    await fill(account, inbox)
    await store.close()
    const disk = new FaultyDisk()
    disk.fault = (action, path) =>
      path.endsWith('compacted.tmp') && action === 'write' ? systemError('ENOSPC') : undefined
    const failed: string[] = []
    const again = await open(eager, { disk, log: { ...silentLog, error: (_, text) => void failed.push(text) } })
    await again.account.commit([{ op: 'subscribe', user: 'alice', name: 'INBOX', subscribed: true }])
    await until(() => failed.length > 0)
    const state = await stateOf(again.account)
    await again.store.close()
    assert.deepEqual(compacted(), [])
    assert.deepEqual(await reopened(directory), state)
    assert.deepEqual((await checkStore(directory)).problems, [])
  })
})

async function append(account: AccountStore, mailbox: MailboxId, n: number, header = ''): Promise<number> {
  const octets = Buffer.concat([
    Buffer.from(`Message-ID: <${n}@example.org>\r\n${header}`),
    sampleMessage(`message ${n}`, `X-Filler: ${'x'.repeat(2000)}\r\n`),
  ])
  const messages = [{ staged: await stageMessage(account, octets), flags: noFlags }]
  const committed = await account.commit([{ op: 'append', mailbox, messages }])
  return resultOf(committed, 0, 'append').uids[0]! // one message was appended
}

/** Octets of all segments of the log. */
function sizeOf(directory: string): number {
  const segments = join(directory, 'accounts/alice/segments')
  return readdirSync(segments).reduce((sum, name) => sum + statSync(join(segments, name)).size, 0)
}

/** Waits turn by turn, since what happens in the background tells nobody. */
async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000
  while (!condition()) {
    assert.ok(performance.now() < end, 'it did not happen')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
