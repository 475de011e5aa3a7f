import { parseAddresses, type Address } from './addresses.ts'
import type { MessageFields } from './message-fields.ts'
import { writeNstring } from './nstring.ts'

/** The addresses of a message's header, read once for ENVELOPE and for the sort keys. */
export interface EnvelopeAddresses {
  readonly from: readonly Address[]
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
}

/** An ENVELOPE as text (one octet per char), and the addresses in it. */
export interface Envelope extends EnvelopeAddresses {
  readonly text: string
}

/** Makes the ENVELOPE of a message from its header fields (RFC 9051 §7.5.2). */
export function writeEnvelope(fields: MessageFields): Envelope {
  const from = addressesIn(fields.from)
  const to = addressesIn(fields.to)
  const cc = addressesIn(fields.cc)
  const fromText = writeAddresses(from)
  const orFrom = (value: string | undefined): string => {
    const addresses = addressesIn(value)
    return addresses.length === 0 ? fromText : writeAddresses(addresses)
  }
  const text =
    '(' + writeNstring(fields.date) + ' ' + writeNstring(fields.subject) + ' ' + fromText + ' ' +
    orFrom(fields.sender) + ' ' + orFrom(fields.replyTo) + ' ' + writeAddresses(to) + ' ' + writeAddresses(cc) + ' ' +
    writeAddresses(addressesIn(fields.bcc)) + ' ' + writeNstring(fields.inReplyTo) + ' ' +
    writeNstring(fields.messageId) + ')' // prettier-ignore
  return { text, from, to, cc }
}

function addressesIn(value: string | undefined): readonly Address[] {
  return value === undefined || value === '' ? [] : parseAddresses(value)
}

function writeAddresses(addresses: readonly Address[]): string {
  if (addresses.length === 0) return 'NIL'
  let text = '('
  for (const { name, route, mailbox, host } of addresses) {
    text +=
      '(' +
      writeNstring(name) +
      ' ' +
      writeNstring(route) +
      ' ' +
      writeNstring(mailbox) +
      ' ' +
      writeNstring(host) +
      ')'
  }
  return text + ')'
}
