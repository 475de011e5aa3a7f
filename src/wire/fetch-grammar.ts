import type { Cursor } from './cursor.ts'
import { parseResultRange, type ResultRange } from './result-range.ts'
import { astring } from './strings.ts'

/** Levels of a part's number, as in `1.2.3`. */
export const maxPartDepth = 100
/** Field names in one section. */
export const maxSectionFields = 500
/** Items of one FETCH. */
export const maxFetchItems = 500

/** What is wanted of a part or a message, besides its content. */
export type SectionText = 'HEADER' | 'HEADER.FIELDS' | 'HEADER.FIELDS.NOT' | 'TEXT' | 'MIME'

/** RFC 9051 §9 section. */
export interface Section {
  /** Part numbers from the outside in; empty for the message itself. */
  readonly part: readonly number[]
  readonly text?: SectionText
  /** With `HEADER.FIELDS` and `HEADER.FIELDS.NOT`: field names as they came. */
  readonly fields?: readonly string[]
}

/** Octets `offset` (0-based) to `offset + length` of a section. */
export interface PartialRange {
  readonly offset: number
  readonly length: number
}

/** Items without arguments. `BODY` is the body structure without extension data. */
export type PlainFetchItem =
  | 'BODY'
  | 'BODYSTRUCTURE'
  | 'EMAILID'
  | 'ENVELOPE'
  | 'FLAGS'
  | 'INTERNALDATE'
  | 'MODSEQ'
  | 'RFC822'
  | 'RFC822.HEADER'
  | 'RFC822.SIZE'
  | 'RFC822.TEXT'
  | 'SAVEDATE'
  | 'THREADID'
  | 'UID'
  | 'X-GM-LABELS'
  | 'X-GM-MSGID'
  | 'X-GM-THRID'

/** RFC 9051 §9 fetch-att, RFC 3501 §9 fetch-att, and extensions. */
export type FetchItem =
  | { readonly item: PlainFetchItem }
  /** Part of the message. Unless `peek`, fetching it sets `\Seen`; the same with BINARY. */
  | { readonly item: 'BODY[]'; readonly section: Section; readonly partial?: PartialRange; readonly peek: boolean }
  /** A part decoded: RFC 9051 §6.4.5.1. */
  | { readonly item: 'BINARY[]'; readonly section: Section; readonly partial?: PartialRange; readonly peek: boolean }
  | { readonly item: 'BINARY.SIZE'; readonly section: Section }
  /** RFC 8970 §3. */
  | { readonly item: 'PREVIEW'; readonly lazy: boolean }

const plainItems: ReadonlySet<string> = new Set<PlainFetchItem>([
  'BODY',
  'BODYSTRUCTURE',
  'EMAILID',
  'ENVELOPE',
  'FLAGS',
  'INTERNALDATE',
  'MODSEQ',
  'RFC822',
  'RFC822.HEADER',
  'RFC822.SIZE',
  'RFC822.TEXT',
  'SAVEDATE',
  'THREADID',
  'UID',
  'X-GM-LABELS',
  'X-GM-MSGID',
  'X-GM-THRID',
])

function isPlain(name: string): name is PlainFetchItem {
  return plainItems.has(name)
}

const fast: readonly FetchItem[] = [{ item: 'FLAGS' }, { item: 'INTERNALDATE' }, { item: 'RFC822.SIZE' }]
const macros: ReadonlyMap<string, readonly FetchItem[]> = new Map([
  ['FAST', fast],
  ['ALL', [...fast, { item: 'ENVELOPE' }]],
  ['FULL', [...fast, { item: 'ENVELOPE' }, { item: 'BODY' }]],
])

/** One item, items in parentheses, or what a macro stands for (RFC 9051 §6.4.5). */
export function parseFetchItems(cursor: Cursor): readonly FetchItem[] {
  if (cursor.peek() !== '(') {
    const name = cursor.name('a fetch item')
    return macros.get(name) ?? [parseItem(cursor, name)]
  }
  const items = cursor.list(() => parseItem(cursor, cursor.name('a fetch item')))
  if (items.length === 0) throw cursor.expected('a fetch item')
  if (items.length > maxFetchItems) throw cursor.bad('too many fetch items')
  return items
}

