/** Which conversation a message belongs to: all that must be known of it before it has its place in a mailbox. */
import { HeaderStore } from './header-store.ts'
import { parseMessageId, threadReferences } from './message-ids.ts'
import { readFields } from './message-fields.ts'
import type { MessageKeys } from './message.ts'

/** The keys by which messages come into one thread (RFC 8474 §5.2). */
export type ThreadKeys = Pick<MessageKeys, 'messageId' | 'references'>

const lineFeed = 0x0a
const carriageReturn = 0x0d

/** {@link ThreadKeys} of a message that is at hand as a whole, as indexing it would find them, for a fraction of the work. */
export function threadKeysOf(octets: Buffer): ThreadKeys {
  const { messageId, references, inReplyTo } = readFields(
    new HeaderStore().finish(octets.subarray(0, headerEnd(octets))),
  )
  return {
    messageId: messageId === undefined ? undefined : parseMessageId(messageId),
    references: threadReferences(references, inReplyTo),
  }
}

/** Where the empty line is, or the end. */
function headerEnd(octets: Buffer): number {
  for (let at = 0; ;) {
    const first = octets[at]
    if (first === lineFeed || (first === carriageReturn && octets[at + 1] === lineFeed)) return at
    const newline = octets.indexOf(lineFeed, at)
    if (newline === -1) return octets.length
    at = newline + 1
  }
}
