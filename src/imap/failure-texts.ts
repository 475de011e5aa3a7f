import type { StoreFailureReason } from '../store/store.ts'
import type { FramingProblem } from '../wire/framer.ts'
import { BadSyntax } from '../wire/syntax-error.ts'

/** What is said of a command that cannot be framed. */
export const framingProblems: Readonly<Record<FramingProblem, string>> = {
  'line-too-long': 'The line is too long',
  'command-too-long': 'The command is too long',
  'too-many-literals': 'The command has too many literals',
  'bare-lf': 'Lines end in CR LF',
  nul: 'NUL is not allowed here',
}

/** What a client is told of a failure of the store, behind `UNAVAILABLE` (RFC 5530 §3). */
export const storeFailures: Readonly<Record<StoreFailureReason, string>> = {
  'disk-full': 'The disk is full; nothing was changed',
  damaged: 'The stored data is damaged; the operator must run crispin check',
  io: 'The disk failed; nothing was changed',
  busy: 'The account is busy; try again',
  closed: 'The server is closing',
  uncertain: 'The server lost touch with itself; it is not known whether this was done',
  'newer-version': 'The store is of a newer version of Crispin',
}

/** The answer to a line, where one is waited for, that is none. */
export const malformedLine = (): BadSyntax => new BadSyntax('That line is too long or malformed', 0)

/** What was thrown, as an error. */
export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

/** A response code as it stands before the text, if there is one. */
export const bracketed = (code: string | undefined): string => (code === undefined ? '' : `[${code}] `)
