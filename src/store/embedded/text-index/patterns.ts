/** What a text that is searched for asks of the tokens of a message. */
import { ideographOctets, maxTokenOctets, pieceStride, runsIn, type TextRun } from './tokens.ts'

/** Texts that must all be found among the tokens of a document for the whole text to be in it. */
export interface Patterns {
  /** What to look for in a dictionary, in which each token has a line end before and behind it. */
  readonly patterns: readonly Buffer[]
  /** Whether each document in which they are found holds the text: it is nothing but a part of one token. */
  readonly isProof: boolean
}

const lineEnd = Buffer.from('\n')
/** Patterns that are looked for; more of them would hardly leave fewer messages. */
const maxPatterns = 8

/**
 * The patterns of a folded text; `undefined` when tokens say nothing of it, since it has neither letter nor digit.
 *
 * Where the text has a separator, or ideographs stand beside letters, a run of the message must end, or begin: so what
 * stands between two such borders is a whole run, what stands before the first one the end of a run, what stands behind
 * the last one the beginning of one. Words that are cut overlap by so much that what is no longer than their stride is
 * within a piece, and at the end or the beginning of a piece where it is one of the word's; of what is longer only that
 * much is looked for. Of ideographs each pair is a token.
 */
export function patternsOf(text: string): Patterns | undefined {
  const octets = Buffer.from(text)
  const runs = runsIn(octets)
  if (runs.length === 0) return undefined
  const patterns = runs.flatMap((run) => patternsOfRun(octets, run))
  const [run] = runs
  const isOneToken =
    runs.length === 1 &&
    run?.end === octets.length &&
    run.start === 0 &&
    octets.length <= (run.isIdeographs ? 2 * ideographOctets : pieceStride)
  const longest = patterns.toSorted((a, b) => b.length - a.length).slice(0, maxPatterns)
  return { patterns: longest, isProof: isOneToken && text.isWellFormed() && !text.includes('\ufffd') }
}

function patternsOfRun(octets: Buffer, { start, end, isIdeographs }: TextRun): Buffer[] {
  const begins = start > 0
  const ends = end < octets.length
  const length = end - start
  if (isIdeographs && length > ideographOctets) {
    const pairs = []
    for (let at = start; at + ideographOctets < end; at += ideographOctets) {
      pairs.push(Buffer.concat([lineEnd, octets.subarray(at, at + 2 * ideographOctets), lineEnd]))
    }
    return pairs
  }
  if (begins && ends && length <= maxTokenOctets) {
    return [Buffer.concat([lineEnd, octets.subarray(start, end), lineEnd])]
  }
  if (begins) return [Buffer.concat([lineEnd, octets.subarray(start, Math.min(end, start + pieceStride))])]
  if (ends) return [Buffer.concat([octets.subarray(Math.max(start, end - pieceStride), end), lineEnd])]
  return [octets.subarray(start, Math.min(end, start + pieceStride))]
}
