import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { defaultMaxKeywords, defaultMaxMailboxes, defaultMaxMessageBytes } from '../../model/limits.ts'
import type { Log } from '../../model/log.ts'
import { silentLog } from '../../model/log.ts'
import type { QuotaLimits } from '../../model/quota.ts'
import { Refusal } from '../../model/refusal.ts'
import type { MailboxNames, Store } from '../store.ts'
import { StoreFailure } from '../store.ts'
import { AccountHandle } from './account-handle.ts'
import type { AccountSettings } from './account.ts'
import { Account } from './account.ts'
import type { Disk } from './disk.ts'
import { asStoreFailure, realDisk } from './disk.ts'
import type { ChunkCache } from './computed.ts'
import { prepareFormat } from './format.ts'
import { Grants } from './grants.ts'
import { ClosedTrees } from './closed-trees.ts'
import { lockDirectory } from './lock.ts'
import type { AccountSurroundings } from './open-account.ts'
import { openAccountFiles } from './open-account.ts'
import { maxAccountIdBytes } from './record.ts'
import { makeGood } from './repair.ts'
import { OpenFiles } from './segments.ts'
import { TextThread } from './text-index/thread.ts'
import { WalThread } from './wal-thread.ts'

/** What may be chosen of an embedded store; everything has a default. */
export interface EmbeddedStoreOptions {
  /** The data directory; made when it is not there. */
  readonly directory: string
  /** Milliseconds since 1970. */
  readonly clock?: () => number
  readonly log?: Log
  /** Flag changes, too, wait until they survive a loss of power. */
  readonly syncFlags?: boolean
  readonly limits?: EmbeddedLimits
  /** Another disk than this machine's, for tests. */
  readonly disk?: Disk
  /** This is one of several processes that the caller has taken the directory for; others may follow its accounts. */
  readonly isOneOfSeveral?: boolean
  /** An account is to be closed by all who have it, so that what is damaged of it is made anew when it is opened again. */
  readonly onDamaged?: (account: string) => void
}

/** The limits of an embedded store. */
export interface EmbeddedLimits {
  /** Octets of one message. */
  readonly maxMessageBytes?: number
  /** Mailboxes of one account. */
  readonly maxMailboxes?: number
  /** Keywords of one mailbox. */
  readonly maxKeywords?: number
  /** What an account may hold that no limits were set for. */
  readonly quota?: QuotaLimits
  /** Accounts that stay open although nobody has a share of them. */
  readonly idleAccounts?: number
  /** Files of messages that stay open for reading, in all accounts. */
  readonly openFiles?: number
  /** Octets of what was computed from messages that stay in memory, in all accounts. */
  readonly chunkCacheBytes?: number
  /** Octets of mailbox columns that one account keeps in memory. */
  readonly columnBytes?: number
  /** Octets of a segment, ascending: a new one is of the largest size that the log as a whole has reached. */
  readonly segmentBytes?: readonly number[]
  /** Octets of log behind the last checkpoint that call for another one. */
  readonly checkpointBytes?: number
  /** Milliseconds without a change after which a checkpoint is taken. */
  readonly idleCheckpointMs?: number
  /** The part of a segment (from 0 to 1) that nobody refers to, from which on it is compacted; above 1: never. */
  readonly compactionShare?: number
  /** Milliseconds for which sessions can go on reading messages that were expunged meanwhile. */
  readonly compactionGraceMs?: number
  /** Milliseconds within which flag changes are made to survive a loss of power. */
  readonly lazySyncMs?: number
  /** Milliseconds without new mail after which the text of what came is indexed. */
  readonly idleTextMs?: number
}

const mebibyte = 1024 * 1024

/** What holds where nothing else is chosen. */
export const defaultLimits: Required<EmbeddedLimits> = {
  maxMessageBytes: defaultMaxMessageBytes,
  maxMailboxes: defaultMaxMailboxes,
  maxKeywords: defaultMaxKeywords,
  quota: {},
  idleAccounts: 64,
  openFiles: 256,
  chunkCacheBytes: 64 * mebibyte,
  columnBytes: 128 * mebibyte,
  segmentBytes: [mebibyte, 8 * mebibyte, 64 * mebibyte],
  checkpointBytes: 8 * mebibyte,
  idleCheckpointMs: 5000,
  compactionShare: 0.5,
  compactionGraceMs: 10 * 60_000,
  lazySyncMs: 1000,
  idleTextMs: 2000,
}

