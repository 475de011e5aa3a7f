/** Fuzzy searches, RFC 6203: texts match by words that are like theirs, and messages have scores for it. */
import { fuzzyWords } from '../mime/similar-words.ts'
import { keptFields } from '../mime/search-fields.ts'
import type { NumberRange } from '../wire/number-set.ts'
import type { SearchKey } from '../wire/search-grammar.ts'
import type { SearchContext } from './context.ts'
import { scoresOfFields, scoresOfText } from './fuzzy-scores.ts'
import { collated } from './collated.ts'
import { all, loosened } from './loosened.ts'
import { uidRanges } from './row-ranges.ts'
import { mentions, search } from './search.ts'

/** What a search found. */
export interface Found {
  /** Rows of the snapshot, ascending. */
  readonly rows: Uint32Array
  /** By row, how relevant it is, 1 to 100 (RFC 6203 §4); absent where nothing was fuzzy. */
  readonly scores?: Uint8Array
}

type TextSearchKey = Extract<SearchKey, { readonly value: string }>

/**
 * The rows that match, with their scores where any key is fuzzy. Fuzzy are texts alone: all other keys match as they do
 * elsewhere (RFC 6203 §5). A text matches a message when each of its words does, and its score is their mean; that of a
 * message is the mean over all texts of the search that it matches.
 */
export async function searchFuzzily(key: SearchKey, context: SearchContext): Promise<Found> {
  if (context.collation) key = await collated(key, context.collation, context)
  if (!mentions(key, ['FUZZY'])) return { rows: await search(key, context) }
  const candidates = await search(
    loosened(key, (inner) => (inner.key === 'FUZZY' ? all : undefined)),
    context,
  )
  const tally = new Tally(context.snapshot.uids.length)
  const exact = await resolved(key, { context, candidates, tally, isFuzzy: false, isDenied: false })
  const rows = await search(exact, context)
  return { rows, scores: tally.means }
}

interface Resolution {
  readonly context: SearchContext
  /** Rows that may match. */
  readonly candidates: Uint32Array
  readonly tally: Tally
  readonly isFuzzy: boolean
  readonly isDenied: boolean
}

/** The search with the rows that each fuzzy text matches in its place. */
async function resolved(key: SearchKey, how: Resolution): Promise<SearchKey> {
  if (key.key === 'FUZZY') return resolved(key.operand, { ...how, isFuzzy: true })
  if (key.key === 'NOT') {
    return { key: 'NOT', operand: await resolved(key.operand, { ...how, isDenied: !how.isDenied }) }
  }
  if (key.key === 'OR') return { key: 'OR', left: await resolved(key.left, how), right: await resolved(key.right, how) }
  if (key.key === 'AND') {
    const operands: SearchKey[] = []
    for (const operand of key.operands) operands.push(await resolved(operand, how))
    return { key: 'AND', operands }
  }
  if (!how.isFuzzy || !('value' in key)) return key
  const scores = await scoresOf(key, how)
  if (!scores) return key
  if (!how.isDenied) how.tally.add(scores)
  return { key: 'UID', set: { saved: false, ranges: rangesOf(scores, how.context.snapshot.uids) } }
}

/** By row, how well the message answers a text, 0 where it does not; `undefined` where the text is no matter of words. */
async function scoresOf(key: TextSearchKey, { context, candidates }: Resolution): Promise<Uint8Array | undefined> {
  const words = fuzzyWords(key.value)
  if (!words) return undefined
  if (key.key === 'TEXT' || key.key === 'BODY') return scoresOfText(words, key.key, candidates, context)
  const field = (key.key === 'HEADER' ? key.field : key.key).toLowerCase()
  return keptFields.has(field) ? scoresOfFields(words, field, candidates, context) : undefined
}

/** Rows with a score, as UIDs. */
function rangesOf(scores: Uint8Array, uids: Uint32Array): readonly NumberRange[] {
  return uidRanges(
    Uint32Array.from(scores.keys()).filter((row) => scores[row]! > 0), // inside bounds
    uids,
  )
}

/** Scores of messages, text by text. */
class Tally {
  readonly #sums: Uint32Array
  readonly #counts: Uint16Array

  constructor(length: number) {
    this.#sums = new Uint32Array(length)
    this.#counts = new Uint16Array(length)
  }

  /** Adds those of one text. */
  add(scores: Uint8Array): void {
    for (let row = 0; row < scores.length; row++) {
      if (scores[row] === 0) continue
      this.#sums[row]! += scores[row]! // as many, here and below
      this.#counts[row]!++
    }
  }

  /** By row. What matches by other keys alone matches as well as can be. */
  get means(): Uint8Array {
    return Uint8Array.from(this.#sums, (sum, row) => (this.#counts[row] ? Math.max(1, sum / this.#counts[row]) : 100))
  }
}
