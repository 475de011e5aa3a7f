import type { Mailbox } from '../model/mailbox.ts'
import type { Identity } from '../sasl/sasl.ts'
import type { MailboxView } from '../session/view.ts'
import type { AccountStore } from '../store/store.ts'

/** Who is signed in, and their mail. */
export interface Login {
  readonly identity: Identity
  readonly account: AccountStore
}

/** The selected mailbox and what of it is remembered for the session. */
export interface SelectedMailbox {
  readonly view: MailboxView
  /** As it was named when it was selected. */
  readonly mailbox: Mailbox
  /** How many keywords the client has seen listed in FLAGS. */
  keywordsTold: number
  /** Whether the client was told a HIGHESTMODSEQ that lags behind, for expunges that it could not be told of. */
  modSeqLags: boolean
  /** What SEARCH RETURN (SAVE) saved, as UIDs, ascending (RFC 9051 §6.4.4.1). */
  saved: Uint32Array
}

/** Extensions that a client turns on, by ENABLE or by using them (RFC 5161 §3.1, RFC 7162 §3.1). */
export type Enabled = 'IMAP4rev2' | 'UTF8=ACCEPT' | 'CONDSTORE' | 'QRESYNC' | 'UIDONLY'

/** Where a connection stands (RFC 9051 §3). */
export type State =
  | { readonly at: 'not-authenticated' }
  | { readonly at: 'authenticated'; readonly login: Login }
  | { readonly at: 'selected'; readonly login: Login; readonly selected: SelectedMailbox }
  | { readonly at: 'logout' }
