import type { ChangeSet } from '../../model/change.ts'
import type { MailboxStatus, MailboxTree } from '../../model/mailbox.ts'
import type { MailboxId, MessageNum, ModSeq } from '../../model/numbers.ts'
import type { Operation, OperationResult, StagedMessage } from '../../model/operation.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import type { MessageKeys } from '../../mime/message.ts'
import type { Vanished } from '../store.ts'
import type { CatalogueImage, Checkpoint, LoadMailbox } from './images.ts'

/** Which thread a message with a given Message-ID is in. Not part of the state: an engine keeps it as it can. */
export interface ThreadIndex {
  threadOf(messageId: string): number | undefined
  /** Called when a planned commit is applied, never on replay (entries carry their thread). */
  remember(messageId: string, thread: number): void
}

/** What the state has to know of a staged message. */
export interface StagedFacts {
  /** Octets. */
  readonly size: number
  readonly keys: Pick<MessageKeys, 'messageId' | 'references'>
}

/** What an engine brings along. */
export interface AccountStateOptions {
  readonly threads: ThreadIndex
  /** The facts of a message that this engine staged. */
  readonly factsOf: (staged: StagedMessage) => StagedFacts
  readonly maxMailboxes?: number
  /** Keywords of one mailbox. */
  readonly maxKeywords?: number
}

/** What a list of operations would do. */
export interface Plan {
  /** Undefined when nothing would change. */
  readonly changeSet: ChangeSet | undefined
  /** The account's mod-sequence after the commit. */
  readonly modSeq: ModSeq
  readonly results: readonly OperationResult[]
  /** The numbers given to staged messages. */
  readonly staged: readonly { readonly staged: StagedMessage; readonly message: MessageNum }[]
}

/** A change set that is applied but perhaps not yet published. */
export interface Applied {
  readonly changeSet: ChangeSet
  /** Mailboxes whose contents it touched, or that it deleted (as `watch` tells them). */
  readonly mailboxes: readonly MailboxId[]
  /** Messages that no mailbox refers to any more; their octets can go when nobody reads older snapshots. */
  readonly released: readonly number[]
}

/**
 * The state of one account: pure, without I/O. Every commit is planned against the *working* state, applied to it,
 * and shown (*published*) once the engine has made it durable. Several commits may be applied and not yet published;
 * they are published in order. What readers get is immutable and shares all that stayed the same.
 */
export class AccountState {
  /** An account without any mailbox: an engine's first commit to it creates INBOX. Replay starts here too. */
  constructor(options: AccountStateOptions) {
    void options
  }

  /** The account as of a checkpoint. `loadMailbox` is called at once when a mailbox's columns are first needed. */
  static restore(options: AccountStateOptions, catalogue: CatalogueImage, loadMailbox: LoadMailbox): AccountState {
    void [catalogue, loadMailbox]
    return new AccountState(options)
  }

  /**
   * Checks every operation against the working state as the operations before it in the list leave it. Changes
   * nothing. `now` is in whole seconds since 1970. Throws `Refusal`.
   */
  plan(operations: readonly Operation[], now: number): Plan {
    throw new Error(`not yet: ${operations.length} ${now}`)
  }

  /** Applies a change set to the working state: the one just planned, which is cheap, or one from the log. */
  apply(changeSet: ChangeSet): Applied {
    throw new Error(`not yet: ${changeSet.modSeq}`)
  }

  /** Shows all applied change sets up to and with `upTo` (absent: all), in the order in which they were applied. */
  publish(upTo?: Applied): void {
    void upTo
  }

  /** Forgets everything that was applied and not published, as if it had never been planned. */
  rollback(): void {}

  /** The mod-sequence of the last published change set. */
  get modSeq(): ModSeq {
    throw new Error('not yet')
  }

  /** As published. Equal versions are the same object. */
  tree(): MailboxTree {
    throw new Error('not yet')
  }

  /** As published; with `user` (never the owner), with that user's `\Seen`. Throws `Refusal` (`NONEXISTENT`). */
  snapshot(mailbox: MailboxId, user?: string): MailboxSnapshot {
    throw new Error(`not yet: ${mailbox} ${user ?? ''}`)
  }

  /** As published, without loading columns. Throws `Refusal` (`NONEXISTENT`). */
  status(mailboxes: readonly MailboxId[], user?: string): MailboxStatus[] {
    throw new Error(`not yet: ${mailboxes.length} ${user ?? ''}`)
  }

  /** As published. Throws `Refusal` (`NONEXISTENT`). */
  vanishedSince(mailbox: MailboxId, modSeq: ModSeq): Vanished {
    throw new Error(`not yet: ${mailbox} ${modSeq}`)
  }

  /** Drops a mailbox's columns, to be loaded again when needed; false when a checkpoint or publish is still due. */
  evict(mailbox: MailboxId): boolean {
    return mailbox < 0
  }

  /** Mailboxes whose columns are in memory, with a rough number of octets each. */
  loaded(): { mailbox: MailboxId; bytes: number }[] {
    return []
  }

  /** Whether a checkpoint would have anything to write. */
  get dirty(): boolean {
    return false
  }

  /** What was published since the last checkpoint. It counts as written unless {@link checkpointFailed} is called. */
  takeCheckpoint(): Checkpoint {
    throw new Error('not yet')
  }

  /** The checkpoint could not be written: everything in it is due again. */
  checkpointFailed(checkpoint: Checkpoint): void {
    void checkpoint
  }
}
