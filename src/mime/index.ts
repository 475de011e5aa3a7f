/** `crispin/mime`: reads mail messages. No I/O, and nothing of IMAP but the text that FETCH answers with. */
export { missingHost, missingMailbox, parseAddresses, type Address } from './addresses.ts'
export { fold, foldAscii } from './casemap.ts'
export {
  decodeText,
  decodeTextOrGuess,
  decodeUnlabelled,
  isKnownCharset,
  streamingDecoder,
  type StreamingDecoder,
} from './charset.ts'
export { encodeText, Inexpressible, isWritableCharset, TextEncoding } from './charset-encode.ts'
export { parseContentType, parseDisposition, type ContentType, type Disposition } from './content.ts'
export { parseDate, type SentDate } from './dates.ts'
export { isKnownEncoding, TransferDecoder } from './decode.ts'
export { decodeHeaderValue } from './encoded-word.ts'
export { fieldSelector, fieldValue, headerFields, selectFields, unfold, type HeaderField } from './header-fields.ts'
export { encodeHeaderLines, headerLineSelector, type LineSelector } from './header-lines.ts'
export { recodeHeader, type HeaderCharset } from './header-recode.ts'
export { HtmlText } from './html-text.ts'
export { indexMessage, MessageIndexer } from './indexer.ts'
export { decodeKeys, encodeKeys } from './keys.ts'
export { parseMessageId, parseMessageIds, threadReferences } from './message-ids.ts'
export type { IndexedMessage, MessageKeys, Part } from './message.ts'
export { decodedParameter, parameterOf, type Parameter } from './parameters.ts'
export { decodeParts, encodeParts, findPart, sectionRange, type OctetRange, type SectionText } from './parts.ts'
export { makePreview, textOfHtml } from './preview.ts'
export { allText, bodyText, headerText, partsOf, type ReadOctets, type TextPiece } from './searchable.ts'
export { baseSubject, type BaseSubject } from './subject.ts'
