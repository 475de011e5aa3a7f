import type { EnvelopeAddresses } from './envelope.ts'
import type { MessageFields } from './message-fields.ts'
import type { MessageKeys } from './message.ts'

/** The keys to sort and thread a message by (RFC 5256 §2.1, §2.2, §3; RFC 5957 §3). */
export function keysOf(fields: MessageFields, addresses: EnvelopeAddresses): MessageKeys {
  void addresses
  return {
    sentDate: undefined,
    sentDay: undefined,
    baseSubject: fields.subject ?? '',
    isReplyOrForward: false,
    from: '',
    to: '',
    cc: '',
    displayFrom: '',
    displayTo: '',
    messageId: undefined,
    references: [],
  }
}
