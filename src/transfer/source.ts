import type { FlagSet } from '../model/flags.ts'
import type { SpecialUse } from '../model/mailbox.ts'

/** What a source of mail can be, and what mail can be exported to. */
export type MailFormat = 'maildir' | 'mbox' | 'eml'

/**
 * How an mbox file keeps lines of a message apart from its own `From ` lines. With `mboxo` a `>` goes before `From `, with
 * `mboxrd` also before `>From `, `>>From ` and so on; `mboxcl` does as `mboxo` and counts the octets of the body in
 * Content-Length, `mboxcl2` counts and changes no line.
 */
export type MboxKind = 'mboxo' | 'mboxrd' | 'mboxcl' | 'mboxcl2'

/** Something that was passed over or changed, for the person who runs the transfer. */
export interface TransferProblem {
  /** File or mailbox. */
  readonly where: string
  readonly what: string
}

/** Takes problems as they are found; the transfer goes on. */
export type ReportProblem = (where: string, what: string) => void

/** One message of a source. */
export interface SourceMessage {
  /** Where it lies, for reports. */
  readonly label: string
  readonly flags: FlagSet
  /** Whole seconds since 1970, where the source says when the message came. */
  readonly internalDate: number | undefined
  readonly uid: number | undefined
  /** Octets in the file, which is what progress is counted in. */
  readonly fileBytes: number
  /** The message with CRLF at the end of its lines; may be read more than once, until the next message is asked for. */
  octets(): AsyncIterable<Buffer>
}

/** One mailbox of a source; all of them are held at once, so it holds nothing of its messages. */
export interface SourceMailbox {
  /** The whole name with `/` between levels; the importer makes it a name that the store can have. */
  readonly name: string
  readonly uidValidity: number | undefined
  readonly specialUse: readonly SpecialUse[]
  readonly subscribed: boolean
  /** In ascending order of UIDs where there are any, then those without. */
  messages(report: ReportProblem): AsyncIterable<SourceMessage>
}

/** Mail outside the store, ready to be read. */
export interface MailSource {
  readonly format: MailFormat
  /** Octets of all files with mail, and messages where they can be counted without reading them. */
  totals(): Promise<{ readonly octets: number; readonly messages: number | undefined }>
  mailboxes(report: ReportProblem): AsyncIterable<SourceMailbox>
}
