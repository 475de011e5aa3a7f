import type { IndexedMessage } from '../../mime/message.ts'
import type { Committed, Operation } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import type { LocatedFile } from '../embedded/account.ts'
import type { Publication } from '../embedded/feed.ts'
import {
  StoreFailure,
  type StoreFailureReason,
  type SimilarFindings,
  type TextFindings,
  type TextPlace,
} from '../store.ts'

/**
 * What the processes of one server say to each other about accounts. One that follows accounts calls the one that owns
 * them, which answers, and tells news in between; all in one order, on one stream.
 */

/** What the owner of an account says when it is opened. */
export interface Opening {
  /** Of the account's records. */
  readonly mark: Buffer
  /** What was published behind the image in `account.db`, perhaps with some of what is in it. */
  readonly since: readonly Publication[]
}

/** What can be asked of an owner, and how it answers. */
export interface Calls {
  /** From now on there is news of the account. */
  readonly open: { readonly ask: object; readonly answer: Opening }
  readonly close: { readonly ask: object; readonly answer: undefined }
  /** The answer to `letGo` of somebody who cannot. */
  readonly keep: { readonly ask: object; readonly answer: undefined }
  /** News of the commit come before the answer. Messages are given as {@link SentMessage}. */
  readonly commit: { readonly ask: { readonly operations: readonly Operation[] }; readonly answer: Committed }
  /** The number of a file for a large message. */
  readonly reserve: { readonly ask: object; readonly answer: number }
  /** It is not wanted after all. */
  readonly discard: { readonly ask: { readonly number: number }; readonly answer: undefined }
  readonly locate: { readonly ask: { readonly message: number }; readonly answer: LocatedFile | undefined }
  readonly findText: {
    readonly ask: { readonly text: string; readonly where: TextPlace }
    readonly answer: TextFindings | undefined
  }
  readonly findSimilar: { readonly ask: { readonly word: string }; readonly answer: SimilarFindings }
  /** Erases an account. */
  readonly remove: { readonly ask: object; readonly answer: undefined }
}

/** Any name of {@link Calls}. */
export type CallName = keyof Calls

/** A call on its way. */
export type Call = {
  readonly [Name in CallName]: {
    readonly is: 'call'
    readonly number: number
    readonly name: Name
    readonly account: string
    readonly ask: Calls[Name]['ask']
  }
}[CallName]

/** The answer to the call with the same number. */
export type Answer =
  | { readonly is: 'answer'; readonly number: number; readonly value: unknown }
  | { readonly is: 'failure'; readonly number: number; readonly failure: SentFailure }

/** What an owner tells of an account without being asked. */
export type News =
  | {
      readonly is: 'published'
      readonly account: string
      readonly publication: Publication
      /** Whether somebody waits for {@link Seen}. */
      readonly isAwaited: boolean
    }
  | { readonly is: 'imaged'; readonly account: string; readonly sequence: number }
  | { readonly is: 'broughtIn'; readonly account: string }
  /** Somebody wants to erase the account: `close` it if nobody uses it, else `keep` it. */
  | { readonly is: 'letGo'; readonly account: string }

/** What a follower says of news: all who read there see the account as of this record, or a later one. */
export interface Seen {
  readonly is: 'seen'
  readonly account: string
  readonly sequence: number
}

/** Everything that is sent. */
export type Message = Call | Answer | News | Seen

/** A staged message: a small one with its octets, a large one by the number of the file that holds them. */
export type SentMessage =
  { readonly octets: Uint8Array } | { readonly segment: number; readonly indexed: IndexedMessage }

/** A failure as it is sent. */
interface SentFailure {
  readonly text: string
  readonly code?: Refusal['code']
  readonly reason?: StoreFailureReason
}

/** A failure in the form in which it is sent; what is neither a refusal nor a failure of the store becomes one. */
export function sentFailure(error: unknown): SentFailure {
  if (error instanceof Refusal) return { text: error.message, code: error.code }
  if (error instanceof StoreFailure) return { text: error.message, reason: error.reason }
  return { text: error instanceof Error ? error.message : String(error), reason: 'io' }
}

/** The failure that was sent. */
export function failureOf({ text, code, reason }: SentFailure): Refusal | StoreFailure {
  return reason === undefined ? new Refusal(code, text) : new StoreFailure(reason, text)
}
