/** What one FETCH may hold in memory at a time. Larger mailboxes and messages are served piece by piece. */

/**
 * Messages whose computed data is read from the store in one go: so few that its text is short enough for the heap's
 * young generation, where a megabyte costs the collector half as much as in large strings.
 */
export const maxBatchMessages = 64
/** Sizes of the messages of one such batch together, in octets: what is computed from them grows with them. */
export const maxBatchOctets: number = 8 * 1024 * 1024
/** Octets of a literal that is text like what is around it. */
export const textOctets = 256
/** Octets of a section that is read before it is announced; a longer one is streamed in pieces of this size. */
export const pieceOctets: number = 128 * 1024
/** Octets of memory that is used again for one message after the other. */
export const scratchOctets: number = 256 * 1024
/** Octets of all sections of one message that are read before the first is announced. */
export const maxPreparedOctets: number = 1024 * 1024
/** Octets of a header in which fields are looked for. */
export const maxSelectedHeaderOctets: number = 1024 * 1024
/** Messages after which others are given the chance to have their turn. */
export const messagesPerTurn = 64
