/**
 * The store as everything above it sees it. An engine (a folder beside this file) implements these interfaces and
 * passes the contract suite in `contract.ts`; nothing else of an engine is used outside its folder.
 */
import type { MailboxStatus, MailboxTree } from '../model/mailbox.ts'
import type { MailboxId, ModSeq } from '../model/numbers.ts'
import type { Committed, Operation, StagedMessage } from '../model/operation.ts'
import type { QuotaRoot } from '../model/quota.ts'
import type { MailboxSnapshot } from '../model/snapshot.ts'

/** All accounts of a server. */
export interface Store {
  /**
   * The account named by `id` (letters, digits, `-`; made by us, never by a client), made with an INBOX if it is not
   * there. Each call takes a share of the account that {@link AccountStore.close} gives back.
   */
  openAccount(id: string): Promise<AccountStore>
  /**
   * The ids of accounts that may grant something to one of these identifiers: all that do, and perhaps some that did.
   */
  sharedWith(identifiers: readonly string[]): Promise<readonly string[]>
  /**
   * Calls `onChange` when {@link sharedWith} may have another answer, whichever process shared something: about a second
   * later where it was another. The listener must not throw or wait. Returns the way to stop.
   */
  watchShared(onChange: () => void): () => void
  /**
   * The mailboxes of an account as they are now, for who wants only their names and rights; the account need not be open
   * for it. An engine to which that makes no difference has no such method.
   */
  mailboxesOf?(id: string): Promise<MailboxNames>
  /** The ids of all accounts. */
  accounts(): Promise<readonly string[]>
  /** Erases an account and all its mail. Throws `StoreFailure` (`busy`) while anybody has it open. */
  removeAccount(id: string): Promise<void>
  /** Makes everything durable and lets go of all files. */
  close(): Promise<void>
}

/** A tree without what is not about names and rights. */
export type MailboxNames = Pick<MailboxTree, 'byId' | 'byName'>

/** What can be computed from a message's octets once, and is kept: see `IndexedMessage` in `mime/`. */
export type ComputedKind =
  'envelope' | 'body' | 'bodyStructure' | 'parts' | 'keys' | 'preview' | 'fields' | 'headerLines' | 'sortKeys'

/** Byte strings one behind the other: the n-th is `bytes` from `offsets[n]` to below `offsets[n + 1]`. */
export interface PackedBytes {
  readonly bytes: Buffer
  readonly offsets: Uint32Array
}

/** Where in a message a text is looked for: in any header of it, in the text of its parts, or in both. */
export type TextPlace = 'header' | 'body' | 'anywhere'

/** What is known, ahead of reading, of the messages that hold a text. */
export interface TextFindings {
  /** Nothing is known of messages with this number or a higher one. */
  readonly end: number
  /** Messages below `end` that hold it: bit `message & 31` of word `message >>> 5`. */
  readonly surely: Uint32Array
  /** Those that may hold it, and all that surely do; every other one below `end` does not. */
  readonly maybe: Uint32Array
}

/** How well the words of messages answer one that is searched for, as `similarity` in `mime/` tells. */
export interface SimilarFindings {
  /** Nothing is known of messages with this number or a higher one. */
  readonly end: number
  /** Two scores for each message below `end`, 0 to 100: that of the best word of its parts, and of its headers. */
  readonly scores: Uint8Array
}

/**
 * Waits now and then so that others have their turn: where there is a promise, wait for it. It rejects when nobody
 * wants the result any more, which ends the work.
 */
export type Breathe = () => Promise<void> | undefined

/** UIDs that are gone since a mod-sequence. */
export interface Vanished {
  /** Ascending, not touching, both ends included. */
  readonly ranges: readonly (readonly [first: number, last: number])[]
  /**
   * False when the store no longer remembers as far back: then `ranges` holds every UID below UIDNEXT that does not
   * exist, which RFC 7162 §3.2.5.1 allows.
   */
  readonly exact: boolean
}

