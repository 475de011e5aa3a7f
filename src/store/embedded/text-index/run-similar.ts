/** Looks in one run for words that are like another. */
import { similarity, withoutMarks } from '../../../mime/similar-words.ts'
import type { Breathe } from '../../store.ts'
import type { RunHead, RunReader } from './run-file.ts'

/** Tokens that are compared in one go. */
const sliceTokens = 2_048

/**
 * Gives the documents of the run the scores of their best words, in `scores` by number of document: the parts of message
 * n are 2n, its headers 2n + 1. Throws `StoreFailure` (`damaged`), and whatever `breathe` rejects with.
 */
export async function scoreRun(
  reader: RunReader,
  head: RunHead,
  word: string,
  scores: Uint8Array,
  breathe: Breathe,
): Promise<void> {
  const { dictionary, tokenStarts } = head
  const least = word.length - 3 // what is shorter is not like it, whatever it is
  let score = 0
  const take = (document: number): void => {
    if (scores[document]! < score) scores[document] = score // inside bounds: a document of the run
  }
  // Hot: once for every different word of all mail.
  for (let token = 0; token < tokenStarts.length - 1; token++) {
    const start = tokenStarts[token]! // inside bounds, as the next
    const end = tokenStarts[token + 1]! - 1
    if (end - start >= least) {
      score = similarity(word, withoutMarks(dictionary.toString('utf8', start, end)))
      if (score > 0) reader.documents(head, token, take)
    }
    if (token % sliceTokens < sliceTokens - 1) continue
    const turn = breathe()
    if (turn) await turn
  }
}
