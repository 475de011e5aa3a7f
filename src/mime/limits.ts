/** Every limit of reading a message, with its unit. Beyond a limit less is computed; offsets and sizes stay exact. */

/** Octets of one entity's header that fields are read from; the fields behind them are not seen. */
export const maxHeaderOctets: number = 256 * 1024
/** Octets of all headers of a message that fields are read from. */
export const maxAllHeaderOctets: number = 1024 * 1024
/** Levels of entities inside one another; multiparts and messages below are leaves. */
export const maxDepth = 50
/** Entities of a message; what follows belongs to the last one. */
export const maxParts = 2_000
/** Octets of a boundary (RFC 2046 §5.1.1 has 70); a multipart with a longer one is taken for text. */
export const maxBoundaryOctets = 1000
/** Octets of a line in which a boundary is looked for. */
export const maxBoundaryLineOctets: number = maxBoundaryOctets + 128
/** Addresses read from one header field. */
export const maxAddresses = 2_000
/** Parameters read from one header field. */
export const maxParameters = 200
/** Levels of comments inside one another in structured fields. */
export const maxCommentDepth = 50
/** Octets of a text part that are kept to make the preview from. */
export const maxPreviewSourceOctets: number = 16 * 1024
/** Text parts that are tried until one gives a preview. */
export const maxPreviewParts = 4
/** Characters of a preview (RFC 8970 §3.3 recommends 200 and forbids more than 256). */
export const maxPreviewCharacters = 200
/** Octets of a subject, display name or mailbox that are decoded for the sort keys. */
export const maxKeyOctets = 8_000
/** Characters of a subject that the base subject is found in. */
export const maxSubjectCharacters = 2_000
/** Message identifiers kept of References: the first one and the latest. */
export const maxReferences = 500
/** Octets of a string in ENVELOPE and BODYSTRUCTURE that goes out quoted; longer ones are literals. */
export const maxQuotedOctets = 1000
