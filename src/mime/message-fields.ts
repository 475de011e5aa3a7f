import { unfold } from './header-fields.ts'

/** The values of the fields that are computed with, unfolded, one octet per char; absent fields are undefined. */
export interface MessageFields {
  date: string | undefined
  subject: string | undefined
  from: string | undefined
  sender: string | undefined
  replyTo: string | undefined
  to: string | undefined
  cc: string | undefined
  bcc: string | undefined
  inReplyTo: string | undefined
  messageId: string | undefined
  references: string | undefined
  contentType: string | undefined
  encoding: string | undefined
  contentId: string | undefined
  description: string | undefined
  md5: string | undefined
  disposition: string | undefined
  language: string | undefined
  location: string | undefined
}

const slots = new Map<string, keyof MessageFields>([
  ['date', 'date'],
  ['subject', 'subject'],
  ['from', 'from'],
  ['sender', 'sender'],
  ['reply-to', 'replyTo'],
  ['to', 'to'],
  ['cc', 'cc'],
  ['bcc', 'bcc'],
  ['in-reply-to', 'inReplyTo'],
  ['message-id', 'messageId'],
  ['references', 'references'],
  ['content-type', 'contentType'],
  ['content-transfer-encoding', 'encoding'],
  ['content-id', 'contentId'],
  ['content-description', 'description'],
  ['content-md5', 'md5'],
  ['content-disposition', 'disposition'],
  ['content-language', 'language'],
  ['content-location', 'location'],
])
const longestName = Math.max(...[...slots.keys()].map((name) => name.length))

/**
 * Reads the fields out of a header block. Of a field that stands there more than once the first counts, but
 * destinations are joined into one list (RFC 5322 §4.5.3).
 *
 * @param header the block, one octet per char; it may or may not have its empty line
 */
export function readFields(header: string): MessageFields {
  const fields: MessageFields = {
    date: undefined, subject: undefined, from: undefined, sender: undefined, replyTo: undefined, to: undefined,
    cc: undefined, bcc: undefined, inReplyTo: undefined, messageId: undefined, references: undefined,
    contentType: undefined, encoding: undefined, contentId: undefined, description: undefined, md5: undefined,
    disposition: undefined, language: undefined, location: undefined,
  } // prettier-ignore
  for (let start = 0; start < header.length;) {
    let end = start
    do {
      const newline = header.indexOf('\n', end)
      end = newline === -1 ? header.length : newline + 1
    } while (isBlank(header.charCodeAt(end)))
    readField(header, start, end, fields)
    start = end
  }
  return fields
}

function readField(header: string, start: number, end: number, fields: MessageFields): void {
  const last = Math.min(end, start + longestName + 1)
  let stop = start
  while (stop < last && header.charCodeAt(stop) !== 0x3a && !isBlank(header.charCodeAt(stop))) stop++
  const slot = slots.get(header.slice(start, stop).toLowerCase())
  if (slot === undefined) return
  while (isBlank(header.charCodeAt(stop))) stop++
  if (header.charCodeAt(stop) !== 0x3a) return
  const value = unfold(header.slice(stop + 1, end))
  const before = fields[slot]
  if (before === undefined || before === '') fields[slot] = value
  else if (slot === 'to' || slot === 'cc' || slot === 'bcc') fields[slot] = before + ', ' + value
}

function isBlank(char: number): boolean {
  return char === 0x20 || char === 0x09
}
