import type { MailboxStatus, MailboxTree } from '../../model/mailbox.ts'
import type { MailboxId, ModSeq } from '../../model/numbers.ts'
import type { Committed, Operation } from '../../model/operation.ts'
import type { QuotaRoot } from '../../model/quota.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import type {
  AccountStore,
  Breathe,
  ComputedKind,
  MessageStager,
  PackedBytes,
  SimilarFindings,
  TextFindings,
  TextPlace,
  Vanished,
} from '../store.ts'
import { StoreFailure } from '../store.ts'

/** A function that may also answer at once. */
type AtOnce<Call> = Call extends (...given: infer Given) => Promise<infer Answer>
  ? (...given: Given) => Answer | Promise<Answer>
  : Call

/** An account that is open, be it ours or one that another process owns. */
export type OpenAccount = {
  readonly [Name in Exclude<keyof AccountStore, 'close'>]-?: AtOnce<NonNullable<AccountStore[Name]>>
} & { indexText(): Promise<void> }

/** One share of an open account. */
export class AccountHandle<Opened extends OpenAccount = OpenAccount> implements AccountStore {
  readonly id: string
  #account: Opened | undefined
  readonly #giveBack: () => Promise<void>
  /** Ways to stop those who watch. Most often one, of a client that idles, for whom a set would be large. */
  #watches: readonly (() => void)[] = []

  constructor(account: Opened, giveBack: () => Promise<void>) {
    this.id = account.id
    this.#account = account
    this.#giveBack = giveBack
  }

  // The methods below are async so that what is refused rejects and never throws.

  async tree(): Promise<MailboxTree> {
    return this.#open.tree()
  }

  async quotas(): Promise<readonly QuotaRoot[]> {
    return this.#open.quotas()
  }

  async snapshot(mailbox: MailboxId, user?: string): Promise<MailboxSnapshot> {
    return this.#open.snapshot(mailbox, user)
  }

  async status(mailboxes: readonly MailboxId[], user?: string): Promise<readonly MailboxStatus[]> {
    return this.#open.status(mailboxes, user)
  }

  async vanishedSince(mailbox: MailboxId, modSeq: ModSeq): Promise<Vanished> {
    return this.#open.vanishedSince(mailbox, modSeq)
  }

  stage(): MessageStager {
    return this.#open.stage()
  }

  async commit(operations: readonly Operation[]): Promise<Committed> {
    return this.#open.commit(operations)
  }

  readBlob(message: number, offset: number, into: Uint8Array): number | Promise<number> {
    return this.#open.readBlob(message, offset, into)
  }

  readComputed(kind: ComputedKind, messages: ArrayLike<number>): PackedBytes | Promise<PackedBytes> {
    return this.#open.readComputed(kind, messages)
  }

  async findText(text: string, where: TextPlace, breathe: Breathe): Promise<TextFindings | undefined> {
    return this.#open.findText(text, where, breathe)
  }

  async findSimilar(word: string, breathe: Breathe): Promise<SimilarFindings> {
    return this.#open.findSimilar(word, breathe)
  }

  /** Indexes the text of all mail now. */
  async indexText(): Promise<void> {
    return this.#open.indexText()
  }

  watch(onChange: (mailboxes: readonly MailboxId[], modSeq: ModSeq) => void): () => void {
    const stop = this.#open.watch(onChange)
    this.#watches = [...this.#watches, stop]
    return () => {
      stop()
      this.#watches = this.#watches.filter((other) => other !== stop)
    }
  }

  async close(): Promise<void> {
    if (!this.#account) return
    this.#account = undefined
    for (const stop of this.#watches) stop()
    await this.#giveBack()
  }

  /** What it is a share of. Throws `StoreFailure` (`closed`) when it was given back. */
  get opened(): Opened {
    return this.#open
  }

  get #open(): Opened {
    if (!this.#account) throw new StoreFailure('closed', `the account ${this.id} was given back`)
    return this.#account
  }
}
