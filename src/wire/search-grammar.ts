import type { Cursor } from './cursor.ts'
import { formatDate } from './date-time.ts'
import { formatNumberSet, type NumberSet } from './number-set.ts'
import { parseSearchReturn, type SearchReturns } from './search-returns.ts'
import { astring, quoted } from './strings.ts'

/** How deep keys may be nested: parentheses, NOT, OR. Clients write long chains of OR. */
export const maxSearchDepth = 500
/** Keys of one search, all levels together. */
export const maxSearchKeys = 5000

/** Keys that look for text in a message. */
export type TextKey = 'BCC' | 'BODY' | 'CC' | 'FROM' | 'SUBJECT' | 'TEXT' | 'TO'
/** Keys that compare a day: the internal date, the Date field, or the date of saving (RFC 8514 §4.3). */
export type DateKey =
  'BEFORE' | 'ON' | 'SINCE' | 'SENTBEFORE' | 'SENTON' | 'SENTSINCE' | 'SAVEDBEFORE' | 'SAVEDON' | 'SAVEDSINCE'

/** What a message must be like: RFC 9051 §6.4.4, RFC 3501 §6.4.4, and extensions. `key` is the RFC's word or ours. */
export type SearchKey =
  | { readonly key: 'ALL' | 'NEW' | 'OLD' | 'RECENT' | 'SAVEDATESUPPORTED' }
  /** ANSWERED and its like with a backslash in `flag`, KEYWORD without; `present` is false for UNANSWERED, UNKEYWORD. */
  | { readonly key: 'FLAG'; readonly flag: string; readonly present: boolean }
  | { readonly key: TextKey; readonly value: string }
  | { readonly key: 'HEADER'; readonly field: string; readonly value: string }
  /** Days since 1970-01-01. */
  | { readonly key: DateKey; readonly days: number }
  | { readonly key: 'LARGER' | 'SMALLER'; readonly octets: number }
  /** RFC 5032 §3: seconds before now. */
  | { readonly key: 'OLDER' | 'YOUNGER'; readonly seconds: number }
  /** RFC 7162 §3.1.5. */
  | { readonly key: 'MODSEQ'; readonly modSeq: number; readonly entry?: ModSeqEntry }
  /** RFC 8474 §6. */
  | { readonly key: 'EMAILID' | 'THREADID'; readonly id: string }
  /** `SEQUENCE` is a bare sequence set. */
  | { readonly key: 'UID' | 'SEQUENCE'; readonly set: NumberSet }
  /** RFC 5466 §3.1: another search, by its name. */
  | { readonly key: 'FILTER'; readonly name: string }
  /** X-GM-EXT-1: a message, or a thread, by the number that FETCH tells. */
  | { readonly key: 'X-GM-MSGID' | 'X-GM-THRID'; readonly number: number }
  /** X-GM-EXT-1: messages that are in a mailbox, too. Octets as sent, which are a name and in no charset. */
  | { readonly key: 'X-GM-LABELS'; readonly label: string }
  /** X-GM-EXT-1: a search in the words of Gmail. */
  | { readonly key: 'X-GM-RAW'; readonly query: string }
  /** RFC 9738 §3.2. */
  | { readonly key: 'UIDAFTER' | 'UIDBEFORE'; readonly uid: number }
  | { readonly key: 'NOT'; readonly operand: SearchKey }
  /** RFC 6203 §3. */
  | { readonly key: 'FUZZY'; readonly operand: SearchKey }
  | { readonly key: 'OR'; readonly left: SearchKey; readonly right: SearchKey }
  /** Keys side by side, or in parentheses. */
  | { readonly key: 'AND'; readonly operands: readonly SearchKey[] }

/** One metadata item, as in `"/flags/\\draft" all`. */
export interface ModSeqEntry {
  readonly name: string
  readonly type: 'priv' | 'shared' | 'all'
}

/** The arguments of SEARCH. */
export interface SearchProgram {
  /** `undefined` without RETURN. */
  readonly returns: SearchReturns | undefined
  /** The charset's name as it came. */
  readonly charset: string | undefined
  /** Its strings are octets still: see {@link decodeStrings}. */
  readonly key: SearchKey
}

const flagWords: ReadonlyMap<string, string> = new Map([
  ['ANSWERED', '\\Answered'],
  ['DELETED', '\\Deleted'],
  ['DRAFT', '\\Draft'],
  ['FLAGGED', '\\Flagged'],
  ['SEEN', '\\Seen'],
])

