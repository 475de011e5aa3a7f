import { fold, foldAscii } from './casemap.ts'

/** A rule to compare text by (RFC 4790 §4.2): prepared texts are equal, parts of one another and in order as strings are. */
export interface Collation {
  readonly id: string
  readonly prepare: (text: string) => string
}

/** What everything is compared by unless a client wants it otherwise (RFC 5255 §4.4). */
export const unicodeCasemap: Collation = { id: 'i;unicode-casemap', prepare: fold }

/**
 * Those of the registry that have what SEARCH and SORT need, equality, substrings and order (RFC 5255 §4.4); of which
 * i;ascii-numeric has no substrings.
 */
export const collations: readonly Collation[] = [
  unicodeCasemap,
  { id: 'i;ascii-casemap', prepare: foldAscii },
  { id: 'i;octet', prepare: (text) => text },
]

/** The collations that a specification names (RFC 4790 §3.2), which may hold `*`, in their order; `default` is one. */
export function collationsNamed(specification: string): readonly Collation[] {
  if (specification === 'default') return [unicodeCasemap]
  const pattern = specification.replace(/^[+-]/, '').toLowerCase()
  return collations.filter(({ id }) => matchesWild(pattern, id))
}

/** Whether the syntax allows it as a specification: RFC 4790 §3.2, §3.3 collation-order, or `default`. */
export function isCollationOrder(text: string): boolean {
  return text.length <= 254 && /^[+-]?(?:\*|[a-z]\*?)(?:[a-z0-9\-;=.]\*?)*$/i.test(text)
}

/** Whether the text matches, where a `*` stands for any number of chars. Takes no longer than both lengths multiplied. */
function matchesWild(pattern: string, text: string): boolean {
  const [first = '', ...pieces] = pattern.split('*')
  if (pieces.length === 0) return pattern === text
  const last = pieces.pop() ?? ''
  if (!text.startsWith(first) || !text.endsWith(last)) return false
  let at = first.length
  const end = text.length - last.length
  for (const piece of pieces) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return at <= end
}
