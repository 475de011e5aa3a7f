import type { MessageKeys } from './message.ts'

/** The layout that `encodeKeys` writes, in its first octet. */
const version = 1

/** Keys as octets: the version, then JSON. Read back by {@link decodeKeys}. */
export function encodeKeys(keys: MessageKeys): Buffer {
  return Buffer.from(
    String.fromCharCode(version) +
      JSON.stringify([
        keys.sentDate ?? null,
        keys.sentDay ?? null,
        keys.baseSubject,
        keys.isReplyOrForward,
        keys.from,
        keys.to,
        keys.cc,
        keys.displayFrom,
        keys.displayTo,
        keys.messageId ?? null,
        keys.references,
      ]),
  )
}

type Encoded = readonly [
  sentDate: number | null,
  sentDay: number | null,
  baseSubject: string,
  isReplyOrForward: boolean,
  from: string,
  to: string,
  cc: string,
  displayFrom: string,
  displayTo: string,
  messageId: string | null,
  references: readonly string[],
]

/** The keys that {@link encodeKeys} wrote. Throws `RangeError` or `SyntaxError` when the octets are anything else. */
export function decodeKeys(bytes: Uint8Array): MessageKeys {
  if (bytes[0] !== version) throw new RangeError('the keys are of another version')
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8', 1)
  const [
    sentDate,
    sentDay,
    baseSubject,
    isReplyOrForward,
    from,
    to,
    cc,
    displayFrom,
    displayTo,
    messageId,
    references,
  ] = JSON.parse(text) as Encoded // what encodeKeys wrote: the store checks its octets before
  return {
    sentDate: sentDate ?? undefined,
    sentDay: sentDay ?? undefined,
    baseSubject,
    isReplyOrForward,
    from,
    to,
    cc,
    displayFrom,
    displayTo,
    messageId: messageId ?? undefined,
    references,
  }
}