/**
 * One account. All changes go through `commit` and have one order, that of their mod-sequences.
 * A method that is given a mailbox that does not exist throws `Refusal` with `NONEXISTENT`.
 */
export interface AccountStore {
  readonly id: string

  /** All mailboxes, subscriptions and annotations. */
  tree(): Promise<MailboxTree>

  /** The quota roots and how much is in them: the account as a whole, then mailboxes that limits were set for. */
  quotas(): Promise<readonly QuotaRoot[]>

  /**
   * The mailbox as it is now. With a `user` who is not the owner, `\Seen` is theirs where the mailbox keeps it per user.
   * Called again with no change in between, it gives the same object.
   */
  snapshot(mailbox: MailboxId, user?: string): Promise<MailboxSnapshot>

  /** The counters of many mailboxes at once, in the order asked; does not load the mailboxes' columns. */
  status(mailboxes: readonly MailboxId[], user?: string): Promise<readonly MailboxStatus[]>

  /** UIDs expunged by changes above `modSeq`. */
  vanishedSince(mailbox: MailboxId, modSeq: ModSeq): Promise<Vanished>

  /** Takes in the octets of a message, piece by piece, ahead of the commit that puts it into a mailbox. */
  stage(): MessageStager

  /**
   * Does all operations or none, assigns UIDs and one mod-sequence, makes it durable, and only then shows it to
   * anybody. Throws `Refusal` when an operation cannot be done, `StoreFailure` when the disk cannot.
   */
  commit(operations: readonly Operation[]): Promise<Committed>

  /**
   * Copies octets of a message from `offset` on into `into`, as many as fit and as there are; the number copied.
   * At once where the octets are at hand, else as a promise.
   */
  readBlob(message: number, offset: number, into: Uint8Array): number | Promise<number>

  /** What was computed from messages, one entry per message asked for and in that order (repeats allowed). */
  readComputed(kind: ComputedKind, messages: ArrayLike<number>): PackedBytes | Promise<PackedBytes>

  /**
   * Which messages hold a text, folded by i;unicode-casemap, as far as the engine knows; `undefined` when it knows
   * nothing of this text. An engine without an index of texts has no such method.
   */
  findText?(text: string, where: TextPlace, breathe: Breathe): Promise<TextFindings | undefined>

  /**
   * How well messages answer a word, folded and without marks, as far as the engine knows ahead of reading. An engine
   * without an index of texts, or that cannot reach it, has no such method.
   */
  findSimilar?(word: string, breathe: Breathe): Promise<SimilarFindings>

  /**
   * Calls `onChange` after each commit by anybody, in order, with the mailboxes it touched (an empty list: only
   * the tree or subscriptions). The listener must not throw or wait. Returns the way to stop.
   */
  watch(onChange: (mailboxes: readonly MailboxId[], modSeq: ModSeq) => void): () => void

  /** Gives back the share taken by `openAccount`. */
  close(): Promise<void>
}

/** Takes in one message; octets are indexed as they come and never held whole when they are many. */
export interface MessageStager {
  /** Wait for the promise, where there is one, before the next call. Throws `Refusal` (`TOOBIG`) over the limit. */
  write(chunk: Uint8Array): Promise<void> | undefined
  finish(): Promise<StagedMessage>
  /** Forgets what was written. May be called at any time, also after a failure. */
  abort(): Promise<void>
}

/** Why the store could not do what it should have. */
export type StoreFailureReason = 'disk-full' | 'damaged' | 'io' | 'busy' | 'closed' | 'newer-version' | 'uncertain'

/**
 * The store failed: nothing of the request was done, unless the reason is `uncertain`: then that is not known. Clients
 * see `NO [UNAVAILABLE]`; the log sees the cause.
 */
export class StoreFailure extends Error {
  readonly reason: StoreFailureReason

  constructor(reason: StoreFailureReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreFailure'
    this.reason = reason
  }
}
