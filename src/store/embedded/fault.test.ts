import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { imageOf } from '../../../test/store-image.ts'
import { flagSetOf, noFlags } from '../../model/flags.ts'
import type { MailboxId } from '../../model/numbers.ts'
import { resultOf } from '../../model/operation.ts'
import { silentLog } from '../../model/log.ts'
import { appendOf, sampleMessage, stageMessage } from '../contract.ts'
import type { AccountStore, Store } from '../store.ts'
import { checkStore } from './check.ts'
import { FaultyDisk, systemError } from './faulty-disk.ts'
import { prepareFormat, storeFormat } from './format.ts'
import type { EmbeddedLimits } from './index.ts'
import { embeddedStore } from './index.ts'

const limits: EmbeddedLimits = {
  segmentBytes: [16 * 1024],
  idleAccounts: 0,
  idleCheckpointMs: 3_600_000,
  lazySyncMs: 3_600_000,
}

async function inboxOf(account: AccountStore): Promise<MailboxId> {
  const inbox = (await account.tree()).byName.get('INBOX')
  assert.ok(inbox)
  return inbox.id
}

void describe('embedded store on a disk that fails', () => {
  let scratch = ''
  let directory = ''
  let disk = new FaultyDisk()
  let store: Store
  let account: AccountStore
  let inbox: MailboxId

  beforeEach(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'crispin-fault-'))
    directory = join(scratch, 'data')
    disk = new FaultyDisk()
    store = await embeddedStore({ directory, limits, disk })
    account = await store.openAccount('alice')
    inbox = await inboxOf(account)
    await account.commit([await appendOf(account, inbox, ['before'])])
  })

  afterEach(async () => {
    disk.fault = () => undefined
    await store.close()
    rmSync(scratch, { recursive: true })
  })

  const assertSound = async (image: unknown): Promise<void> => {
    await store.close()
    assert.deepEqual((await checkStore(directory)).problems, [])
    store = await embeddedStore({ directory, limits })
    assert.deepEqual(await imageOf(await store.openAccount('alice')), image)
  }

  test('a full disk fails the commits of the group, and nothing else', async () => {
    const before = await imageOf(account)
    const heard: number[] = []
    account.watch((_, modSeq) => heard.push(modSeq))
    disk.fault = (action) => (action === 'write' ? systemError('ENOSPC') : undefined)
    const failing = [
      account.commit([await appendOf(account, inbox, ['x'])]),
      account.commit([{ op: 'createMailbox', name: 'new' }]),
      account.commit([{ op: 'store', mailbox: inbox, uids: [1], mode: 'add', flags: flagSetOf(['\\Seen']) }]),
    ]
    for (const one of failing) await assert.rejects(one, { name: 'StoreFailure', reason: 'disk-full' })
    assert.deepEqual(await imageOf(account), before)
    assert.deepEqual(heard, [])
    disk.fault = () => undefined
    await account.commit([await appendOf(account, inbox, ['after'])])
    const after = await imageOf(account)
    assert.deepEqual(Object.keys(after['INBOX']?.messages ?? {}), ['1', '2'])
    await assertSound(after)
  })

  test('what failed may be tried again with the same staged message', async () => {
    const staged = await stageMessage(account, sampleMessage('again'))
    const append = { op: 'append', mailbox: inbox, messages: [{ staged, flags: noFlags }] } as const
    disk.fault = (action) => (action === 'sync' ? systemError('EIO') : undefined)
    await assert.rejects(account.commit([append]), { reason: 'io' })
    disk.fault = () => undefined
    await account.commit([append])
    await assertSound(await imageOf(account))
  })

  test('flags that were answered are kept when the sync behind them fails', async () => {
    await account.commit([{ op: 'store', mailbox: inbox, uids: [1], mode: 'add', flags: flagSetOf(['\\Seen']) }])
    disk.fault = (action) => (action === 'sync' ? systemError('EIO') : undefined)
    await assert.rejects(account.commit([{ op: 'createMailbox', name: 'new' }]), { reason: 'io' })
    disk.fault = () => undefined
    await account.commit([{ op: 'createMailbox', name: 'other' }])
    const image = await imageOf(account)
    assert.match(image['INBOX']?.messages[1] ?? '', /^\(\\Seen\)/)
    assert.deepEqual(Object.keys(image), ['INBOX', 'other'])
    await assertSound(image)
  })

  test('no room for another segment is told, and over when there is room', async () => {
    disk.fault = (action, path) => (action === 'write' && path.endsWith('.tmp') ? systemError('ENOSPC') : undefined)
    let done = 1
    await assert.rejects(
      async () => {
        for (; done < 1000; done++) await account.commit([await appendOf(account, inbox, [`m${done}`])])
      },
      { reason: 'disk-full' },
    )
    disk.fault = () => undefined
    await account.commit([await appendOf(account, inbox, ['after'])])
    const image = await imageOf(account)
    assert.equal(Object.keys(image['INBOX']?.messages ?? {}).length, done + 1)
    await assertSound(image)
  })

  test('a large message that cannot be taken in leaves no file behind', async () => {
    const stager = account.stage()
    const chunk = Buffer.alloc(200 * 1024, 'x')
    await stager.write(chunk)
    disk.fault = (action, path) => (action === 'write' && path.endsWith('.big') ? systemError('ENOSPC') : undefined)
    await assert.rejects(async () => stager.write(chunk), { reason: 'disk-full' })
    await stager.abort()
    const other = account.stage()
    disk.fault = () => undefined
    await other.write(chunk)
    await other.write(chunk)
    const staged = await other.finish()
    staged.release()
    const files = readdirSync(join(directory, 'accounts/alice/segments'))
    assert.deepEqual(
      files.filter((name) => name.endsWith('.big')),
      [],
    )
  })

  test('a loss of power at any moment loses nothing that was answered', async () => {
    await store.close()
    const busy = { ...limits, checkpointBytes: 6000, lazySyncMs: 5, compactionShare: 0, compactionGraceMs: 0 }
    store = await embeddedStore({ directory, limits: busy, disk })
    account = await store.openAccount('alice')
    let random = 12345
    const keeps = (): boolean => {
      random = (random * 1_103_515_245 + 12_345) & 0x7fff_ffff
      return random % 3 === 0
    }
    /** UIDs that were answered, and whose expunge was not asked for. */
    const certain = new Set([1])
    const moments: { copy: string; uids: number[] }[] = []
    const append = async (octets: Buffer): Promise<void> => {
      const messages = [{ staged: await stageMessage(account, octets), flags: noFlags }]
      const committed = await account.commit([{ op: 'append', mailbox: inbox, messages }])
      for (const uid of resultOf(committed, 0, 'append').uids) certain.add(uid)
    }
    for (let round = 0; round < 25; round++) {
      const commits = Array.from({ length: (round % 4) + 1 }, (_, n) => append(sampleMessage(`round ${round} ${n}`)))
      if (round % 5 === 0) commits.push(append(Buffer.alloc(300_000, 'x')))
      if (round % 7 === 3) {
        const uids = [...certain].slice(-3, -1)
        for (const uid of uids) certain.delete(uid)
        const expunge = account.commit([{ op: 'expunge', mailbox: inbox, uids, onlyDeleted: false }])
        commits.push(expunge.then(() => {}))
      }
      for (let turns = round % 5; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
      const copy = join(scratch, `power-${round}`)
      moments.push({ copy, uids: [...certain] })
      disk.copyAfterPowerLoss(directory, copy, keeps)
      if (keeps()) rmSync(join(copy, 'accounts/alice/account.db-wal'), { force: true })
      await Promise.all(commits)
    }
    for (const { copy, uids } of moments) {
      const after = await embeddedStore({ directory: copy, limits })
      const image = await imageOf(await after.openAccount('alice'))
      await after.close()
      const found = new Set(Object.keys(image['INBOX']?.messages ?? {}).map(Number))
      assert.deepEqual(
        uids.filter((uid) => !found.has(uid)),
        [],
      )
      assert.deepEqual(Object.keys(image), ['INBOX'])
      assert.deepEqual((await checkStore(copy)).problems, [])
    }
  })
})

