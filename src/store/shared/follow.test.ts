import fc from 'fast-check'
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { imageOf } from '../../../test/store-image.ts'
import { flagSetOf, noFlags } from '../../model/flags.ts'
import type { MailboxId } from '../../model/numbers.ts'
import { resultOf } from '../../model/operation.ts'
import { appendOf, sampleMessage, stageMessage } from '../contract-material.ts'
import { AccountModel, steps } from '../contract-model.ts'
import { AccountHandle } from '../embedded/account-handle.ts'
import { Account } from '../embedded/account.ts'
import { checkStore } from '../embedded/check.ts'
import { Database } from '../embedded/database.ts'
import { differentStates } from '../embedded/compare-states.ts'
import { FaultyDisk, systemError } from '../embedded/faulty-disk.ts'
import type { EmbeddedLimits } from '../embedded/index.ts'
import { embeddedStore } from '../embedded/index.ts'
import type { AccountStore } from '../store.ts'
import { FollowedAccount } from './followed-account.ts'
import { openPair, type StorePair } from './pair.test-support.ts'

const quiet: EmbeddedLimits = {
  segmentBytes: [16 * 1024],
  idleAccounts: 4,
  idleCheckpointMs: 3_600_000,
  lazySyncMs: 3_600_000,
}
/** As much as can go on at once: checkpoints, compaction, columns that come and go. */
const lively: EmbeddedLimits = {
  ...quiet,
  segmentBytes: [4 * 1024],
  checkpointBytes: 2048,
  compactionShare: 0,
  compactionGraceMs: 0,
  columnBytes: 0,
}

function stateOf(account: AccountStore): Account['state'] {
  const opened = account instanceof AccountHandle ? account.opened : undefined
  if (opened instanceof Account || opened instanceof FollowedAccount) return opened.state
  throw new Error('not an account of a shared store')
}

/** Resolves once the follower shows what the owner does. */
async function caughtUp(owner: AccountStore, follower: AccountStore): Promise<void> {
  while (stateOf(follower).modSeq < stateOf(owner).modSeq) await new Promise((resolve) => setImmediate(resolve))
}

async function inboxOf(account: AccountStore): Promise<MailboxId> {
  const inbox = (await account.tree()).byName.get('INBOX')
  assert.ok(inbox)
  return inbox.id
}

