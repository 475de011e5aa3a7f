import { maxMetadataNameBytes } from '../model/limits.ts'
import type { Cursor } from '../wire/cursor.ts'

/** Whether a name may have only some levels, as one does below which all is asked for. */
export type NameUse = 'entry' | 'above entries'

/**
 * What is wrong with the name of an entry (RFC 5464 §3.2), as a sentence; `undefined` when nothing is. Entry names
 * compare without regard to case.
 */
export function nameProblem(name: string, use: NameUse = 'entry'): string | undefined {
  if (name.length > maxMetadataNameBytes) return `An entry name has ${maxMetadataNameBytes} octets at most`
  // eslint-disable-next-line no-control-regex
  if (/[^\u0020-\u007e]|[*%]/.test(name)) return 'An entry name is printable ASCII without * and %'
  const [before, scope, ...rest] = name.toLowerCase().split('/')
  if (before !== '' || (scope !== 'private' && scope !== 'shared')) {
    return 'An entry name begins with /private/ or /shared/'
  }
  if (rest.includes('')) return 'An entry name has no empty level'
  if (use === 'entry' && rest.length < (rest[0] === 'vendor' ? 3 : 1)) return 'The entry name has too few levels'
  return undefined
}

/** Reads an entry's name, in lower case, as the store knows it. Throws `BadSyntax`. */
export function parseEntryName(cursor: Cursor, use?: NameUse): string {
  const name = cursor.astring('an entry name')
  const problem = nameProblem(name, use)
  if (problem !== undefined) throw cursor.bad(problem)
  return name.toLowerCase()
}

/** Entries that one command may name to be told of them: each is looked for in all that there are. */
const maxNames = 1_000

/** Reads one name, or several in parentheses, each once (RFC 5464 §5 entries). Throws `BadSyntax`. */
export function parseEntryNames(cursor: Cursor, use?: NameUse): string[] {
  if (cursor.peek() !== '(') return [parseEntryName(cursor, use)]
  const names = new Set<string>()
  cursor.list(() => {
    if (names.size === maxNames) throw cursor.bad('too many entry names')
    names.add(parseEntryName(cursor, use))
  })
  if (names.size === 0) throw cursor.expected('an entry name')
  return [...names]
}

/** Whether an entry is for one user alone. */
export function isPrivate(name: string): boolean {
  return name.startsWith('/private/') || name === '/private'
}

/** The entry, `true` or absent, that says whether each user has a `\Seen` of their own in a mailbox. */
export const seenPerUserEntry = '/shared/vendor/crispin/seen-per-user'

/** The entry that is tied to a mailbox's special uses (RFC 6154 §4). */
export const specialUseEntry = '/private/specialuse'
