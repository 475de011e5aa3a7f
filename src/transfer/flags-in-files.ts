import { flagSet, systemFlag } from '../model/flags.ts'
import type { FlagSet } from '../model/flags.ts'
import { maxKeywordBytes } from '../model/limits.ts'

/** Flags as letters in the names of Maildir files, and as header fields in mbox files. */

/** The letters behind `:2,` in a Maildir file's name, in the order in which they are written. */
const maildirLetters: readonly (readonly [letter: string, bit: number])[] = [
  ['D', systemFlag.draft],
  ['F', systemFlag.flagged],
  ['R', systemFlag.answered],
  ['S', systemFlag.seen],
  ['T', systemFlag.deleted],
]
/** The keyword that the letter P (passed) stands for. */
const passed = '$Forwarded'

/** How many keywords of a mailbox have letters (a to z). */
export const maildirKeywords = 26

/** The flags that letters stand for; `keywords` is what a to z mean. Letters without a meaning are passed over. */
export function flagsOfLetters(letters: string, keywords: readonly (string | undefined)[]): FlagSet {
  let system = 0
  const found: string[] = []
  for (const letter of letters) {
    system |= maildirLetters.find(([known]) => known === letter)?.[1] ?? 0
    if (letter === 'P') found.push(passed)
    const keyword = letter >= 'a' && letter <= 'z' ? keywords[letter.charCodeAt(0) - 97] : undefined
    if (keyword !== undefined) found.push(keyword)
  }
  return flagSet(system, found)
}

/** The letters for `flags`, in the order of the alphabet, and the keywords that have none. */
export function lettersOfFlags(
  flags: FlagSet,
  keywords: readonly string[],
): { readonly letters: string; readonly without: readonly string[] } {
  const letters = maildirLetters.filter(([, bit]) => flags.system & bit).map(([letter]) => letter)
  const without: string[] = []
  for (const keyword of flags.keywords) {
    const at = keywords.indexOf(keyword)
    if (keyword === passed) letters.push('P')
    else if (at !== -1 && at < maildirKeywords) letters.push(String.fromCharCode(97 + at))
    else without.push(keyword)
  }
  return { letters: letters.sort().join(''), without }
}

/** Flags in the fields Status, X-Status and X-Keywords, which mail programs on Unix share, and in Mozilla's. */
export function flagsOfFields(fields: ReadonlyMap<string, string>): FlagSet {
  const status = (fields.get('status') ?? '') + (fields.get('x-status') ?? '')
  let system = 0
  for (const [letter, bit] of statusLetters) if (status.includes(letter)) system |= bit
  const mozilla = Number.parseInt(fields.get('x-mozilla-status') ?? '0', 16)
  for (const [mask, bit] of mozillaBits) if (mozilla & mask) system |= bit
  const keywords = (fields.get('x-keywords') ?? '').split(/[ \t\r\n]+/)
  return flagSet(
    system,
    keywords.flatMap((keyword) => possibleKeyword(keyword) ?? []),
  )
}

const statusLetters: readonly (readonly [letter: string, bit: number])[] = [
  ['R', systemFlag.seen],
  ['A', systemFlag.answered],
  ['F', systemFlag.flagged],
  ['T', systemFlag.draft],
  ['D', systemFlag.deleted],
]
const mozillaBits: readonly (readonly [mask: number, bit: number])[] = [
  [0x1, systemFlag.seen],
  [0x2, systemFlag.answered],
  [0x4, systemFlag.flagged],
  [0x8, systemFlag.deleted],
]

/** The lines of {@link flagsOfFields} for `flags`, without line ends; none of those that would be empty. */
export function fieldsOfFlags({ system, keywords }: FlagSet): string[] {
  const letters = statusLetters.filter(([letter, bit]) => letter !== 'R' && system & bit).map(([letter]) => letter)
  const lines = [`Status: ${system & systemFlag.seen ? 'RO' : 'O'}`]
  if (letters.length > 0) lines.push(`X-Status: ${letters.join('')}`)
  if (keywords.length > 0) lines.push(`X-Keywords: ${keywords.join(' ')}`)
  return lines
}

/**
 * A name from elsewhere as a keyword of IMAP: an atom (RFC 9051 §9 flag-keyword), other octets as `_`. `undefined` for what
 * cannot be one at all.
 */
export function possibleKeyword(name: string): string | undefined {
  const keyword = name.replace(/[^\x21-\x7e]|[(){%*"\\\]]/g, '_')
  return keyword === '' || keyword.length > maxKeywordBytes ? undefined : keyword
}
