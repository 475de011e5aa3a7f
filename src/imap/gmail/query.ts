/** The language of X-GM-RAW: what people type into Gmail's search field. */
import { Refusal } from '../../model/refusal.ts'
import { daysFromDate, isDate } from '../../wire/date-time.ts'
import type { SearchKey } from '../../wire/search-grammar.ts'

/** How deep parentheses may be nested. */
export const maxQueryDepth = 50
/** Words, phrases and conditions of one search. */
export const maxQueryTerms = 500

const secondsOfDay = 86_400

/** What a search asks for: keys of SEARCH, and what has to be looked up before there is one. */
export type Query =
  | { readonly ask: 'key'; readonly key: SearchKey }
  /** A mailbox as people name it, or `\Inbox` and its like. */
  | { readonly ask: 'label'; readonly label: string }
  | { readonly ask: 'attachment' }
  | { readonly ask: 'not'; readonly operand: Query }
  | { readonly ask: 'and' | 'or'; readonly operands: readonly Query[] }

/** A word with the condition that it stands for, as in `from:(ann ben)`; without one, it is in the message. */
type Condition = (value: string) => Query

/**
 * Reads a search in Unicode; `now` is in seconds since 1970. What stands side by side must all be; `OR` binds closer than
 * that. A name before a colon that is no operator is part of a word, as in `http://example.org`. Throws `Refusal`:
 * `CANNOT` for a value that an operator does not take and for what Crispin does not keep, `LIMIT`.
 */
export function parseQuery(text: string, now: number): Query {
  return new QueryReader(text, now).group('', (word) => ofKey({ key: 'TEXT', value: word }), 0)
}

const ofKey = (key: SearchKey): Query => ({ ask: 'key', key })
const isFlag = (flag: string, present = true): Query => ofKey({ key: 'FLAG', flag, present })
const ofLabel = (label: string): Query => ({ ask: 'label', label })
const everything: Query = ofKey({ key: 'ALL' })
const nothing: Query = { ask: 'not', operand: everything }

class QueryReader {
  readonly #text: string
  readonly #operators: ReadonlyMap<string, Condition>
  #at = 0
  #terms = 0

  constructor(text: string, now: number) {
    this.#text = text
    this.#operators = operatorsAt(now)
  }

  /** All up to `end`, which is passed over; a parenthesis that is not closed ends with the text. */
  group(end: '' | ')' | '}', plain: Condition, depth: number): Query {
    if (depth > maxQueryDepth) throw new Refusal('LIMIT', 'The parentheses of that search are nested too deep')
    const operands: Query[] = []
    let afterOr = false
    for (;;) {
      this.#skipSpace()
      const char = this.#text[this.#at]
      if (char === undefined || (char === end && end !== '')) break
      if (char === ')' || char === '}') {
        this.#at++ // closes nothing
        continue
      }
      if (this.#tryWord('AND')) continue
      if (this.#tryWord('OR')) {
        afterOr = operands.length > 0
        continue
      }
      const term = this.#term(plain, depth)
      const before = afterOr ? operands.pop() : undefined
      operands.push(before ? either(before, term) : term)
      afterOr = false
    }
    this.#at++
    const [only] = operands
    if (!only) return everything
    return operands.length === 1 ? only : { ask: end === '}' ? 'or' : 'and', operands }
  }

  #term(plain: Condition, depth: number): Query {
    if (++this.#terms > maxQueryTerms) throw new Refusal('LIMIT', `That search has more than ${maxQueryTerms} words`)
    let isNot = false
    while (this.#text[this.#at] === '-' && /[^\s)}]/.test(this.#text[this.#at + 1] ?? '')) {
      isNot = !isNot
      this.#at++
    }
    const operand = this.#operand(plain, depth)
    return isNot ? { ask: 'not', operand } : operand
  }

  #operand(plain: Condition, depth: number): Query {
    const [name, operator] = this.#operatorHere()
    if (operator) {
      this.#at += name.length + 1
      this.#skipSpace()
    }
    const condition = operator ?? plain
    const opening = this.#text[this.#at]
    if (opening === '(' || opening === '{') {
      this.#at++
      return this.group(opening === '(' ? ')' : '}', condition, depth + 1)
    }
    const value = this.#value()
    return value === '' ? everything : condition(value)
  }