/**
 * Opens the embedded engine on a data directory, for this process alone. Throws `StoreFailure`: `busy` when another
 * process has it, `newer-version` when it was written by a later version, `damaged`, `io`, `disk-full`.
 */
export async function embeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const { directory, log = silentLog, isOneOfSeveral = false } = options
  if (isOneOfSeveral) return new EmbeddedStore(options, () => {})
  const unlock = await takeDirectory(directory, log)
  try {
    return new EmbeddedStore(options, unlock)
  } catch (error) {
    unlock()
    throw asStoreFailure(error, `cannot open the store in ${directory}`)
  }
}

/**
 * Takes a data directory for the caller, makes it where it is not there, and brings its format up to date; how to let
 * go of it. Throws `StoreFailure`.
 */
export async function takeDirectory(directory: string, log: Log = silentLog): Promise<() => void> {
  let unlock: (() => void) | undefined
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    unlock = lockDirectory(directory)
    await prepareFormat(directory, log)
    return unlock
  } catch (error) {
    unlock?.()
    throw asStoreFailure(error, `cannot open the store in ${directory}`)
  }
}

/** A cache that holds at most `maxBytes` octets. */
export function chunkCache(maxBytes: number): ChunkCache {
  return new LRUCache({ maxSize: maxBytes, sizeCalculation: (chunk) => Math.max(1, chunk.length) })
}

/** An account that is open, opening or closing. */
interface Opened {
  readonly account: Promise<Account>
  shares: number
  closing: Promise<void> | undefined
}

/** Change sets of a replay after which a checkpoint is taken at once. */
const manyChangeSets = 1000

const accountId = new RegExp(`^[A-Za-z0-9-]{1,${maxAccountIdBytes}}$`)

/** The embedded engine on one directory. */
export class EmbeddedStore implements Store {
  readonly #directory: string
  readonly #unlock: () => void
  readonly #surroundings: AccountSurroundings
  readonly #settings: AccountSettings
  readonly #idleAccounts: number
  readonly #onDamaged: (account: string) => void
  readonly #held = { count: 0 }
  readonly #wal = new WalThread()
  readonly #textThread = new TextThread()
  readonly #closedTrees = new ClosedTrees()
  /** In the order of their last use. */
  readonly #opened = new Map<string, Opened>()
  #closed = false

  constructor(options: EmbeddedStoreOptions, unlock: () => void) {
    const { directory, clock = Date.now, log = silentLog, syncFlags = false, disk = realDisk } = options
    const { isOneOfSeveral: isFollowed = false } = options
    const limits = { ...defaultLimits, ...options.limits }
    this.#directory = join(directory, 'accounts')
    mkdirSync(this.#directory, { recursive: true })
    this.#unlock = unlock
    this.#idleAccounts = limits.idleAccounts
    this.#onDamaged = options.onDamaged ?? (() => {})
    this.#surroundings = {
      disk,
      files: new OpenFiles(disk, limits.openFiles),
      chunks: chunkCache(limits.chunkCacheBytes),
      unindexed: { octets: 0, messages: 0 },
      log,
      maxMailboxes: limits.maxMailboxes,
      maxKeywords: limits.maxKeywords,
      quota: limits.quota,
    }
    this.#settings = {
      maxMessageBytes: limits.maxMessageBytes,
      segmentBytes: limits.segmentBytes,
      syncFlags,
      lazySyncMs: limits.lazySyncMs,
      idleCheckpointMs: limits.idleCheckpointMs,
      checkpointBytes: limits.checkpointBytes,
      compactionShare: limits.compactionShare,
      compactionGraceMs: limits.compactionGraceMs,
      maxColumnBytes: limits.columnBytes,
      now: () => Math.floor(clock() / 1000),
      log,
      isFollowed,
      wal: this.#wal,
      grants: new Grants(directory, log),
      text: { thread: this.#textThread, cache: this.#surroundings.chunks, log, idleMs: limits.idleTextMs },
    }
  }

