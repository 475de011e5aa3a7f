import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { silentLog } from '../../model/log.ts'
import { AccountHandle } from '../embedded/account-handle.ts'
import { realDisk } from '../embedded/disk.ts'
import type { EmbeddedStore, EmbeddedStoreOptions } from '../embedded/index.ts'
import { chunkCache, defaultLimits, embeddedStore } from '../embedded/index.ts'
import { OpenFiles } from '../embedded/segments.ts'
import type { AccountStore, MailboxNames, Store } from '../store.ts'
import { StoreFailure } from '../store.ts'
import { FollowedAccount, type FollowerSettings } from './followed-account.ts'
import { Link } from './link.ts'
import { FollowingProcess } from './owner.ts'
import { ownerOf } from './owner-of.ts'

/** How a process takes part in serving one data directory. */
export interface SharedStoreOptions extends EmbeddedStoreOptions {
  /** Which of the processes this is, from 0. */
  readonly worker: number
  /** How many processes there are. */
  readonly workers: number
  /** Makes a stream to another process, to be given to its {@link SharedStore.serve}. Rejects while it is not there. */
  readonly connect: (worker: number) => Promise<Duplex>
  /** Milliseconds for which changes wait for a process that is being replaced. */
  readonly patienceMs?: number
}

/** An account of another process that is open here. */
interface Opened {
  readonly account: FollowedAccount
  readonly ready: Promise<void>
  shares: number
  /** It is to be closed as soon as nobody uses it. */
  isUnwanted: boolean
}

/**
 * The store as one of several processes on one data directory has it: each account has one process that owns it, which
 * alone writes; all others follow what it publishes. The caller has taken the directory (`takeDirectory`).
 */
export class SharedStore implements Store {
  readonly #options: SharedStoreOptions
  readonly #own: EmbeddedStore
  readonly #directory: string
  readonly #links = new Map<number, Link>()
  readonly #following = new Set<FollowingProcess>()
  readonly #settings: FollowerSettings
  readonly #idleAccounts: number
  /** In the order of their last use. */
  readonly #opened = new Map<string, Opened>()
  #closed = false

  constructor(options: SharedStoreOptions, own: EmbeddedStore) {
    const { directory, disk = realDisk, log = silentLog, patienceMs = 5000 } = options
    const limits = { ...defaultLimits, ...options.limits }
    this.#options = options
    this.#own = own
    this.#directory = join(directory, 'accounts')
    this.#idleAccounts = limits.idleAccounts
    this.#settings = {
      disk,
      log,
      patienceMs,
      files: new OpenFiles(disk, limits.openFiles),
      chunks: chunkCache(limits.chunkCacheBytes),
      held: { count: 0 },
      maxMessageBytes: limits.maxMessageBytes,
      maxColumnBytes: limits.columnBytes,
      limits: { maxMailboxes: limits.maxMailboxes, maxKeywords: limits.maxKeywords, quota: limits.quota },
    }
  }

  /** Serves another process that follows accounts of this one, until its stream ends. */
  serve(stream: Duplex): void {
    const following = new FollowingProcess(
      stream,
      this.#own,
      (account) => this.removeAccount(account),
      () => this.#following.delete(following),
    )
    this.#following.add(following)
    if (this.#closed) following.close()
  }

  async openAccount(id: string): Promise<AccountStore> {
    const owner = ownerOf(id, this.#options.workers)
    if (owner === this.#options.worker) return await this.#own.openAccount(id)
    if (this.#closed) throw new StoreFailure('closed', 'the store is closed')
    let opened = this.#opened.get(id)
    if (!opened) {
      const account = new FollowedAccount(id, this.#directory, this.#link(owner), this.#settings)
      opened = { account, ready: account.open(() => this.#letGo(id)), shares: 0, isUnwanted: false }
    }
    opened.shares++
    this.#opened.delete(id)
    this.#opened.set(id, opened)
    const share = opened
    try {
      await share.ready
    } catch (error) {
      if (this.#opened.get(id) === share) this.#opened.delete(id)
      throw error
    }
    return new AccountHandle(share.account, async () => {
      share.shares--
      if (share.shares === 0 && (share.isUnwanted || share.account.isDamaged)) this.#closeOne(id, share)
      this.#closeIdle()
    })
  }

  #link(worker: number): Link {
    let link = this.#links.get(worker)
    if (!link) {
      const { connect } = this.#options
      const { log, patienceMs } = this.#settings
      link = new Link({ connect: () => connect(worker), log, patienceMs })
      this.#links.set(worker, link)
    }
    return link
  }

  /** Closes the accounts without shares that were not used for longest, but for some. */
  #closeIdle(): void {
    const idle = [...this.#opened].filter(([, { shares }]) => shares === 0)
    for (const [id, opened] of idle.slice(0, Math.max(0, idle.length - this.#idleAccounts))) this.#closeOne(id, opened)
  }

  #closeOne(id: string, opened: Opened): void {
    if (this.#opened.get(id) === opened) this.#opened.delete(id)
    opened.account.close()
  }

  #letGo(id: string): void {
    const opened = this.#opened.get(id)
    if (!opened) return
    if (opened.shares === 0) return this.#closeOne(id, opened)
    opened.isUnwanted = true
    opened.account.keep()
  }

  async mailboxesOf(id: string): Promise<MailboxNames> {
    if (ownerOf(id, this.#options.workers) === this.#options.worker) return await this.#own.mailboxesOf(id)
    const account = await this.openAccount(id)
    try {
      return await account.tree()
    } finally {
      await account.close()
    }
  }

  async sharedWith(identifiers: readonly string[]): Promise<readonly string[]> {
    return await this.#own.sharedWith(identifiers)
  }

  watchShared(onChange: () => void): () => void {
    return this.#own.watchShared(onChange)
  }

  async accounts(): Promise<readonly string[]> {
    return await this.#own.accounts()
  }

  async removeAccount(id: string): Promise<void> {
    const owner = ownerOf(id, this.#options.workers)
    if (owner !== this.#options.worker) {
      await this.#link(owner).call('remove', id, {})
      return
    }
    await this.letGo(id)
    await this.#own.removeAccount(id)
  }

  /** Asks other processes to close an account as soon as nobody uses it there. */
  async letGo(id: string): Promise<void> {
    await Promise.all([...this.#following].map((process) => process.letGo(id)))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const [id, opened] of this.#opened) this.#closeOne(id, opened)
    for (const link of this.#links.values()) link.close()
    for (const following of this.#following) following.close()
    this.#settings.files.close()
    await this.#own.close()
  }
}

/** Opens a data directory as one of several processes. Throws `StoreFailure`. */
export async function sharedStore(options: SharedStoreOptions): Promise<SharedStore> {
  const onDamaged = (account: string): void => void shared.letGo(account)
  const shared = new SharedStore(options, await embeddedStore({ ...options, isOneOfSeveral: true, onDamaged }))
  return shared
}
