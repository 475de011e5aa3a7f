import { decodeUtf7, encodeUtf7 } from '../wire/utf7.ts'
import { readableName } from './source-files.ts'

/** Names of folders and files in a Maildir, and its lists of UIDs and keywords. */

/**
 * The mailbox that a folder of Maildir++ is for: `.Work.2024` is `Work/2024`. Levels are in modified UTF-7, or in UTF-8
 * where they are no such thing; Courier writes a dot inside a level as `&AC4-`.
 */
export function mailboxOfFolder(folder: string): string {
  return folder.slice(1).split('.').map(decodeLevel).join('/')
}

function decodeLevel(level: string): string {
  const parts = level.split(/(&AC[4]-|&AC8-|&ADo-|&AH4-)/)
  const decoded = parts.map((part) => shifted.get(part) ?? decodeUtf7(part))
  return decoded.includes(undefined) ? readableName(level) : decoded.join('')
}

/** Characters that are shifted although modified UTF-7 forbids it. A `/` cannot be in a level of ours. */
const shifted = new Map([
  ['&AC4-', '.'],
  ['&AC8-', '_'],
  ['&ADo-', ':'],
  ['&AH4-', '~'],
])

/** The folder of Maildir++ for a mailbox: the reverse of {@link mailboxOfFolder}. */
export function folderOfMailbox(mailbox: string): string {
  const levels = mailbox.split('/').map((level) => encodeUtf7(level).replaceAll('.', '&AC4-'))
  return '.' + levels.join('.')
}

/** A Maildir file's name in its parts: `unique:2,letters`; Windows has `;` or `!` for the colon. */
export function splitFileName(file: string): { readonly unique: string; readonly letters: string } {
  const [, unique = file, letters = ''] = /^(.*)[:;!]2,([A-Za-z]*)$/s.exec(file) ?? []
  return { unique, letters }
}

/** What a list of UIDs says. */
export interface UidList {
  readonly uidValidity: number
  /** By the unique part of the file's name. */
  readonly uids: ReadonlyMap<string, number>
}

/**
 * Reads Dovecot's `dovecot-uidlist`, version 1 or 3, or Courier's `courierimapuiddb`, which is like version 1. Lines that are
 * not as they should be are left out; the text is latin1, one char an octet, as names are.
 */
export function readUidList(text: string): UidList | undefined {
  const [head = '', ...lines] = text.split('\n')
  const [, validity] = /^3(?: [A-UW-Z]\S*)* V(\d{1,10})(?: |$)/.exec(head) ?? /^1 (\d{1,10}) \d+$/.exec(head) ?? []
  if (validity === undefined) return undefined
  const uids = new Map<string, number>()
  for (const line of lines) {
    const [, uid, file] = /^(\d{1,10}) (?:(?:[A-Z]\S* )*:)?(.+)$/.exec(line) ?? []
    if (uid !== undefined && file !== undefined) uids.set(splitFileName(file).unique, Number(uid))
  }
  return { uidValidity: Number(validity), uids }
}

/** A list of UIDs as Dovecot writes version 3. */
export function writeUidList(
  uidValidity: number,
  uidNext: number,
  files: readonly (readonly [number, string])[],
): string {
  return `3 V${uidValidity} N${uidNext}\n` + files.map(([uid, unique]) => `${uid} :${unique}\n`).join('')
}

/** Reads Dovecot's `dovecot-keywords`: `0 $Label` is what the letter a means. */
export function readKeywords(text: string): (string | undefined)[] {
  const keywords: (string | undefined)[] = []
  for (const line of text.split('\n')) {
    const [, number, keyword] = /^(\d{1,2}) (.+)$/.exec(line) ?? []
    if (number !== undefined) keywords[Number(number)] = keyword
  }
  return keywords
}

/** The reverse of {@link readKeywords}. */
export function writeKeywords(keywords: readonly string[]): string {
  return keywords.map((keyword, at) => `${at} ${keyword}\n`).join('')
}
