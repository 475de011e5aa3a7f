/** How well messages answer words, by the words that stand in them. */
import { fold } from '../mime/casemap.ts'
import { maxHeaderOctets } from '../mime/limits.ts'
import { decodeParts } from '../mime/parts.ts'
import { bodyText, headerText, partsOf } from '../mime/searchable.ts'
import { fieldsMark } from '../mime/search-fields.ts'
import { similarity, wordsOf } from '../mime/similar-words.ts'
import { type SimilarFindings, StoreFailure } from '../store/store.ts'
import type { SearchContext } from './context.ts'
import { MessageReader } from './message-text.ts'

/** Messages whose fields or parts are read at once. */
const batchMessages = 64
/** Characters of a message's parts that are looked through where there is no index of them. */
const maxLookedThrough = 1024 * 1024
/** Words whose scores are remembered, and letters of one. */
const maxRemembered = 50_000
const maxRememberedLetters = 40
/** What a word in the parts of a message counts less than one in its header, where both are looked at. */
const lessInParts = 10

/** By row, how well a field of the message answers all the words; 0 also for rows that are no candidates. */
export async function scoresOfFields(
  words: readonly string[],
  field: string,
  candidates: Uint32Array,
  { account, snapshot, breathe }: SearchContext,
): Promise<Uint8Array> {
  const scores = new Uint8Array(snapshot.uids.length)
  const judge = new Judge(words)
  const lineStart = `${field}:`
  for (let start = 0; start < candidates.length; start += batchMessages) {
    const batch = candidates.subarray(start, start + batchMessages)
    const messages = batch.map((row) => snapshot.messages[row]!) // rows of the snapshot
    const { bytes, offsets } = await account.readComputed('fields', messages)
    for (const [n, row] of batch.entries()) {
      const from = offsets[n]! // one more than there are rows
      // Values that were too long to be kept are not looked at.
      const isMarked = bytes[from] === fieldsMark.incomplete
      judge.begin()
      for (const line of bytes.toString('utf8', from + Number(isMarked), offsets[n + 1]).split('\n')) {
        if (line.startsWith(lineStart)) judge.take(wordsOf(line.slice(lineStart.length)), 0)
      }
      scores[row] = judge.score
    }
    const turn = breathe()
    if (turn) await turn
  }
  return scores
}

/** The same of the text of a message: of its parts alone (BODY), or of these and all headers (TEXT). */
export async function scoresOfText(
  words: readonly string[],
  where: 'BODY' | 'TEXT',
  candidates: Uint32Array,
  context: SearchContext,
): Promise<Uint8Array> {
  const { account, snapshot, breathe } = context
  const scores = new Uint8Array(snapshot.uids.length)
  const known: SimilarFindings[] = []
  for (const word of words) {
    const findings = await account.findSimilar?.(word, breathe)
    if (findings) known.push(findings)
  }
  const end = known.length < words.length ? 0 : Math.min(...known.map((findings) => findings.end))
  const unknown: number[] = []
  for (const row of candidates) {
    const message = snapshot.messages[row]! // rows of the snapshot
    if (message < end) scores[row] = scoreKnown(known, message, where)
    else unknown.push(row)
  }
  await readScores(words, where, unknown, scores, context)
  return scores
}

function scoreKnown(known: readonly SimilarFindings[], message: number, where: 'BODY' | 'TEXT'): number {
  let sum = 0
  for (const { scores } of known) {
    const inParts = scores[2 * message]! // inside bounds: below the end
    const inHeaders = scores[2 * message + 1]!
    const best = where === 'BODY' ? inParts : Math.max(inHeaders, inParts - lessInParts)
    if (best <= 0) return 0
    sum += best
  }
  return sum / known.length
}

/** Reads messages of which nothing is known. */
async function readScores(
  words: readonly string[],
  where: 'BODY' | 'TEXT',
  rows: readonly number[],
  scores: Uint8Array,
  { account, snapshot, breathe, work }: SearchContext,
): Promise<void> {
  const judge = new Judge(words)
  const reader = new MessageReader(account)
  const read = (from: number, to: number): Promise<Buffer> => reader.read(from, to, true)
  if (work) work.goal = rows.length
  for (const [n, row] of rows.entries()) {
    if (work) work.done = n
    const message = snapshot.messages[row]! // rows of the snapshot
    reader.open(message, snapshot.sizes[row]!)
    judge.begin()
    try {
      const { bytes, offsets } = await account.readComputed('parts', [message])
      const root = decodeParts(bytes.subarray(offsets[0], offsets[1]))
      if (where === 'TEXT') {
        for (const { headerStart, bodyStart } of partsOf(root)) {
          const to = Math.min(bodyStart, headerStart + maxHeaderOctets)
          if (to > headerStart) judge.take(wordsOf(fold(headerText(await read(headerStart, to)))), 0)
        }
      }
      let left = maxLookedThrough
      for await (const { text } of bodyText(root, read)) {
        judge.take(wordsOf(fold(text)), where === 'TEXT' ? lessInParts : 0)
        left -= text.length
        if (left < 0) break
        const turn = breathe()
        if (turn) await turn
      }
    } catch (error) {
      // What cannot be read holds no words; one damaged message must not make all others impossible to find.
      if (!(error instanceof StoreFailure) || error.reason !== 'damaged') throw error
    }
    scores[row] = judge.score
    const turn = breathe()
    if (turn) await turn
  }
}

/** Compares the words of one message after the other with those that are searched for. */
class Judge {
  readonly #words: readonly string[]
  readonly #best: Uint8Array
  /** Scores of words that were seen, for each word that is searched for. */
  readonly #remembered = new Map<string, Uint8Array>()

  constructor(words: readonly string[]) {
    this.#words = words
    this.#best = new Uint8Array(words.length)
  }

  /** Another message. */
  begin(): void {
    this.#best.fill(0)
  }

  /** Takes in words of it that count `less` than others. */
  take(words: readonly string[], less: number): void {
    for (const word of words) {
      const scores = this.#scores(word)
      for (let n = 0; n < scores.length; n++) {
        const score = scores[n]! - less // as many, here and below
        if (score > this.#best[n]!) this.#best[n] = score
      }
    }
  }

  #scores(word: string): Uint8Array {
    let scores = this.#remembered.get(word)
    if (!scores) {
      if (this.#remembered.size === maxRemembered) this.#remembered.clear()
      scores = Uint8Array.from(this.#words, (wanted) => similarity(wanted, word))
      // Only a copy, and no long one: the word itself keeps the whole text that it was found in from being freed.
      if (word.length <= maxRememberedLetters) this.#remembered.set(Buffer.from(word, 'utf8').toString('utf8'), scores)
    }
    return scores
  }

  /** The mean over all words that are searched for; 0 when any of them is not answered. */
  get score(): number {
    let sum = 0
    for (const best of this.#best) {
      if (best === 0) return 0
      sum += best
    }
    return sum / this.#best.length
  }
}
