import type { SearchKey } from '../wire/search-grammar.ts'

/** Every message. */
export const all: SearchKey = { key: 'ALL' }
const none: SearchKey = { key: 'NOT', operand: all }

/**
 * A search that finds all that another may find: keys for which `looser` knows one that finds as much or more have that
 * in their place, or, where they are denied, nothing.
 */
export function loosened(
  key: SearchKey,
  looser: (key: SearchKey) => SearchKey | undefined,
  isDenied: boolean = false,
): SearchKey {
  const found = looser(key)
  if (found) return isDenied ? none : found
  const inside = (inner: SearchKey): SearchKey => loosened(inner, looser, isDenied)
  if (key.key === 'NOT') return { key: 'NOT', operand: loosened(key.operand, looser, !isDenied) }
  if (key.key === 'AND') return { key: 'AND', operands: key.operands.map(inside) }
  return key.key === 'OR' ? { key: 'OR', left: inside(key.left), right: inside(key.right) } : key
}
