/** The fields of a message's own header that clients list mailboxes by, octet for octet, ready to be picked from. */
import { eachField } from './header-fields.ts'

/**
 * Names of fields that are kept, in the order of their numbers in what is stored: only ever add at the end, up to 250.
 * Those that a message does not have cost it nothing.
 */
const keptNames: readonly string[] = [
  'date', 'from', 'to', 'cc', 'bcc', 'subject', 'message-id', 'in-reply-to', 'references', 'reply-to', 'sender',
  'content-type', 'content-transfer-encoding', 'mime-version', 'list-id', 'list-post', 'list-unsubscribe',
  'list-unsubscribe-post', 'list-subscribe', 'list-archive', 'list-help', 'list-owner', 'priority', 'x-priority',
  'importance', 'precedence', 'newsgroups', 'followup-to', 'mail-followup-to', 'mail-reply-to', 'delivered-to',
  'x-original-to', 'disposition-notification-to', 'resent-message-id', 'resent-date', 'resent-from', 'resent-to',
  'x-label', 'x-mailer', 'user-agent', 'content-description', 'content-class', 'lines', 'keywords', 'comments',
  'auto-submitted', 'chat-version', 'x-k9mail-identity', 'x-uniform-type-identifier', 'x-universally-unique-identifier',
] // prettier-ignore

const numbers: ReadonlyMap<string, number> = new Map(keptNames.map((name, number) => [name, number]))
const nameLengths = new Set(keptNames.map(({ length }) => length))

/** Octets of all fields of one message that are kept; of a message with more none are. */
const maxLinesOctets = 8_192
/** Fields of one message that are kept. */
const maxLines = 255
/** Octets in front of the table: how many names were known, and how many fields there are. */
const headOctets = 2
/** Octets per field in the table: the number of its name, and its length, low octet first. */
const entryOctets = 3

/**
 * The kept fields of a header in their order, behind a table of their names and lengths. Empty where they are too many
 * or too long, or the last has no line end: then they have to be read from the message.
 *
 * @param header the whole block, one octet per char
 */
export function encodeHeaderLines(header: string): Buffer {
  const table: number[] = []
  let lines = ''
  let runStart = 0
  let runEnd = 0
  // Hot: once per field of every message that comes in; bench/index-message.
  eachField(header, ({ name, start, end }) => {
    const number = nameLengths.has(name.length) ? numbers.get(name) : undefined
    if (number === undefined) return
    const length = end - start
    table.push(number, length & 0xff, (length >>> 8) & 0xff)
    if (start !== runEnd) {
      lines += header.slice(runStart, runEnd)
      runStart = start
    }
    runEnd = end
  })
  lines += header.slice(runStart, runEnd)
  const count = table.length / entryOctets
  if (count > maxLines || lines.length > maxLinesOctets || (count > 0 && !lines.endsWith('\n'))) return Buffer.alloc(0)
  const tableOctets = headOctets + table.length
  const encoded = Buffer.allocUnsafe(tableOctets + lines.length)
  encoded[0] = keptNames.length
  encoded[1] = count
  encoded.set(table, headOctets)
  encoded.write(lines, tableOctets, 'latin1')
  return encoded
}

/**
 * What `fieldSelector` gives for a whole header, of those that {@link encodeHeaderLines} made: picked from the chars of
 * `packed` (one per octet) from `start` to below `end`. `undefined` where the header itself has to be looked at.
 */
export type LineSelector = (packed: string, start: number, end: number) => string | undefined

/** How to select fields by their names (any case); `undefined` when some of them are not kept. */
export function headerLineSelector(names: readonly string[]): LineSelector | undefined {
  /** 1 for the number of each wanted name. */
  const wanted = new Uint8Array(keptNames.length)
  let highest = 0
  for (const name of names) {
    const number = numbers.get(name.toLowerCase())
    if (number === undefined) return undefined
    wanted[number] = 1
    highest = Math.max(highest, number)
  }

  // Hot: once per message of FETCH (BODY[HEADER.FIELDS (..)]); bench/fetch.
  return (packed, start, end) => {
    // What was stored before a name was among the kept ones does not tell whether the message has the field.
    if (start === end || packed.charCodeAt(start) <= highest) return undefined
    const lines = start + headOctets + entryOctets * packed.charCodeAt(start + 1)
    let selected = ''
    let runStart = lines
    let runEnd = lines
    let at = lines
    for (let entry = start + headOctets; entry < lines; entry += entryOctets) {
      const next = at + packed.charCodeAt(entry + 1) + 256 * packed.charCodeAt(entry + 2)
      if (wanted[packed.charCodeAt(entry)] === 1) {
        if (at !== runEnd) {
          selected += packed.slice(runStart, runEnd)
          runStart = at
        }
        runEnd = next
      }
      at = next
    }
    return selected + packed.slice(runStart, runEnd) + '\r\n'
  }
}
