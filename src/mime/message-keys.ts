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

/** The keys to sort and thread a message by (RFC 5256 §2.1, §2.2, §3; RFC 5957 §3). */
export function keysOf(fields: MessageFields, { from, to, cc }: EnvelopeAddresses): MessageKeys {
  const sent = fields.date === undefined ? undefined : parseDate(fields.date)
  const subject = baseSubject(decoded(fields.subject ?? ''))
  return {
    sentDate: sent?.seconds,
    sentDay: sent?.day,
    baseSubject: fold(subject.text),
    isReplyOrForward: subject.isReplyOrForward,
    from: mailboxKey(from[0]),
    to: mailboxKey(to[0]),
    cc: mailboxKey(cc[0]),
    displayFrom: displayKey(from[0]),
    displayTo: displayKey(to[0]),
    messageId: fields.messageId === undefined ? undefined : parseMessageId(fields.messageId),
    references: threadReferences(fields.references, fields.inReplyTo),
  }
}

function decoded(octets: string): string {
  return decodeHeaderValue(Buffer.from(octets.slice(0, maxKeyOctets), 'latin1'))
}

function mailboxKey(address: Address | undefined): string {
  const mailbox = address?.mailbox
  return mailbox === undefined || mailbox === missingMailbox ? '' : fold(decoded(mailbox))
}

/** RFC 5957 §3. */
function displayKey(address: Address | undefined): string {
  if (address === undefined) return ''
  const { name, mailbox, host } = address
  const shown = name === undefined ? '' : decoded(name)
  if (shown !== '') return fold(shown)
  if (mailbox === undefined) return ''
  return fold(decoded(host === undefined ? mailbox : mailbox + '@' + host))
}
