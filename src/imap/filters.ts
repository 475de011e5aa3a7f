/** Named searches, RFC 5466: metadata of the server that a search can name. */
import { Refusal } from '../model/refusal.ts'
import { mentions } from '../search/search.ts'
import { Cursor } from '../wire/cursor.ts'
import { keyCount, maxSearchKeys, parseSearchKeys, type SearchKey } from '../wire/search-grammar.ts'
import { wireToUtf8 } from '../wire/strings.ts'
import { BadSyntax } from '../wire/syntax-error.ts'
import { offers } from './capabilities.ts'
import type { SessionIn } from './command.ts'
import { code } from './responses/codes.ts'
import { serverEntries, type VisibleEntries } from './responses/metadata.ts'

/** How deep filters may name filters (RFC 5466 §3.1 asks for three at least). */
export const maxFilterDepth = 10

/**
 * The search with what its filters stand for: the user's own filter of a name, or the one for everybody. Throws `Refusal`
 * (`UNDEFINED-FILTER`, and `LIMIT` where they come to too many keys), and `BadSyntax` for a charset beside them that
 * their values are not in.
 *
 * Deviates: RFC 5466 §3.1 inserts the text of a filter. One with several keys is one condition here, so that NOT and OR
 * before it mean all of it; elsewhere there is no difference.
 */
export async function withFilters(
  session: SessionIn<'authenticated'>,
  charset: string | undefined,
  key: SearchKey,
): Promise<SearchKey> {
  if (!mentions(key, ['FILTER'])) return key
  if (!offers(session, 'FILTERS')) throw new BadSyntax('Filters are switched off', 0)
  if (charset !== undefined && !/^(?:us-ascii|utf-8)$/i.test(charset)) {
    throw new BadSyntax('Filters are in UTF-8', 0, code.badCharset(['US-ASCII', 'UTF-8']))
  }
  return expanded(key, await serverEntries(session, session.login), { path: [], keysLeft: maxSearchKeys })
}

interface Expansion {
  /** Filters that are being expanded, from the outside in, in lower case. */
  readonly path: string[]
  keysLeft: number
}

function expanded(key: SearchKey, entries: VisibleEntries, expansion: Expansion): SearchKey {
  const inside = (inner: SearchKey): SearchKey => expanded(inner, entries, expansion)
  if (key.key === 'FILTER') return ofFilter(key.name, entries, expansion)
  if ('operand' in key) return { key: key.key, operand: inside(key.operand) }
  if (key.key === 'AND') return { key: 'AND', operands: key.operands.map(inside) }
  return key.key === 'OR' ? { key: 'OR', left: inside(key.left), right: inside(key.right) } : key
}

function ofFilter(name: string, entries: VisibleEntries, expansion: Expansion): SearchKey {
  const { path } = expansion
  const lower = name.toLowerCase() // as names of entries are (RFC 5464 §3.2)
  const value = entries.get(`/private/filters/values/${lower}`) ?? entries.get(`/shared/filters/values/${lower}`)
  // A loop is as if there were no such filter (RFC 5466 §3.1); so is a value that is no search.
  const key = value && !path.includes(lower) && path.length < maxFilterDepth ? parseFilter(value) : undefined
  if (!key) throw new Refusal(code.undefinedFilter(name), 'There is no such filter')
  expansion.keysLeft -= keyCount(key)
  if (expansion.keysLeft < 0) throw new Refusal('LIMIT', `A search may have ${maxSearchKeys} keys at most`)
  path.push(lower)
  const inner = expanded(key, entries, expansion)
  path.pop()
  return inner
}

/** What a filter's value says, its strings still in octets; `undefined` when it is no search. */
export function parseFilter(value: Uint8Array): SearchKey | undefined {
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')
  if (wireToUtf8(text) === undefined) return undefined
  try {
    const cursor = new Cursor(text)
    const key = parseSearchKeys(cursor)
    cursor.end()
    return key
  } catch (error) {
    if (error instanceof BadSyntax) return undefined
    throw error
  }
}

/** Whether a search could name it: RFC 5466 §4 filter-name, in lower case. */
export function isFilterName(name: string): boolean {
  return /^[!#$&'+,\-.0-9:;<=>?@[^_`a-z|}~]+$/.test(name)
}

/** Refuses (`CANNOT`) to store a filter under a name that no search can name, or one that is no search (RFC 5466 §3.2). */
export function requireFilter(entry: string, value: Uint8Array | null): void {
  const [, name] = /^\/(?:private|shared)\/filters\/values\/(.*)$/.exec(entry) ?? []
  if (name === undefined) return
  if (!isFilterName(name)) throw new Refusal('CANNOT', 'A filter cannot have that name')
  if (value !== null && !parseFilter(value)) throw new Refusal('CANNOT', 'The value of a filter is a search')
}
