/** What a text that is searched for asks of the tokens of a message. */
import { maxTokenOctets, pieceStride, tokensIn } from './tokens.ts'

/** Texts that must all be found among the tokens of a document for the whole text to be in it. */
export interface Patterns {
  /** What to look for in a dictionary, in which each token has a line end before and behind it. */
  readonly patterns: readonly Buffer[]
  /** Whether each document in which they are found holds the text: it is nothing but a part of one token. */
  readonly isProof: boolean
}

const lineEnd = Buffer.from('\n')

/**
 * The patterns of a folded text; `undefined` when tokens say nothing of it, since it has neither letter nor digit.
 *
 * Where the text has a separator, a token of the message must end, or begin: so what stands between two separators is a
 * token, what stands before the first one the end of a token, what stands behind the last one the beginning of one.
 * Tokens that are cut overlap by so much that what is no longer than their stride is within a piece, and at the end or
 * the beginning of a piece where it is one of the token's. Of what is longer only that much is looked for.
 */
export function patternsOf(text: string): Patterns | undefined {
  const octets = Buffer.from(text)
  const tokens = tokensIn(octets)
  if (tokens.length === 0) return undefined
  let isProof = tokens.length === 1 && text.isWellFormed() && !text.includes('\ufffd')
  const patterns = tokens.map(({ start, end }) => {
    const begins = start > 0
    const ends = end < octets.length
    const length = end - start
    if (begins || ends) isProof = false
    if (begins && ends && length <= maxTokenOctets)
      return Buffer.concat([lineEnd, octets.subarray(start, end), lineEnd])
    if (length > pieceStride) isProof = false
    if (begins) return Buffer.concat([lineEnd, octets.subarray(start, Math.min(end, start + pieceStride))])
    if (ends) return Buffer.concat([octets.subarray(Math.max(start, end - pieceStride), end), lineEnd])
    return octets.subarray(start, Math.min(end, start + pieceStride))
  })
  return { patterns, isProof }
}
