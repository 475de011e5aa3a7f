/** What the indexer finds out about a message while its octets pass by. Offsets and sizes are in octets. */

/**
 * One MIME entity. The message itself is the root. For `message/rfc822` and `message/global` the only child is the
 * nested message; for a multipart the children are its parts (RFC 9051 §6.4.5.1).
 */
export interface Part {
  /** Media type and subtype as written in the header, or the default (RFC 2045 §5.2). */
  readonly type: string
  readonly subtype: string
  /** Charset parameter in lower case, if there is one. */
  readonly charset: string | undefined
  /** Content-Transfer-Encoding in lower case; `7bit` when absent. */
  readonly encoding: string
  /** Where the entity's header starts. */
  readonly headerStart: number
  /** Where its body starts: behind the empty line, or where the entity ends. */
  readonly bodyStart: number
  /** Where its body ends; the CRLF before a boundary belongs to the boundary (RFC 2046 §5.1.1). */
  readonly bodyEnd: number
  /** Lines in the body. */
  readonly lines: number
  readonly children: readonly Part[]
}

/** Keys to sort and thread by (RFC 5256, RFC 5957), decoded. */
export interface MessageKeys {
  /** The Date header in whole seconds since 1970 (UTC); absent when there is none that can be read. */
  readonly sentDate: number | undefined
  /** Days from 1970-01-01 to the Date header's own calendar day, zone disregarded, for SENTON and kin (RFC 9051 §6.4.4). */
  readonly sentDay: number | undefined
  /** Base subject (RFC 5256 §2.1), folded by i;unicode-casemap. */
  readonly baseSubject: string
  /** Whether base subject extraction found a reply or forward marker (RFC 5256 §2.1). */
  readonly isReplyOrForward: boolean
  /** addr-mailbox of the first address of each, folded; '' when there is none (RFC 5256 §3). */
  readonly from: string
  readonly to: string
  readonly cc: string
  /** Sort keys DISPLAYFROM and DISPLAYTO, folded (RFC 5957 §3). */
  readonly displayFrom: string
  readonly displayTo: string
  /** Normalised msg-ids without angle brackets (RFC 5256 §3 REFERENCES). */
  readonly messageId: string | undefined
  /** Of References, else the first of In-Reply-To. */
  readonly references: readonly string[]
}

/** All that is computed from a message once, when it arrives. The Buffers are what the store keeps. */
export interface IndexedMessage {
  readonly size: number
  readonly root: Part
  readonly keys: MessageKeys
  /** Wire-ready, with the outer parentheses, valid in every dialect: strings that are not ASCII are literals. */
  readonly envelope: Buffer
  readonly body: Buffer
  readonly bodyStructure: Buffer
  /** `root`, as `encodeParts` writes it and `decodeParts` reads it. */
  readonly parts: Buffer
  /** `keys`, as `encodeKeys` writes them and `decodeKeys` reads them. */
  readonly encodedKeys: Buffer
  /** Of `keys` what most sorts compare, as `encodeSortKeys` writes it. */
  readonly sortKeys: Buffer
  /** UTF-8, at most 200 characters (RFC 8970 §3.1); empty when no text was found. */
  readonly preview: Buffer
  /** The message's own header for searches, as `encodeFields` writes it. */
  readonly fields: Buffer
  /** Fields of its own header that clients list mailboxes by, as `encodeHeaderLines` writes them. */
  readonly headerLines: Buffer
}