/** The arguments of SEARCH and UID SEARCH, RFC 9051 §6.4.4. */
export function parseSearchProgram(cursor: Cursor): SearchProgram {
  const returns = parseSearchReturn(cursor)
  let charset: string | undefined
  if (cursor.tryWord('CHARSET')) {
    cursor.space()
    charset = cursor.astring('a charset')
    cursor.space()
  }
  return { returns, charset, key: parseSearchKeys(cursor) }
}

/** What SORT and THREAD end with: charset and keys, RFC 5256 §5 search-criteria. */
export function parseSearchCriteria(cursor: Cursor): { readonly charset: string; readonly key: SearchKey } {
  const charset = cursor.astring('a charset')
  cursor.space()
  return { charset, key: parseSearchKeys(cursor) }
}

/** One or more keys to the end of the command, all of which a message must match. */
export function parseSearchKeys(cursor: Cursor): SearchKey {
  const budget = { keys: maxSearchKeys }
  const operands = [parseKey(cursor, 0, budget)]
  while (cursor.tryChar(' ') && !cursor.atEnd && cursor.peek() !== ' ') operands.push(parseKey(cursor, 0, budget))
  return conjunction(operands)
}

function conjunction(operands: readonly SearchKey[]): SearchKey {
  const [only] = operands
  return only && operands.length === 1 ? only : { key: 'AND', operands }
}

function parseKey(cursor: Cursor, depth: number, budget: { keys: number }): SearchKey {
  if (depth > maxSearchDepth) throw cursor.bad('search keys are nested too deep')
  if (--budget.keys < 0) throw cursor.bad('too many search keys')
  if (cursor.peek() === '(') {
    const operands = cursor.list(() => parseKey(cursor, depth + 1, budget))
    if (operands.length === 0) throw cursor.expected('a search key')
    return conjunction(operands)
  }
  if (cursor.atSequenceSet) return { key: 'SEQUENCE', set: cursor.sequenceSet() }
  const word = cursor.keyword('a search key')
  const present = !word.startsWith('UN')
  const systemFlag = flagWords.get(present ? word : word.slice(2))
  if (systemFlag !== undefined) return { key: 'FLAG', flag: systemFlag, present }
  switch (word) {
    case 'ALL':
    case 'NEW':
    case 'OLD':
    case 'RECENT':
    case 'SAVEDATESUPPORTED':
      return { key: word }
  }
  // All others have an argument.
  cursor.space()
  switch (word) {
    case 'KEYWORD':
    case 'UNKEYWORD':
      return { key: 'FLAG', flag: cursor.atom('a keyword'), present }
    case 'BCC':
    case 'BODY':
    case 'CC':
    case 'FROM':
    case 'SUBJECT':
    case 'TEXT':
    case 'TO':
      return { key: word, value: cursor.astring('a string') }
    case 'HEADER': {
      const field = cursor.astring('a field name')
      cursor.space()
      return { key: word, field, value: cursor.astring('a string') }
    }
    case 'BEFORE':
    case 'ON':
    case 'SINCE':
    case 'SENTBEFORE':
    case 'SENTON':
    case 'SENTSINCE':
    case 'SAVEDBEFORE':
    case 'SAVEDON':
    case 'SAVEDSINCE':
      return { key: word, days: cursor.date() }
    case 'LARGER':
    case 'SMALLER':
      return { key: word, octets: cursor.number64('a size') }
    case 'OLDER':
    case 'YOUNGER':
      return { key: word, seconds: cursor.nzNumber('an interval') }
    case 'MODSEQ':
      return parseModSeq(cursor)
    case 'EMAILID':
    case 'THREADID':
      return { key: word, id: cursor.atom('an object id') }
    case 'UID':
      return { key: word, set: cursor.sequenceSet() }
    case 'FILTER': {
      const name = cursor.atom('the name of a filter')
      if (name.includes('/')) throw cursor.bad('the name of a filter has no slash')
      return { key: word, name }
    }
    case 'X-GM-MSGID':
    case 'X-GM-THRID':
      return { key: word, number: cursor.number64('an id') }
    case 'X-GM-LABELS':
      return { key: word, label: parseLabel(cursor) }
    case 'X-GM-RAW':
      return { key: word, query: cursor.astring('a search') }
    case 'UIDAFTER':
    case 'UIDBEFORE':
      return { key: word, uid: cursor.nzNumber('a UID') }
    case 'FUZZY':
    case 'NOT':
      return { key: word, operand: parseKey(cursor, depth + 1, budget) }
    case 'OR': {
      const left = parseKey(cursor, depth + 1, budget)
      cursor.space()
      return { key: word, left, right: parseKey(cursor, depth + 1, budget) }
    }
    default:
      throw cursor.bad('unknown search key')
  }
}

