/** Looks for texts in one run. */
import type { Breathe, TextPlace } from '../../store.ts'
import type { Patterns } from './patterns.ts'
import { type RunHead, RunReader, unfinishedToken } from './run-file.ts'

/** Octets of a dictionary that are gone through in one go. */
const sliceBytes = 1024 * 1024
/** Tokens whose documents are read in one go. */
const sliceTokens = 16

/** Sets of messages: bit `message & 31` of word `message >>> 5`. */
export interface MessageSets {
  readonly surely: Uint32Array
  readonly maybe: Uint32Array
}

/**
 * Adds the messages of the run that may hold a text, and those that surely do, to the sets. Throws `StoreFailure`
 * (`damaged`), and whatever `breathe` rejects with.
 */
export async function searchRun(
  reader: RunReader,
  head: RunHead,
  { patterns, isProof }: Patterns,
  where: TextPlace,
  { surely, maybe }: MessageSets,
  breathe: Breathe,
): Promise<void> {
  const { first, end } = reader.header
  const words = (2 * (end - first) + 31) >>> 5
  let found: Uint32Array | undefined
  for (const pattern of patterns) {
    const documents = new Uint32Array(words)
    await findPattern(reader, head, pattern, documents, breathe)
    found = found ? found.map((word, at) => word & documents[at]!) : documents // of one length
    if (found.every((word) => word === 0)) break
  }
  if (!found) return
  addMessages(found, first, where, maybe)
  if (isProof) addMessages(found, first, where, surely)
  const unfinished = new Uint32Array(words)
  if (head.dictionary[1] === unfinishedToken[0]) reader.documents(head, 0, setBit(unfinished, 2 * first))
  addMessages(unfinished, first, where, maybe)
}

function setBit(words: Uint32Array, base: number): (document: number) => void {
  return (document) => {
    const bit = document - base
    words[bit >>> 5]! |= 1 << (bit & 31) // inside bounds: a document of the run
  }
}

/** Sets the bits of all documents with a token in which the pattern is found. */
async function findPattern(
  reader: RunReader,
  head: RunHead,
  pattern: Buffer,
  documents: Uint32Array,
  breathe: Breathe,
): Promise<void> {
  const { dictionary, tokenStarts } = head
  const take = setBit(documents, 2 * reader.header.first)
  let tokens = 0
  let token = 0
  let from = 0
  for (let start = 0; start < dictionary.length; start += sliceBytes) {
    const slice = dictionary.subarray(0, Math.min(dictionary.length, start + sliceBytes + pattern.length - 1))
    for (let hit = slice.indexOf(pattern, Math.max(start, from)); hit !== -1; hit = slice.indexOf(pattern, from)) {
      // A pattern that begins with a line end is found one octet before its token.
      const inside = dictionary[hit] === lineFeed ? hit + 1 : hit
      token = tokenWith(tokenStarts, inside, token)
      reader.documents(head, token, take)
      from = tokenStarts[token + 1]! - 1 // the line end before the next token
      if (++tokens % sliceTokens > 0) continue
      const turn = breathe()
      if (turn) await turn
    }
    const turn = breathe()
    if (turn) await turn
  }
}

const lineFeed = 0x0a

/** The last token from `low` on that does not start behind a place. */
function tokenWith(tokenStarts: Uint32Array, place: number, low: number): number {
  // Most hits are near the one before, or far away: steps that double find a range, halving it finds the token.
  let step = 1
  let high = low + 1
  while (high < tokenStarts.length - 1 && tokenStarts[high]! <= place) {
    low = high
    high = Math.min(tokenStarts.length - 1, high + step)
    step *= 2
  }
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (tokenStarts[middle]! <= place) low = middle
    else high = middle
  }
  return low
}

function addMessages(documents: Uint32Array, first: number, where: TextPlace, messages: Uint32Array): void {
  // Even documents are texts without headers, odd ones headers.
  const mask = where === 'body' ? 0x5555_5555 : where === 'header' ? 0xaaaa_aaaa : 0xffff_ffff
  for (let at = 0; at < documents.length; at++) {
    for (let rest = documents[at]! & mask; rest !== 0; rest &= rest - 1) {
      const message = first + ((at * 32 + 31 - Math.clz32(rest & -rest)) >>> 1)
      messages[message >>> 5]! |= 1 << (message & 31) // inside bounds: the sets reach to the end of all runs
    }
  }
}
