/** What fuzzy searches (RFC 6203) go by: how much a word looks like another. */
import { fold } from './casemap.ts'

/** Words of one text that is searched for; more of them are not looked at. */
export const maxFuzzyWords = 16
/** Letters of a word below which only its beginnings are looked for, and no misspellings. */
const minMisspelt = 4
/** Letters at the end in which two forms of one word may differ. */
const maxEnding = 3

const marks = /\p{M}+/gu
const ascii = /^[\0-\x7f]*$/

/** Folded text without accents and other marks. */
export function withoutMarks(folded: string): string {
  return ascii.test(folded) ? folded : folded.replace(marks, '')
}

/** The words of folded text, as {@link similarity} compares them. */
export function wordsOf(folded: string): string[] {
  return withoutMarks(folded).match(/[\p{L}\p{N}]+/gu) ?? []
}

/** The different words that a text asks for; `undefined` when fuzzy matching makes no sense of it. */
export function fuzzyWords(text: string): readonly string[] | undefined {
  // Ideographs and kana have no words that could be taken from the text.
  if (/[\u3000-\u9fff]/.test(text)) return undefined
  const words = [...new Set(wordsOf(fold(text)))].slice(0, maxFuzzyWords)
  return words.length > 0 ? words : undefined
}

/**
 * How well a word of a message answers one that is searched for: 100 for the same, 0 for one that has nothing to do with
 * it. Both folded and without marks.
 */
export function similarity(wanted: string, word: string): number {
  if (wanted === word) return 100
  const more = word.length - wanted.length
  if (more < -maxEnding) return 0
  const shared = sharedBeginning(wanted, word)
  if (shared === wanted.length && shared > 1) return 90 - 3 * Math.min(more, 10)
  if (shared >= minMisspelt && wanted.length - shared <= maxEnding && word.length - shared <= maxEnding) {
    return shared === word.length ? 75 : 65
  }
  if (wanted.length > 2 && more > 0 && word.includes(wanted)) return 55
  return wanted.length >= minMisspelt && more >= -1 && more <= 1 && isOneEdit(wanted, word, shared) ? 50 : 0
}

function sharedBeginning(a: string, b: string): number {
  const end = Math.min(a.length, b.length)
  let at = 0
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at)) at++
  return at
}

/** Whether one letter too many, too few or another, or two that changed places, make the difference. */
function isOneEdit(a: string, b: string, shared: number): boolean {
  const restOfA = a.slice(shared + 1)
  if (a.length !== b.length) {
    return a.length > b.length ? restOfA === b.slice(shared) : a.slice(shared) === b.slice(shared + 1)
  }
  if (restOfA === b.slice(shared + 1)) return true
  return a[shared] === b[shared + 1] && a[shared + 1] === b[shared] && a.slice(shared + 2) === b.slice(shared + 2)
}