/** A label of X-GM-EXT-1: the name of a mailbox, or `\Inbox` and its like, in quotes or not. */
export function parseLabel(cursor: Cursor): string {
  return cursor.peek() === '\\' ? cursor.flag() : cursor.astring('a label')
}

function parseModSeq(cursor: Cursor): SearchKey {
  if (cursor.peek() !== '"') return { key: 'MODSEQ', modSeq: cursor.number64('a mod-sequence') }
  const name = cursor.string('an entry name')
  if (!name.startsWith('/flags/')) throw cursor.bad('an entry name begins with /flags/')
  cursor.space()
  const type = cursor.atom('an entry type').toLowerCase()
  if (type !== 'priv' && type !== 'shared' && type !== 'all') throw cursor.bad('unknown entry type')
  cursor.space()
  return { key: 'MODSEQ', modSeq: cursor.number64('a mod-sequence'), entry: { name, type } }
}

/**
 * The same key with its texts in Unicode. `decode` gets octets in the charset of the search, one char each; what it
 * throws for octets that are not in that charset goes to the caller.
 */
export function decodeStrings(key: SearchKey, decode: (octets: string) => string): SearchKey {
  if ('value' in key) return { ...key, value: decode(key.value) }
  if (key.key === 'X-GM-RAW') return { ...key, query: decode(key.query) }
  if ('operand' in key) return { key: key.key, operand: decodeStrings(key.operand, decode) }
  if (key.key === 'AND') return { key: 'AND', operands: key.operands.map((each) => decodeStrings(each, decode)) }
  if (key.key !== 'OR') return key
  return { key: 'OR', left: decodeStrings(key.left, decode), right: decodeStrings(key.right, decode) }
}

/** How many keys there are, all levels together. */
export function keyCount(key: SearchKey): number {
  if ('operand' in key) return 1 + keyCount(key.operand)
  if (key.key === 'OR') return 1 + keyCount(key.left) + keyCount(key.right)
  return key.key === 'AND' ? key.operands.reduce((sum, operand) => sum + keyCount(operand), 1) : 1
}

/** A key as a client would send it. */
export function formatSearchKey(key: SearchKey): string {
  switch (key.key) {
    case 'ALL':
    case 'NEW':
    case 'OLD':
    case 'RECENT':
    case 'SAVEDATESUPPORTED':
      return key.key
    case 'FLAG': {
      const un = key.present ? '' : 'UN'
      return key.flag.startsWith('\\') ? un + key.flag.slice(1).toUpperCase() : `${un}KEYWORD ${key.flag}`
    }
    case 'BCC':
    case 'BODY':
    case 'CC':
    case 'FROM':
    case 'SUBJECT':
    case 'TEXT':
    case 'TO':
      return `${key.key} ${astring(key.value)}`
    case 'HEADER':
      return `HEADER ${astring(key.field)} ${astring(key.value)}`
    case 'BEFORE':
    case 'ON':
    case 'SINCE':
    case 'SENTBEFORE':
    case 'SENTON':
    case 'SENTSINCE':
    case 'SAVEDBEFORE':
    case 'SAVEDON':
    case 'SAVEDSINCE':
      return `${key.key} ${formatDate(key.days)}`
    case 'LARGER':
    case 'SMALLER':
      return `${key.key} ${key.octets}`
    case 'OLDER':
    case 'YOUNGER':
      return `${key.key} ${key.seconds}`
    case 'MODSEQ':
      return `MODSEQ ${key.entry ? `${quoted(key.entry.name)} ${key.entry.type} ` : ''}${key.modSeq}`
    case 'EMAILID':
    case 'THREADID':
      return `${key.key} ${key.id}`
    case 'UID':
      return `UID ${formatNumberSet(key.set)}`
    case 'FILTER':
      return `FILTER ${key.name}`
    case 'X-GM-MSGID':
    case 'X-GM-THRID':
      return `${key.key} ${key.number}`
    case 'X-GM-LABELS':
      return `${key.key} ${astring(key.label)}`
    case 'X-GM-RAW':
      return `${key.key} ${astring(key.query)}`
    case 'UIDAFTER':
    case 'UIDBEFORE':
      return `${key.key} ${key.uid}`
    case 'SEQUENCE':
      return formatNumberSet(key.set)
    case 'FUZZY':
    case 'NOT':
      return `${key.key} ${formatSearchKey(key.operand)}`
    case 'OR':
      return `OR ${formatSearchKey(key.left)} ${formatSearchKey(key.right)}`
    case 'AND':
      return `(${key.operands.map(formatSearchKey).join(' ')})`
  }
}
