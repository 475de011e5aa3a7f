import type { FlagSet } from '../model/flags.ts'
import type { ReportProblem } from './source.ts'

/** A message on its way out. */
export interface OutgoingMessage {
  readonly uid: number
  readonly flags: FlagSet
  /** Whole seconds since 1970. */
  readonly internalDate: number
  readonly size: number
  /** The octets as they are stored; may be read more than once. Pieces are good until the next is asked for. */
  octets(): AsyncIterable<Buffer>
}

/** A mailbox on its way out. */
export interface OutgoingMailbox {
  readonly name: string
  readonly uidValidity: number
  readonly uidNext: number
  readonly keywords: readonly string[]
}

/** Takes the messages of one mailbox, in ascending order of UIDs. */
export interface MailboxWriter {
  /** The folder or file, relative to the root of the export; `''` for that itself. */
  readonly path: string
  write(message: OutgoingMessage): Promise<void>
  /** Writes what can be written only at the end and closes all files; also called after a failure. */
  finish(): Promise<void>
}

/** A format to export to. */
export interface MailTarget {
  openMailbox(mailbox: OutgoingMailbox, report: ReportProblem): Promise<MailboxWriter>
}