function parseItem(cursor: Cursor, name: string): FetchItem {
  if (cursor.peek() === '[') {
    switch (name) {
      case 'BODY':
      case 'BODY.PEEK': {
        const section = parseSection(cursor)
        return { item: 'BODY[]', section, ...parsePartial(cursor), peek: name === 'BODY.PEEK' }
      }
      case 'BINARY':
      case 'BINARY.PEEK': {
        const section = parseBinarySection(cursor)
        return { item: 'BINARY[]', section, ...parsePartial(cursor), peek: name === 'BINARY.PEEK' }
      }
      case 'BINARY.SIZE':
        return { item: name, section: parseBinarySection(cursor) }
    }
  } else if (name === 'PREVIEW') {
    // Another parenthesis is that of the fetch modifiers.
    const lazy = cursor.startsWith(' (LAZY)')
    if (lazy) {
      cursor.space()
      cursor.list(() => cursor.keyword('LAZY'))
    }
    return { item: name, lazy }
  } else if (isPlain(name)) return { item: name }
  throw cursor.bad('unknown fetch item')
}

/** What stands in brackets: part numbers and the name of a text (RFC 9051 §9 section). */
export function parseSection(cursor: Cursor): Section {
  cursor.char('[')
  const part: number[] = []
  const atNumber = () => cursor.peek() >= '1' && cursor.peek() <= '9'
  let more = true
  while (more && atNumber()) {
    if (part.length === maxPartDepth) throw cursor.bad('a part number is too deep')
    part.push(cursor.nzNumber('a part number'))
    more = cursor.tryChar('.')
  }
  // After the last number nothing; after a dot, or without any number, the name of a text.
  if (part.length > 0 ? !more : cursor.peek() === ']') {
    cursor.char(']')
    return { part }
  }
  const text = cursor.sectionText()
  switch (text) {
    case 'HEADER':
    case 'TEXT':
      cursor.char(']')
      return { part, text }
    case 'MIME':
      if (part.length === 0) throw cursor.bad('MIME needs a part number')
      cursor.char(']')
      return { part, text }
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT': {
      cursor.space()
      const fields = cursor.list(() => cursor.astring('a field name'))
      if (fields.length === 0) throw cursor.expected('a field name')
      if (fields.length > maxSectionFields) throw cursor.bad('too many field names')
      cursor.char(']')
      return { part, text, fields }
    }
    default:
      throw cursor.bad('unknown section')
  }
}

function parseBinarySection(cursor: Cursor): Section {
  const section = parseSection(cursor)
  if (section.text !== undefined) throw cursor.bad('BINARY takes part numbers only')
  return section
}

/** `<offset.length>`, where there is one (RFC 9051 §9 partial). */
export function parsePartial(cursor: Cursor): { readonly partial?: PartialRange } {
  if (!cursor.tryChar('<')) return {}
  const offset = cursor.number64('an offset')
  cursor.char('.')
  const length = cursor.nzNumber64('a length')
  cursor.char('>')
  return { partial: { offset, length } }
}

/** What stands between `[` and `]`, in a request and in its response. */
export function sectionLabel(section: Section): string {
  const { part, text, fields } = section
  let label = part.join('.')
  if (text !== undefined) label += (label === '' ? '' : '.') + text
  if (fields) label += ' (' + fields.map(astring).join(' ') + ')'
  return label
}

/** An item as a client would send it. */
export function formatFetchItem(item: FetchItem): string {
  if (item.item === 'PREVIEW') return item.lazy ? 'PREVIEW (LAZY)' : 'PREVIEW'
  if (!('section' in item)) return item.item
  const label = `[${sectionLabel(item.section)}]`
  if (item.item === 'BINARY.SIZE') return item.item + label
  const partial = item.partial ? `<${item.partial.offset}.${item.partial.length}>` : ''
  return item.item.slice(0, -2) + (item.peek ? '.PEEK' : '') + label + partial
}

/** Modifiers of FETCH: RFC 7162 §3.1.4.1, §3.2.6; RFC 9394 §3.3. */
export interface FetchModifiers {
  readonly changedSince?: number
  readonly vanished: boolean
  readonly partial?: ResultRange
}

/** Modifiers in their parentheses, each at most once; VANISHED only beside CHANGEDSINCE (RFC 7162 §3.2.6). */
export function parseFetchModifiers(cursor: Cursor): FetchModifiers {
  let changedSince: number | undefined
  let vanished = false
  let partial: ResultRange | undefined
  const modifiers = cursor.list(() => {
    const modifier = cursor.keyword('a fetch modifier')
    if (modifier === 'CHANGEDSINCE' && changedSince === undefined) {
      cursor.space()
      changedSince = cursor.number64('a mod-sequence')
    } else if (modifier === 'PARTIAL' && !partial) {
      cursor.space()
      partial = parseResultRange(cursor)
    } else if (modifier === 'VANISHED' && !vanished) vanished = true
    else throw cursor.bad('unknown or repeated fetch modifier')
  })
  if (modifiers.length === 0) throw cursor.expected('a fetch modifier')
  if (vanished && changedSince === undefined) throw cursor.bad('VANISHED without CHANGEDSINCE')
  return { ...(changedSince !== undefined && { changedSince }), vanished, ...(partial && { partial }) }
}
