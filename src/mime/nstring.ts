import { maxQuotedOctets } from './limits.ts'

/** Octets that may stand in a quoted string as they are. */
const plain = /^[\t\x20\x21\x23-\x5b\x5d-\x7e]*$/
/** Octets that may stand in a quoted string, some behind a backslash. */
const printable = /^[\t\x20-\x7e]*$/

/**
 * A string of octets (one per char) as IMAP text: quoted where that is plain ASCII, else a literal
 * (RFC 9051 §4.3). A string cannot carry NUL, so NULs are left out.
 */
export function writeString(octets: string): string {
  if (octets.length <= maxQuotedOctets) {
    if (plain.test(octets)) return '"' + octets + '"'
    if (printable.test(octets)) return '"' + octets.replace(/["\\]/g, '\\$&') + '"'
  }
  const content = octets.includes('\0') ? octets.replaceAll('\0', '') : octets
  return '{' + content.length + '}\r\n' + content
}

/** {@link writeString}, or NIL for nothing. */
export function writeNstring(octets: string | undefined): string {
  return octets === undefined ? 'NIL' : writeString(octets)
}