  async openAccount(id: string): Promise<AccountHandle<Account>> {
    if (!accountId.test(id)) throw new Refusal('CANNOT', 'Not the id of an account')
    for (let closing = this.#opened.get(id)?.closing; closing; closing = this.#opened.get(id)?.closing) await closing
    if (this.#closed) throw new StoreFailure('closed', 'the store is closed')
    let opened = this.#opened.get(id)
    if (!opened) {
      opened = { account: this.#open(id), shares: 0, closing: undefined }
      const made = opened
      made.account.catch(() => {
        if (this.#opened.get(id) === made) this.#opened.delete(id)
      })
    }
    opened.shares++
    this.#opened.delete(id)
    this.#opened.set(id, opened)
    const share = opened
    return new AccountHandle(await opened.account, async () => {
      share.shares--
      if ((await share.account).isDamaged) {
        if (share.shares > 0) this.#onDamaged(id)
        else if (!share.closing) await this.#closeOne(id, share)
      }
      await this.#closeIdle(this.#idleAccounts)
    })
  }

  async #open(id: string): Promise<Account> {
    this.#closedTrees.forget(id)
    const directory = join(this.#directory, id)
    const isNew = !existsSync(directory)
    const parts = await openAccountFiles(directory, id, this.#surroundings)
    const account = new Account(id, parts, this.#settings, this.#held, this.#surroundings.unindexed)
    try {
      const { lost, missing } = parts.replayed
      if (lost.length > 0 || missing.size > 0) await makeGood(account, parts, this.#surroundings.log)
      else account.removeOrphans()
      // What took long to replay is not to be replayed again.
      if (parts.replayed.changeSets >= manyChangeSets) await account.checkpoint()
      const { disk } = this.#surroundings
      if (isNew) await Promise.all([disk.syncDirectory(directory), disk.syncDirectory(this.#directory)])
      if (!account.tree().byName.has('INBOX')) await account.commit([{ op: 'createMailbox', name: 'INBOX' }])
      this.#settings.grants.settle(id, account.tree())
      return account
    } catch (error) {
      await account.close()
      throw error
    }
  }

  /** Closes the accounts without shares that were not used for longest, but for `keep` of them. */
  async #closeIdle(keep: number): Promise<void> {
    const idle = [...this.#opened].filter(([, { shares, closing }]) => shares === 0 && !closing)
    const surplus = idle.slice(0, Math.max(0, idle.length - keep))
    const closed = await Promise.allSettled(surplus.map(([id, opened]) => this.#closeOne(id, opened)))
    for (const result of closed) {
      // Whoever gave back a share has nothing to do with it, and what was committed is in the log.
      if (result.status === 'rejected')
        this.#settings.log.error({ err: result.reason }, 'an account did not close well')
    }
  }

  async #closeOne(id: string, opened: Opened): Promise<void> {
    opened.closing = opened.account
      .then(async (account) => {
        const tree = account.tree()
        await account.close()
        this.#closedTrees.note(id, tree)
      })
      .finally(() => {
        this.#opened.delete(id)
      })
    await opened.closing
  }

  async mailboxesOf(id: string): Promise<MailboxNames> {
    await this.#opened.get(id)?.closing?.catch(() => {}) // told to whoever closes it
    const opened = this.#opened.get(id)
    if (opened && !opened.closing) return (await opened.account).tree()
    const known = this.#closedTrees.get(id)
    if (known) return known
    const account = await this.openAccount(id)
    try {
      return await account.tree()
    } finally {
      await account.close()
    }
  }

  async sharedWith(identifiers: readonly string[]): Promise<readonly string[]> {
    return this.#settings.grants.accountsFor(identifiers)
  }

  watchShared(onChange: () => void): () => void {
    return this.#settings.grants.watch(onChange)
  }

  async accounts(): Promise<readonly string[]> {
    return readdirSync(this.#directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && accountId.test(entry.name))
      .map(({ name }) => name)
      .toSorted()
  }

  async removeAccount(id: string): Promise<void> {
    if (!accountId.test(id)) return
    const opened = this.#opened.get(id)
    if (opened && opened.shares > 0) throw new StoreFailure('busy', `the account ${id} is in use`)
    if (opened) await (opened.closing ?? this.#closeOne(id, opened))
    rmSync(join(this.#directory, id), { recursive: true, force: true })
    this.#closedTrees.forget(id)
    await this.#surroundings.disk.syncDirectory(this.#directory)
    this.#settings.grants.settle(id, { byId: new Map() })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    try {
      const all = [...this.#opened].map(([id, opened]) => opened.closing ?? this.#closeOne(id, opened))
      const failed = (await Promise.allSettled(all)).find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw asStoreFailure(failed.reason, 'cannot close the store')
    } finally {
      this.#surroundings.files.close()
      this.#settings.grants.close()
      await this.#wal.close()
      await this.#textThread.close()
      this.#unlock()
    }
  }
}
