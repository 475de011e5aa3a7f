/** A message's own header as a search wants it: the values that people look for, ready to be compared. */
import { fold } from './casemap.ts'
import { eachField, unfold } from './header-fields.ts'
import { valueText } from './searchable.ts'

/** Fields whose values are kept, in lower case. */
export const keptFields: ReadonlySet<string> = new Set([
  'from', 'to', 'cc', 'bcc', 'subject', 'sender', 'reply-to', 'message-id', 'in-reply-to', 'list-id',
]) // prettier-ignore

/** Fields that nearly every message has and few look for: not even their presence is noted. */
export const commonFields: ReadonlySet<string> = new Set([
  'received', 'return-path', 'delivered-to', 'date', 'references', 'mime-version', 'content-type',
  'content-transfer-encoding', 'content-disposition', 'content-language', 'user-agent', 'x-mailer', 'dkim-signature',
  'received-spf', 'authentication-results', 'arc-seal', 'arc-message-signature', 'arc-authentication-results',
]) // prettier-ignore

/** The first octet of {@link encodeFields} where every value of a kept field is there, and where some are not. */
export const fieldsMark = { complete: 0x0a, incomplete: 0x21 } as const

/** Octets of the values of a message that are kept; a value that does not fit is left out. */
const maxValueOctets = 4_096
/** Octets of the names that are noted; a message with more notes nothing at all. */
const maxNameOctets = 1_024

/**
 * The fields of a header in lines of UTF-8: `name:VALUE`, decoded and folded (RFC 5051 §2), for those that are kept;
 * the name alone for all others but the common ones. A line end stands before and behind each line; where a kept
 * field's value was too long, its name stands alone, too, and an exclamation mark in front of everything.
 * Empty where too many names would have to be noted.
 *
 * @param header the block, one octet per char
 */
export function encodeFields(header: string): Buffer {
  let lines = '\n'
  let room = maxValueOctets
  let nameRoom = maxNameOctets
  let isComplete = true
  let names = ''
  // Hot: once per field of every message that comes in; bench/index-message.
  eachField(header, ({ name, valueStart, end }) => {
    if (commonFields.has(name)) return
    if (keptFields.has(name)) {
      const value = end - valueStart > room ? undefined : fold(valueText(unfold(header.slice(valueStart, end))))
      const length = value === undefined ? Infinity : Buffer.byteLength(value)
      if (value !== undefined && length <= room && value.isWellFormed()) {
        lines += name + ':' + value + '\n'
        room -= length
        return
      }
      isComplete = false
    }
    const line = name + '\n'
    if (names.startsWith(line) || names.includes('\n' + line) || nameRoom < 0) return
    names += line
    nameRoom -= name.length
  })
  if (nameRoom < 0) return Buffer.alloc(0)
  return Buffer.from((isComplete ? '' : '!') + lines + names)
}
