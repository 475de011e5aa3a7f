import type { Mailbox } from '../model/mailbox.ts'
import type { Rights } from '../model/rights.ts'
import type { Identity } from '../sasl/sasl.ts'
import type { MailboxView } from '../session/view.ts'
import type { AccountStore } from '../store/store.ts'
import type { UpdateContexts } from './contexts/update-contexts.ts'
import type { MailboxReference, Place } from './reference.ts'

/** Who is signed in, and their mail. */
export interface Login {
  readonly identity: Identity
  readonly account: AccountStore
  /** The same account, as a place for mailboxes. */
  readonly own: Place
}

/** The selected mailbox and what of it is remembered for the session. */
export interface SelectedMailbox extends Omit<MailboxReference, 'mailbox' | 'rights'> {
  readonly view: MailboxView
  /** As last seen, as are the rights to it: others may be given and denied them at any time. */
  mailbox: Mailbox
  rights: Rights
  /** Lets go of another's account. */
  readonly letGo: (() => void) | undefined
  /** How many keywords the client has seen listed in FLAGS. */
  keywordsTold: number
  /** The user's key to it that the client knows of (RFC 4467 §7), and the annotations it was read from. */
  keysTold: { readonly metadata: object; readonly generation: string } | undefined
  /** Whether the client was told a HIGHESTMODSEQ that lags behind, for expunges that it could not be told of. */
  modSeqLags: boolean
  /** Searches in it that are kept up to date, once there are any (RFC 5267 §4.3). */
  contexts: UpdateContexts | undefined
  /** The client's own commits that brought messages, of which it was not told yet (RFC 5465 §5.2). */
  ownCommits: Set<number> | undefined
  /** What SEARCH RETURN (SAVE) saved, as UIDs, ascending (RFC 9051 §6.4.4.1). */
  saved: Uint32Array
}

/** Extensions that a client turns on, by ENABLE or by using them (RFC 5161 §3.1, RFC 7162 §3.1). */
export type Enabled = 'IMAP4rev2' | 'UTF8=ACCEPT' | 'CONDSTORE' | 'QRESYNC' | 'UIDONLY' | 'METADATA' | 'METADATA-SERVER'

/** Where a connection stands (RFC 9051 §3). */
export type State =
  | { readonly at: 'not-authenticated' }
  | { readonly at: 'authenticated'; readonly login: Login }
  | { readonly at: 'selected'; readonly login: Login; readonly selected: SelectedMailbox }
  | { readonly at: 'logout' }
