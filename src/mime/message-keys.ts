import { missingMailbox, type Address } from './addresses.ts'
import { fold } from './casemap.ts'
import { parseDate } from './dates.ts'
import { decodeHeaderValue } from './encoded-word.ts'
import type { EnvelopeAddresses } from './envelope.ts'
import { maxKeyOctets } from './limits.ts'
import type { MessageFields } from './message-fields.ts'
import { parseMessageId, threadReferences } from './message-ids.ts'
import type { MessageKeys } from './message.ts'
import { baseSubject } from './subject.ts'

/** The keys to sort and thread a message by (RFC 5256 §2.1, §2.2, §3; RFC 5957 §3), prepared by a collation. */
export function keysOf(
  fields: MessageFields,
  { from, to, cc }: EnvelopeAddresses,
  prepare: (text: string) => string = fold,
): MessageKeys {
  const sent = fields.date === undefined ? undefined : parseDate(fields.date)
  const subject = baseSubject(decoded(fields.subject ?? ''))
  return {
    sentDate: sent?.seconds,
    sentDay: sent?.day,
    baseSubject: prepare(subject.text),
    isReplyOrForward: subject.isReplyOrForward,
    from: prepare(mailboxKey(from[0])),
    to: prepare(mailboxKey(to[0])),
    cc: prepare(mailboxKey(cc[0])),
    displayFrom: prepare(displayKey(from[0])),
    displayTo: prepare(displayKey(to[0])),
    messageId: fields.messageId === undefined ? undefined : parseMessageId(fields.messageId),
    references: threadReferences(fields.references, fields.inReplyTo),
  }
}

function decoded(octets: string): string {
  return decodeHeaderValue(Buffer.from(octets.slice(0, maxKeyOctets), 'latin1'))
}

function mailboxKey(address: Address | undefined): string {
  const mailbox = address?.mailbox
  return mailbox === undefined || mailbox === missingMailbox ? '' : decoded(mailbox)
}

/** RFC 5957 §3. */
function displayKey(address: Address | undefined): string {
  if (address === undefined) return ''
  const { name, mailbox, host } = address
  const shown = name === undefined ? '' : decoded(name)
  if (shown !== '') return shown
  if (mailbox === undefined) return ''
  return decoded(host === undefined ? mailbox : mailbox + '@' + host)
}
