import type { MailboxStatus, MailboxTree } from '../../model/mailbox.ts'
import type { MailboxId, ModSeq } from '../../model/numbers.ts'
import type { Committed, Operation } from '../../model/operation.ts'
import type { QuotaLimits, QuotaRoot } from '../../model/quota.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import { AccountState } from '../state/account-state.ts'
import {
  type AccountStore,
  type ComputedKind,
  type MessageStager,
  type PackedBytes,
  StoreFailure,
  type Vanished,
} from '../store.ts'
import { type MemoryMessage, memoryStager, stagedMessage, useUp } from './memory-stager.ts'

/** Limits that tests may want lower. */
export interface MemoryLimits {
  /** Octets. */
  readonly maxMessageBytes?: number
  readonly maxMailboxes?: number
  /** Of one mailbox. */
  readonly maxKeywords?: number
  /** Of an account that no limits were set for. */
  readonly quota?: QuotaLimits
}

type Listener = (mailboxes: readonly MailboxId[], modSeq: ModSeq) => void

/** What all shares of an account have in common. */
export class MemoryAccount {
  readonly id: string
  readonly state: AccountState
  readonly limits: MemoryLimits
  readonly #clock: () => number
  readonly #messages: Map<number, MemoryMessage> = new Map<number, MemoryMessage>()
  /** Messages that no mailbox has any more; they stay while anybody may read them through an older snapshot. */
  #released: number[] = []
  readonly #listeners: Set<Listener> = new Set<Listener>()
  readonly #onShared: () => void
  #shares = 0

  /** `clock` gives milliseconds since 1970; `onShared` is called behind each change of who may use mailboxes. */
  constructor(id: string, clock: () => number, limits: MemoryLimits, onShared: () => void) {
    this.id = id
    this.#onShared = onShared
    this.limits = limits
    this.#clock = clock
    const threads = new Map<string, number>()
    this.state = new AccountState({
      threads: {
        threadOf: (messageId) => threads.get(messageId),
        remember: (messageId, thread) => void threads.set(messageId, thread),
      },
      factsOf: (staged) => {
        const { size, index } = stagedMessage(staged)
        return { size, keys: index.keys }
      },
      ...(limits.maxMailboxes !== undefined && { maxMailboxes: limits.maxMailboxes }),
      ...(limits.maxKeywords !== undefined && { maxKeywords: limits.maxKeywords }),
      ...(limits.quota && { quota: limits.quota }),
    })
    this.commit([{ op: 'createMailbox', name: 'INBOX' }])
  }

  get isOpen(): boolean {
    return this.#shares > 0
  }

  share(): MemoryShare {
    this.#shares++
    return new MemoryShare(this, () => {
      this.#shares--
      if (this.isOpen) return
      for (const message of this.#released) this.#messages.delete(message)
      this.#released = []
    })
  }

  commit(operations: readonly Operation[]): Committed {
    const { changeSet, modSeq, results, staged } = this.state.plan(operations, Math.floor(this.#clock() / 1000))
    if (!changeSet) return { modSeq, results, changedNothing: true }
    const { mailboxes, released } = this.state.apply(changeSet)
    for (const { staged: message, message: number } of staged) {
      this.#messages.set(number, stagedMessage(message))
      useUp(message)
    }
    for (const message of released) this.#released.push(message)
    this.state.publish()
    for (const listener of this.#listeners) listener(mailboxes, modSeq)
    if (changeSet.changes.some(({ kind }) => kind === 'aclSet')) this.#onShared()
    return { modSeq, results }
  }

  message(number: number): MemoryMessage {
    const message = this.#messages.get(number)
    if (!message) throw new StoreFailure('damaged', `Message ${number} is not there`)
    return message
  }

  watch(listener: Listener): () => void {
    // A function of its own for each call, so that one listener given twice is called twice.
    const own: Listener = (mailboxes, modSeq) => listener(mailboxes, modSeq)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }
}

/** One holder's share of an account. */
export class MemoryShare implements AccountStore {
  readonly id: string
  readonly #giveBack: () => void
  readonly #watches: Set<() => void> = new Set<() => void>()
  #open: MemoryAccount | undefined

  constructor(account: MemoryAccount, giveBack: () => void) {
    this.id = account.id
    this.#open = account
    this.#giveBack = giveBack
  }

  /** For invariant checks in tests. */
  get state(): AccountState {
    return this.#account.state
  }

  async tree(): Promise<MailboxTree> {
    return this.state.tree()
  }

  async quotas(): Promise<readonly QuotaRoot[]> {
    return this.state.quotas()
  }

  async snapshot(mailbox: MailboxId, user?: string): Promise<MailboxSnapshot> {
    return this.state.snapshot(mailbox, user)
  }

  async status(mailboxes: readonly MailboxId[], user?: string): Promise<readonly MailboxStatus[]> {
    return this.state.status(mailboxes, user)
  }

  async vanishedSince(mailbox: MailboxId, modSeq: ModSeq): Promise<Vanished> {
    return this.state.vanishedSince(mailbox, modSeq)
  }

  stage(): MessageStager {
    return memoryStager(this.#account.limits.maxMessageBytes)
  }

  async commit(operations: readonly Operation[]): Promise<Committed> {
    return this.#account.commit(operations)
  }

  readBlob(message: number, offset: number, into: Uint8Array): number {
    const { octets } = this.#account.message(message)
    const part = octets.subarray(offset, offset + into.length)
    into.set(part)
    return part.length
  }

  readComputed(kind: ComputedKind, messages: ArrayLike<number>): PackedBytes {
    const parts = Array.from(messages, (message) => computed(kind, this.#account.message(message)))
    const offsets = new Uint32Array(parts.length + 1)
    parts.forEach((part, n) => (offsets[n + 1] = offsets[n]! + part.length))
    return { bytes: Buffer.concat(parts), offsets }
  }

  watch(onChange: Listener): () => void {
    const stop = this.#account.watch(onChange)
    this.#watches.add(stop)
    return () => {
      this.#watches.delete(stop)
      stop()
    }
  }

  async close(): Promise<void> {
    if (!this.#open) return
    for (const stop of this.#watches) stop()
    this.#open = undefined
    this.#giveBack()
  }

  get #account(): MemoryAccount {
    if (!this.#open) throw new StoreFailure('closed', 'The account is closed')
    return this.#open
  }
}

function computed(kind: ComputedKind, { index }: MemoryMessage): Buffer {
  switch (kind) {
    case 'envelope':
      return index.envelope
    case 'body':
      return index.body
    case 'bodyStructure':
      return index.bodyStructure
    case 'parts':
      return index.parts
    case 'keys':
      return index.encodedKeys
    case 'preview':
      return index.preview
    case 'fields':
      return index.fields
    case 'headerLines':
      return index.headerLines
    case 'sortKeys':
      return index.sortKeys
  }
}