  #operatorHere(): readonly [name: string, operator: Condition | undefined] {
    const [, name = ''] = /^([a-z\d_]{1,20}):/i.exec(this.#text.slice(this.#at, this.#at + 21)) ?? []
    return [name, this.#operators.get(name.toLowerCase())]
  }

  /** A phrase without its quotes, or a word; the empty text at the end. */
  #value(): string {
    const start = this.#at
    if (this.#text[start] === '"') {
      const close = this.#text.indexOf('"', start + 1)
      const end = close < 0 ? this.#text.length : close
      this.#at = end + 1
      return this.#text.slice(start + 1, end)
    }
    while (/[^\s(){}]/.test(this.#text[this.#at] ?? '')) this.#at++
    return this.#text.slice(start, this.#at)
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  /** Passes over AND or OR, which are words of their own and in capitals. */
  #tryWord(word: string): boolean {
    const end = this.#at + word.length
    if (!this.#text.startsWith(word, this.#at) || /[^\s(){}]/.test(this.#text[end] ?? '')) return false
    this.#at = end
    return true
  }
}

function either(a: Query, b: Query): Query {
  return { ask: 'or', operands: a.ask === 'or' ? [...a.operands, b] : [a, b] }
}

const states: ReadonlyMap<string, Query> = new Map([
  ['unread', isFlag('\\Seen', false)],
  ['read', isFlag('\\Seen')],
  ['starred', ofLabel('\\Starred')],
  ['important', ofLabel('\\Important')],
  ['draft', ofLabel('\\Draft')],
  ['sent', ofLabel('\\Sent')],
])

const places: ReadonlyMap<string, Query> = new Map([
  ['anywhere', everything],
  ['all', everything],
  ['inbox', ofLabel('\\Inbox')],
  ['sent', ofLabel('\\Sent')],
  ['draft', ofLabel('\\Draft')],
  ['drafts', ofLabel('\\Draft')],
  ['spam', ofLabel('\\Spam')],
  ['trash', ofLabel('\\Trash')],
  ['starred', ofLabel('\\Starred')],
  ['important', ofLabel('\\Important')],
])

function operatorsAt(now: number): ReadonlyMap<string, Condition> {
  const cannot = (name: string) => (): never => {
    throw new Refusal('CANNOT', `There is no search by ${name}: here`)
  }
  const field =
    (key: 'BCC' | 'CC' | 'FROM' | 'SUBJECT' | 'TO'): Condition =>
    (value) =>
      ofKey({ key, value })
  const header =
    (name: string): Condition =>
    (value) =>
      ofKey({ key: 'HEADER', field: name, value })
  const size =
    (key: 'LARGER' | 'SMALLER'): Condition =>
    (value) =>
      ofKey({ key, octets: octetsOf(value) })
  const label: Condition = (value) => places.get(value.toLowerCase()) ?? ofLabel(value)
  const before: Condition = (value) => dateQuery('BEFORE', value, now)
  const after: Condition = (value) => dateQuery('SINCE', value, now)
  return new Map<string, Condition>([
    ['from', field('FROM')],
    ['to', field('TO')],
    ['cc', field('CC')],
    ['bcc', field('BCC')],
    ['subject', field('SUBJECT')],
    ['list', header('List-Id')],
    ['deliveredto', header('Delivered-To')],
    ['rfc822msgid', header('Message-ID')],
    ['label', label],
    ['in', label],
    ['is', (value) => states.get(value.toLowerCase()) ?? wrongValue('is', value)],
    ['has', (value) => (value.toLowerCase() === 'attachment' ? { ask: 'attachment' } : wrongValue('has', value))],
    ['before', before],
    ['older', before],
    ['after', after],
    ['newer', after],
    ['older_than', (value) => ofKey({ key: 'OLDER', seconds: ageOf(value) })],
    ['newer_than', (value) => ofKey({ key: 'YOUNGER', seconds: ageOf(value) })],
    ['larger', size('LARGER')],
    ['size', size('LARGER')],
    ['smaller', size('SMALLER')],
    ['filename', cannot('filename')],
    ['category', cannot('category')],
  ])
}

function wrongValue(operator: string, value: string): never {
  throw new Refusal('CANNOT', `${operator}: does not take ${/^[\w.:/-]{1,40}$/.test(value) ? value : 'that'} here`)
}

/** `10M`, `200K`, or octets. */
function octetsOf(value: string): number {
  const [, digits, unit = ''] = /^(\d{1,12})([km]?)b?$/i.exec(value) ?? []
  if (digits === undefined) return wrongValue('larger, smaller and size', value)
  return Number(digits) * (unit === '' ? 1 : unit.toLowerCase() === 'k' ? 1024 : 1024 * 1024)
}

/** `2d`, `3m`, `1y` in seconds; a month has 30 days here, and a year 365. */
function ageOf(value: string): number {
  const [, digits, unit = ''] = /^(\d{1,5})([dmy])$/i.exec(value) ?? []
  const days = { d: 1, m: 30, y: 365 }[unit.toLowerCase()]
  if (days === undefined || Number(digits) === 0) return wrongValue('older_than and newer_than', value)
  return Number(digits) * days * secondsOfDay
}

/** `2026/11/23`, `11/23/2026`, with slashes or hyphens; or seconds since 1970. */
function dateQuery(key: 'BEFORE' | 'SINCE', value: string, now: number): Query {
  if (/^\d{6,11}$/.test(value)) {
    const ago = now - Number(value)
    if (ago <= 0) return key === 'BEFORE' ? everything : nothing
    return ofKey({ key: key === 'BEFORE' ? 'OLDER' : 'YOUNGER', seconds: ago })
  }
  const [, first, second, third] = /^(\d{1,4})[/-](\d{1,2})[/-](\d{1,4})$/.exec(value) ?? []
  if (first === undefined || second === undefined || third === undefined) return wrongValue('before and after', value)
  const [year, month, day] = first.length === 4 ? [first, second, third] : [third, first, second]
  const date = { year: Number(year), month: Number(month), day: Number(day) }
  if (year.length !== 4 || !isDate(date)) return wrongValue('before and after', value)
  return ofKey({ key, days: daysFromDate(date) })
}
