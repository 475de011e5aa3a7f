import { utf8ToWire } from '../../wire/strings.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'

/**
 * Response codes with arguments (RFC 9051 §7.1 and the extensions' own). Those without arguments are the names in
 * `model/refusal.ts`. Each returns the text between the brackets.
 */
export const code = {
  /** RFC 4315 §3 */
  appendUid: (uidValidity: number, uids: string): string => `APPENDUID ${uidValidity} ${uids}`,
  /** RFC 4315 §3 */
  copyUid: (uidValidity: number, from: string, to: string): string => `COPYUID ${uidValidity} ${from} ${to}`,
  /** RFC 9051 §7.1 */
  capability: (tokens: string): string => `CAPABILITY ${tokens}`,
  /** RFC 9051 §7.1; told when a mailbox is left without UNSELECT or CLOSE. */
  closed: 'CLOSED',
  /** RFC 7162 §3.1.2.1 */
  highestModSeq: (modSeq: number): string => `HIGHESTMODSEQ ${modSeq}`,
  /** RFC 8474 §4.1 */
  mailboxId: (objectId: string): string => `MAILBOXID (${objectId})`,
  /** RFC 9738 §3.1; the lowest UID that was worked on, where it is known. */
  messageLimit: (limit: number, lowestUid?: number): `MESSAGELIMIT ${string}` =>
    lowestUid === undefined ? `MESSAGELIMIT ${limit}` : `MESSAGELIMIT ${limit} ${lowestUid}`,
  /** RFC 5464 §4.2.1 */
  metadataLongEntries: (octets: number): string => `METADATA LONGENTRIES ${octets}`,
  /** RFC 7162 §3.1.3 */
  modified: (set: string): string => `MODIFIED ${set}`,
  /** RFC 9051 §7.1 */
  permanentFlags: (flags: string): string => `PERMANENTFLAGS (${flags})`,
  /** RFC 9051 §7.1 */
  readOnly: 'READ-ONLY',
  /** RFC 9051 §7.1 */
  readWrite: 'READ-WRITE',
  /** RFC 9051 §7.1 */
  uidNext: (uid: number): string => `UIDNEXT ${uid}`,
  /** RFC 9051 §7.1 */
  uidValidity: (value: number): string => `UIDVALIDITY ${value}`,
  /** RFC 4467 §8 */
  urlMech: 'URLMECH INTERNAL',
  /** RFC 5466 §3.1 */
  undefinedFilter: (name: string): `UNDEFINED-FILTER ${string}` => `UNDEFINED-FILTER ${name}`,
  /** RFC 3501 §7.1; not in IMAP4rev2. */
  unseen: (seqNum: number): string => `UNSEEN ${seqNum}`,
  /** RFC 9051 §7.1 */
  badCharset: (charsets: readonly string[]): string => `BADCHARSET (${charsets.map(utf8ToWire).join(' ')})`,
} as const

/** The answer to a sequence number of a client that has none any more (RFC 9586 §3). */
export function uidRequired(): BadSyntax {
  return new BadSyntax('Message numbers are not allowed once UIDONLY is enabled', 0, 'UIDREQUIRED')
}
