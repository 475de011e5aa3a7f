/**
 * Flags and keywords (RFC 9051 §2.3.2).
 *
 * A mailbox holds few distinct *sets* of flags, whatever the number of its messages. So each set is made once
 * (interned), and a message holds the number of its set: comparing, printing and searching then work per set.
 */

import type { Rights } from './rights.ts'

/** The system flags that are stored, as bits. `\Recent` is no property of a message but of a session. */
export const systemFlag = {
  answered: 1,
  flagged: 2,
  deleted: 4,
  seen: 8,
  draft: 16,
} as const

/** The system flags in the order in which they are printed, with their bits. */
export const systemFlagNames: readonly (readonly [name: string, bit: number])[] = [
  ['\\Answered', systemFlag.answered],
  ['\\Flagged', systemFlag.flagged],
  ['\\Deleted', systemFlag.deleted],
  ['\\Seen', systemFlag.seen],
  ['\\Draft', systemFlag.draft],
]

/** A set of flags: system flags as bits, keywords sorted by their lower-case form and without repeats. */
export interface FlagSet {
  readonly system: number
  readonly keywords: readonly string[]
  /** All flags of the set, joined by spaces, as FETCH prints them between its parentheses. */
  readonly text: string
}

/** The system flags of each combination of bits, joined by spaces. */
const systemTexts: readonly string[] = Array.from({ length: 1 << systemFlagNames.length }, (_, system) =>
  systemFlagNames
    .filter(([, bit]) => system & bit)
    .map(([name]) => name)
    .join(' '),
)

/**
 * Makes a set of flags. Keywords are compared without regard to case (RFC 5788 §3); of two spellings the first stays.
 * `keywords` may be kept, so it must not change.
 */
export function flagSet(system: number, keywords: readonly string[] = []): FlagSet {
  const systemText = systemTexts[system & (systemTexts.length - 1)]! // the mask keeps it inside bounds
  // Most sets have no keyword or one, and one is made for every STORE.
  if (keywords.length === 0) return { system, keywords, text: systemText }
  const sorted = keywords.length === 1 ? keywords : sortedKeywords(keywords)
  const text = sorted.length === 1 ? sorted[0]! : sorted.join(' ') // inside bounds
  return { system, keywords: sorted, text: systemText === '' ? text : systemText + ' ' + text }
}

function sortedKeywords(keywords: readonly string[]): readonly string[] {
  const byKey = new Map<string, string>()
  for (const keyword of keywords) {
    const key = keyword.toLowerCase()
    if (!byKey.has(key)) byKey.set(key, keyword)
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, keyword]) => keyword)
}

/** The set with no flags in it. */
export const noFlags: FlagSet = flagSet(0)

/**
 * Sorts flag names as a client writes them into a set; `\Recent` and unknown system flags are left out, since
 * no client can set them (RFC 9051 §2.3.2).
 */
export function flagSetOf(names: readonly string[]): FlagSet {
  let system = 0
  const keywords: string[] = []
  for (const name of names) {
    if (!name.startsWith('\\')) keywords.push(name)
    else system |= systemFlagNames.find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1] ?? 0
  }
  return flagSet(system, keywords)
}

/**
 * `after`, so far as somebody with these rights may bring it about where `before` is: `\Seen` takes `s`, `\Deleted`
 * takes `t`, all other flags take `w` (RFC 4314 §4).
 */
export function permittedFlags(before: FlagSet, after: FlagSet, rights: Rights): FlagSet {
  const mayWrite = rights.includes('w')
  let bits = mayWrite ? ~(systemFlag.seen | systemFlag.deleted) : 0
  if (rights.includes('s')) bits |= systemFlag.seen
  if (rights.includes('t')) bits |= systemFlag.deleted
  return flagSet((after.system & bits) | (before.system & ~bits), (mayWrite ? after : before).keywords)
}

/** How a STORE changes flags: `FLAGS`, `+FLAGS`, `-FLAGS` (RFC 9051 §6.4.6). */
export type FlagMode = 'replace' | 'add' | 'remove'

/** The set that results when `change` is applied to `before` in the way of `mode`. */
export function changedFlags(before: FlagSet, mode: FlagMode, change: FlagSet): FlagSet {
  switch (mode) {
    case 'replace':
      return change
    case 'add':
      return flagSet(before.system | change.system, [...before.keywords, ...change.keywords])
    case 'remove': {
      const gone = new Set(change.keywords.map((keyword) => keyword.toLowerCase()))
      return flagSet(
        before.system & ~change.system,
        before.keywords.filter((keyword) => !gone.has(keyword.toLowerCase())),
      )
    }
  }
}