void describe('a data directory', () => {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'crispin-directory-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  test('belongs to one store at a time', async () => {
    const store = await embeddedStore({ directory })
    await assert.rejects(embeddedStore({ directory }), { name: 'StoreFailure', reason: 'busy', message: /in use/ })
    await assert.rejects(checkStore(directory), { reason: 'busy' })
    await store.close()
    await (await embeddedStore({ directory })).close()
  })

  test('of a newer version is refused and left alone', async () => {
    writeFileSync(join(directory, 'store.json'), '{"format": 7}')
    await assert.rejects(embeddedStore({ directory }), { reason: 'newer-version', message: /newer version \(format 7/ })
    assert.deepEqual(readdirSync(directory).toSorted(), ['lock.db', 'store.json'])
  })

  test('of an older version is migrated step by step, and goes on where it was interrupted', async () => {
    const format = storeFormat + 1
    writeFileSync(join(directory, 'store.json'), `{"format": ${format - 2}}`)
    const ran: number[] = []
    const step = (from: number, fails = false) => ({
      from,
      run: (): Promise<void> => {
        ran.push(from)
        return fails ? Promise.reject(new Error('interrupted')) : Promise.resolve()
      },
    })
    await assert.rejects(
      prepareFormat(directory, silentLog, { format, steps: [step(format - 2), step(format - 1, true)] }),
    )
    await prepareFormat(directory, silentLog, { format, steps: [step(format - 2), step(format - 1)] })
    assert.deepEqual(ran, [format - 2, format - 1, format - 1])
    await prepareFormat(directory, silentLog, { format })
    await assert.rejects(embeddedStore({ directory }), { reason: 'newer-version' })
  })

  test('with a format that cannot be read is refused', async () => {
    writeFileSync(join(directory, 'store.json'), '{"form')
    await assert.rejects(embeddedStore({ directory }), { reason: 'damaged' })
  })
})