void describe('an account that another process owns', () => {
  let scratch = ''
  let directory = ''
  let disk = new FaultyDisk()
  let pair: StorePair
  let owner: AccountStore
  let follower: AccountStore
  let inbox: MailboxId

  const open = async (limits: EmbeddedLimits): Promise<void> => {
    disk = new FaultyDisk()
    pair = await openPair({ directory, limits, disk })
    owner = await pair.owner.openAccount('alice')
    follower = await pair.follower.openAccount('alice')
    inbox = await inboxOf(follower)
  }

  beforeEach(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'crispin-follow-'))
    directory = join(scratch, 'data')
    await open(quiet)
  })

  afterEach(async () => {
    disk.fault = () => undefined
    await pair.close()
    rmSync(scratch, { recursive: true })
  })

  test('is told of what others do, in order', async () => {
    const told: (readonly [readonly MailboxId[], number])[] = []
    const stop = follower.watch((mailboxes, modSeq) => told.push([mailboxes, modSeq]))
    const { modSeq } = await owner.commit([await appendOf(owner, inbox, ['a', 'b'])])
    const { modSeq: next } = await owner.commit([
      { op: 'store', mailbox: inbox, uids: [1], mode: 'add', flags: flagSetOf(['\\Seen']) },
    ])
    await caughtUp(owner, follower)
    stop()
    assert.deepEqual(told, [
      [[inbox], modSeq],
      [[inbox], next],
    ])
    assert.deepEqual(await imageOf(follower), await imageOf(owner))
  })

  test('is followed from where it is, with and without a checkpoint', async () => {
    await owner.commit([await appendOf(owner, inbox, ['a'])])
    await follower.close()
    for (const checkpoint of [false, true]) {
      const account = owner instanceof AccountHandle ? owner.opened : undefined
      if (checkpoint && account instanceof Account) await account.checkpoint()
      await owner.commit([await appendOf(owner, inbox, [`checkpoint ${checkpoint}`])])
      const again = await pair.follower.openAccount('alice')
      await caughtUp(owner, again)
      assert.deepEqual(await imageOf(again), await imageOf(owner))
      assert.deepEqual(differentStates(stateOf(owner), stateOf(again)), [])
      await again.close()
    }
  })

  test('takes large messages into files of their own', async () => {
    const large = Buffer.alloc(600_000, 'A line of a large message.\r\n')
    const files = (): string[] =>
      readdirSync(join(directory, 'accounts/alice/segments')).filter((name) => name.endsWith('.big'))
    const staged = await stageMessage(follower, large)
    assert.equal(files().length, 1)
    const unwanted = await stageMessage(follower, large)
    unwanted.release()
    const given = follower.stage()
    await given.write(large)
    await given.abort()
    await follower.commit([{ op: 'append', mailbox: inbox, messages: [{ staged, flags: noFlags }] }])
    assert.equal(files().length, 1)
    assert.deepEqual(await imageOf(follower), await imageOf(owner))
    const [message] = (await follower.snapshot(inbox)).messages
    const [here, there] = [follower, owner].map((account) => account.readComputed('bodyStructure', [message!]))
    assert.deepEqual(await here, await there)
  })

  test('computes what no checkpoint has yet', async () => {
    await follower.commit([await appendOf(follower, inbox, ['a', 'b', 'c'])])
    const { messages } = await follower.snapshot(inbox)
    const kinds = ['envelope', 'body', 'bodyStructure', 'parts', 'keys', 'preview', 'fields', 'headerLines'] as const
    for (const kind of kinds) {
      const [here, there] = [await follower.readComputed(kind, messages), await owner.readComputed(kind, messages)]
      assert.deepEqual([here.bytes.toString(), here.offsets], [there.bytes.toString(), there.offsets], kind)
    }
  })

  test('gives back what a refused commit staged', async () => {
    const staged = await stageMessage(follower, sampleMessage('a'))
    const append = { op: 'append', mailbox: inbox, messages: [{ staged, flags: noFlags }] } as const
    const nonsense = { op: 'createMailbox', name: 'a//b' } as const
    await assert.rejects(follower.commit([append, nonsense]), { name: 'Refusal', code: 'CANNOT' })
    disk.fault = (action) => (action === 'write' ? systemError('ENOSPC') : undefined)
    await assert.rejects(follower.commit([append]), { name: 'StoreFailure', reason: 'disk-full' })
    disk.fault = () => undefined
    await follower.commit([append])
    await assert.rejects(follower.commit([append]), /not staged, or twice/)
    assert.deepEqual(Object.keys((await imageOf(follower))['INBOX']?.messages ?? {}), ['1'])
  })

  test('is read on while its owner is away, and changed when there is one again', async () => {
    await follower.commit([await appendOf(follower, inbox, ['a'])])
    const before = await imageOf(follower)
    const under = follower.commit([await appendOf(follower, inbox, ['b'])]).catch((error: unknown) => error)
    await pair.cut()
    assert.deepEqual(Object.keys(await imageOf(follower)), Object.keys(before))
    const failure = await under
    assert.ok(failure instanceof Error && 'reason' in failure && failure.reason === 'uncertain', String(failure))
    await follower.commit([await appendOf(follower, inbox, ['c'])])
    assert.deepEqual(await imageOf(follower), await imageOf(owner))
  })

  test('shows nothing before it is durable', async () => {
    let isDurable = false
    disk.fault = (action) => {
      if (action === 'sync') isDurable = true
      return undefined
    }
    follower.watch(() => assert.ok(isDurable))
    await follower.commit([await appendOf(follower, inbox, ['a'])])
  })

  test('is erased once nobody uses it', async () => {
    await assert.rejects(pair.follower.removeAccount('alice'), { reason: 'busy' })
    await owner.close()
    await assert.rejects(pair.owner.removeAccount('alice'), { reason: 'busy' })
    await follower.close()
    await pair.follower.removeAccount('alice')
    assert.deepEqual(await pair.owner.accounts(), [])
  })

  test('is closed by all when it is damaged, and made anew', async () => {
    await follower.commit([await appendOf(follower, inbox, ['a'])])
    await pair.close()
    const database = new Database(join(directory, 'accounts/alice/account.db'))
    database.run('UPDATE computed SET bytes = zeroblob(length(bytes))')
    database.close()
    await open(quiet)
    await follower.close() // it stays open there for a while
    const other = await pair.owner.openAccount('alice')
    await assert.rejects(async () => owner.readComputed('envelope', [1]), { reason: 'damaged' })
    await owner.close()
    await other.close()
    for (;;) {
      owner = await pair.owner.openAccount('alice')
      const envelope = await Promise.resolve()
        .then(() => owner.readComputed('envelope', [1]))
        .catch(() => undefined)
      if (envelope) break
      await owner.close()
      await new Promise((resolve) => setImmediate(resolve))
    }
    follower = await pair.follower.openAccount('alice')
    assert.deepEqual(await imageOf(follower), await imageOf(owner))
  })

  test('a loss of power at any moment loses nothing that was answered to a follower', async () => {
    let seed = 1
    const keeps = (): boolean => (seed = (seed * 48_271) % 2_147_483_647) % 2 === 0
    const certain: number[] = []
    const moments: { copy: string; uids: number[] }[] = []
    const append = async (octets: Buffer): Promise<void> => {
      const messages = [{ staged: await stageMessage(follower, octets), flags: noFlags }]
      const committed = await follower.commit([{ op: 'append', mailbox: inbox, messages }])
      certain.push(...resultOf(committed, 0, 'append').uids)
    }
    for (let round = 0; round < 12; round++) {
      const commits = Array.from({ length: (round % 4) + 1 }, (_, n) => append(sampleMessage(`round ${round} ${n}`)))
      if (round % 4 === 0) commits.push(append(Buffer.alloc(300_000, 'x')))
      for (let turns = 3 * (round % 5); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
      const copy = join(scratch, `power-${round}`)
      moments.push({ copy, uids: [...certain] })
      disk.copyAfterPowerLoss(directory, copy, keeps)
      await Promise.all(commits)
    }
    for (const { copy, uids } of moments) {
      const after = await embeddedStore({ directory: copy, limits: quiet })
      const image = await imageOf(await after.openAccount('alice'))
      await after.close()
      const found = new Set(Object.keys(image['INBOX']?.messages ?? {}).map(Number))
      assert.deepEqual(
        uids.filter((uid) => !found.has(uid)),
        [],
      )
      assert.deepEqual((await checkStore(copy)).problems, [])
    }
  })

  test('is the same on both sides after any history, whoever commits, checkpoints and connections lost included', async () => {
    await pair.close()
    const turn = fc.record({ isOwners: fc.boolean(), isCut: fc.integer({ min: 0, max: 9 }) })
    let runs = 0
    await fc.assert(
      fc.asyncProperty(steps, fc.array(turn, { minLength: 25, maxLength: 25 }), async (history, turns) => {
        directory = join(scratch, `run-${runs++}`)
        await open(lively)
        const model = new AccountModel([
          inbox,
          ...(await Promise.all(['one', 'two'].map((name) => follower.commit([{ op: 'createMailbox', name }])))).map(
            (committed) => resultOf(committed, 0, 'createMailbox').mailbox,
          ),
        ])
        for (const [n, step] of history.entries()) {
          if (step.do === 'reopen') {
            await follower.close()
            follower = await pair.follower.openAccount('alice')
            continue
          }
          const { isOwners, isCut } = turns[n]! // as many as the longest history
          if (isCut === 0) await pair.cut()
          await caughtUp(owner, follower)
          await model.run(isOwners ? owner : follower, step, appendOf)
        }
        await caughtUp(owner, follower)
        await model.compare(follower)
        assert.deepEqual(differentStates(stateOf(owner), stateOf(follower)), [])
        assert.deepEqual(await imageOf(follower), await imageOf(owner))
        await pair.close()
      }),
      { numRuns: 25 },
    )
    await open(quiet)
  })
})
