import type { Cursor } from './cursor.ts'
import { parsePartial, parseSection, type PartialRange, type Section } from './fetch-grammar.ts'

/** Items of one CONVERT. */
export const maxConvertItems = 500
/** Parameters of one conversion. */
export const maxConvertParameters = 50

/** A media type in lower case, or a pattern of them with `*`. */
export interface MediaType {
  readonly type: string
  readonly subtype: string
}

/** What parts are to become (RFC 5259 §10 convert-params). */
export interface Conversion {
  /** `undefined`: whatever the server finds best. */
  readonly target: MediaType | undefined
  /** In their order; names in lower case, one char for each octet of the values. */
  readonly parameters: readonly (readonly [name: string, value: string])[]
}

/** RFC 5259 §10 convert-att. */
export type ConvertItem =
  | { readonly item: 'UID' }
  | { readonly item: 'BINARY'; readonly section: Section; readonly partial?: PartialRange }
  | { readonly item: 'BINARY.SIZE' | 'BODYPARTSTRUCTURE' | 'AVAILABLECONVERSIONS'; readonly section: Section }
  /** A header, its encoded words in another charset. */
  | { readonly item: 'BODY'; readonly section: Section }

/** RFC 6838 §4.2 restricted-name. */
const name = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/

/** A media type in quotes, as it stands in {@link parseConversion}; as an astring and perhaps with `*` in CONVERSIONS. */
export function parseMediaType(cursor: Cursor, isPattern: boolean): MediaType {
  const text = (isPattern ? cursor.astring('a media type') : cursor.string('a media type')).toLowerCase()
  if (isPattern && text === '*') return { type: '*', subtype: '*' }
  const slash = text.indexOf('/')
  const [type, subtype] = [text.slice(0, Math.max(slash, 0)), text.slice(slash + 1)]
  if (!name.test(type) || !(name.test(subtype) || (isPattern && subtype === '*'))) {
    throw cursor.bad('that is no media type')
  }
  return { type, subtype }
}

/** `("text/plain" ("charset" "utf-8"))`, or `(NIL)`. */
export function parseConversion(cursor: Cursor): Conversion {
  cursor.char('(')
  const target = cursor.tryWord('NIL') ? undefined : parseMediaType(cursor, false)
  const parameters: [string, string][] = []
  if (cursor.tryChar(' ')) {
    cursor.char('(')
    do {
      if (parameters.length === maxConvertParameters) throw cursor.bad('too many parameters')
      const parameter = cursor.astring('a parameter').toLowerCase()
      cursor.space()
      parameters.push([parameter, cursor.astring('a value')])
    } while (cursor.tryChar(' '))
    cursor.char(')', '")" or a space')
  }
  cursor.char(')')
  return { target, parameters }
}

/** One item, or several in parentheses. */
export function parseConvertItems(cursor: Cursor): readonly ConvertItem[] {
  if (cursor.peek() !== '(') return [parseItem(cursor)]
  const items = cursor.list(() => parseItem(cursor))
  if (items.length === 0) throw cursor.expected('an item')
  if (items.length > maxConvertItems) throw cursor.bad('too many items')
  return items
}

function parseItem(cursor: Cursor): ConvertItem {
  const item = cursor.name('an item')
  switch (item) {
    case 'UID':
      return { item }
    case 'BINARY':
      return { item, section: parsePart(cursor), ...parsePartial(cursor) }
    case 'BINARY.SIZE':
    case 'BODYPARTSTRUCTURE':
    case 'AVAILABLECONVERSIONS':
      return { item, section: parsePart(cursor) }
    case 'BODY': {
      const section = parseSection(cursor)
      if (section.text !== 'HEADER' && section.text !== 'MIME')
        throw cursor.bad('only HEADER and MIME can be converted')
      return { item, section }
    }
    default:
      throw cursor.bad('unknown item')
  }
}

function parsePart(cursor: Cursor): Section {
  const section = parseSection(cursor)
  if (section.text !== undefined) throw cursor.bad('a part is named by numbers only')
  return section
}

/** A media type as it is printed. */
export function mediaTypeText({ type, subtype }: MediaType): string {
  return `${type}/${subtype}`
}
