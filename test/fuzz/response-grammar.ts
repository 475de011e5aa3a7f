/** Reads responses as RFC 9051 §9 and the extensions write them, strictly: what is not grammar is an error. */
import { checkBodyStructure, checkEnvelope } from '../../src/mime/grammar.test-support.ts'
import { NotGrammar, ResponseReader } from './response-reader.ts'

export { NotGrammar } from './response-reader.ts'

/** Ranges of UIDs, both ends included. */
export type Ranges = readonly (readonly [first: number, last: number])[]

/** A response code: its name in capitals, and what is behind it. */
export interface ResponseCode {
  readonly name: string
  readonly rest: string
}

/** What a FETCH response says of a message. */
export interface FetchData {
  readonly seqNum: number
  /** Every item, its name as sent, in order. */
  readonly items: ReadonlyMap<string, string | undefined>
  readonly uid: number | undefined
  readonly flags: readonly string[] | undefined
  readonly modSeq: number | undefined
}

/** One response of an IMAP server. */
export type Response =
  | { readonly kind: 'continuation'; readonly text: string }
  | {
      readonly kind: 'condition'
      /** `undefined`: untagged. */
      readonly tag: string | undefined
      readonly status: 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH'
      readonly code: ResponseCode | undefined
      readonly text: string
    }
  | { readonly kind: 'exists' | 'recent' | 'expunge'; readonly number: number }
  | { readonly kind: 'vanished'; readonly earlier: boolean; readonly uids: Ranges }
  /** The number of `uidfetch` is a UID (RFC 9586 §3.3). */
  | { readonly kind: 'fetch' | 'uidfetch'; readonly data: FetchData }
  | { readonly kind: 'flags'; readonly flags: readonly string[] }
  | {
      readonly kind: 'list' | 'lsub'
      readonly attributes: readonly string[]
      readonly name: string
    }
  | { readonly kind: 'status'; readonly name: string; readonly items: ReadonlyMap<string, number | string> }
  | { readonly kind: 'search' | 'sort'; readonly numbers: readonly number[]; readonly modSeq: number | undefined }
  | {
      readonly kind: 'esearch'
      readonly tag: string | undefined
      readonly uid: boolean
      readonly items: readonly string[]
    }
  | { readonly kind: 'enabled'; readonly names: readonly string[] }
  /** CAPABILITY, ID, NAMESPACE, THREAD: checked, and of no further interest. */
  | { readonly kind: 'other'; readonly name: string }

/** What of a session decides on the grammar of its responses. */
export interface Dialect {
  /** Quoted strings may hold UTF-8. */
  readonly utf8: boolean
}

/** One response, its last CRLF not. Throws {@link NotGrammar}. */
export function parseResponse(text: string, { utf8 }: Dialect): Response {
  const reader = new ResponseReader(text, utf8)
  const response = parse(reader)
  reader.end()
  return response
}

function parse(reader: ResponseReader): Response {
  if (reader.try('+ ')) return { kind: 'continuation', text: reader.restOfText() }
  if (!reader.try('* ')) {
    const tag = reader.take(/[!#$&',\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+/y, 'a tag')
    reader.expect(' ')
    // The pattern admits nothing but the three.
    return condition(reader, tag, reader.take(/(?:OK|NO|BAD)(?= )/y, 'OK, NO or BAD') as 'OK' | 'NO' | 'BAD')
  }
  if (/^\* \d/.test(reader.text)) return numbered(reader)
  const name = reader.atom('the name of a response')
  switch (name) {
    case 'OK':
    case 'NO':
    case 'BAD':
    case 'BYE':
    case 'PREAUTH':
      return condition(reader, undefined, name)
    case 'FLAGS':
      reader.expect(' ')
      return { kind: 'flags', flags: reader.flags() }
    case 'VANISHED': {
      const earlier = reader.try(' (EARLIER)')
      reader.expect(' ')
      return { kind: 'vanished', earlier, uids: reader.uidRanges() }
    }
    case 'LIST':
    case 'LSUB':
      return list(reader, name)
    case 'STATUS':
      return status(reader)
    case 'SEARCH':
    case 'SORT':
      return search(reader, name)
    case 'ESEARCH':
      return esearch(reader)
    case 'ENABLED': {
      const names: string[] = []
      while (reader.try(' ')) names.push(reader.atom())
      return { kind: 'enabled', names }
    }
    default:
      return other(reader, name)
  }
}

function condition(
  reader: ResponseReader,
  tag: string | undefined,
  status: 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH',
): Response {
  reader.expect(' ')
  let code: ResponseCode | undefined
  if (reader.try('[')) {
    const name = reader.take(/[^\s\]()"{%*\\]+/y, 'a response code').toUpperCase()
    code = { name, rest: reader.try(' ') ? codeText(reader) : '' }
    checkCode(code, reader)
    reader.expect(']')
    if (!reader.atEnd) reader.expect(' ')
  }
  const text = reader.restOfText()
  return { kind: 'condition', tag, status, code, text }
}

/** Up to the bracket that ends the code; brackets in strings and keywords are part of it. */
function codeText(reader: ResponseReader): string {
  const from = reader.at
  while (!reader.sees(']')) {
    if (reader.sees('"') || reader.sees('{')) reader.string()
    else reader.take(/[^\]"{\r\n\0]+/y, 'the end of the response code')
  }
  return reader.text.slice(from, reader.at)
}

const codeShapes: Readonly<Record<string, (reader: ResponseReader) => void>> = {
  UIDNEXT: (reader) => void reader.nzNumber(),
  UIDVALIDITY: (reader) => void reader.nzNumber(),
  UNSEEN: (reader) => void reader.nzNumber(),
  HIGHESTMODSEQ: (reader) => void reader.modSeq(),
  MODIFIED: (reader) => void reader.uidRanges(),
  PERMANENTFLAGS: (reader) => void reader.flags(true),
  MAILBOXID: (reader) => {
    reader.expect('(')
    objectId(reader)
    reader.expect(')')
  },
  MESSAGELIMIT: (reader) => {
    reader.nzNumber()
    if (reader.try(' ')) reader.nzNumber()
  },
  APPENDUID: (reader) => {
    reader.nzNumber()
    reader.expect(' ')
    reader.uidRanges()
  },
  COPYUID: (reader) => {
    reader.nzNumber()
    reader.expect(' ')
    const from = countOf(reader.uidRanges())
    reader.expect(' ')
    if (countOf(reader.uidRanges()) !== from) throw reader.fail('as many UIDs as were copied')
  },
}

function checkCode({ name, rest }: ResponseCode, outer: ResponseReader): void {
  const shape = codeShapes[name]
  if (!shape) return
  const reader = new ResponseReader(rest, false)
  shape(reader)
  if (!reader.atEnd) throw outer.fail(`a well-formed ${name} before`)
}

/** How many UIDs are in ranges. */
export function countOf(ranges: Ranges): number {
  return ranges.reduce((sum, [first, last]) => sum + Math.abs(last - first) + 1, 0)
}

/** Each UID of the text of a set. Throws {@link NotGrammar} when it is none. */
export function uidsOf(set: string): number[] {
  const reader = new ResponseReader(set, false)
  const ranges = reader.uidRanges()
  reader.end()
  return ranges.flatMap(([a, b]) => Array.from({ length: Math.abs(b - a) + 1 }, (_, n) => Math.min(a, b) + n))
}

function numbered(reader: ResponseReader): Response {
  const number = reader.number()
  reader.expect(' ')
  const name = reader.atom()
  switch (name) {
    case 'EXISTS':
      return { kind: 'exists', number }
    case 'RECENT':
      return { kind: 'recent', number }
    case 'EXPUNGE':
      if (number === 0) throw reader.fail('no EXPUNGE of message 0 before')
      return { kind: 'expunge', number }
    case 'FETCH':
    case 'UIDFETCH': {
      if (number === 0) throw reader.fail(`no ${name} of message 0 before`)
      reader.expect(' ')
      return { kind: name === 'FETCH' ? 'fetch' : 'uidfetch', data: fetchData(reader, number) }
    }
    case 'CONVERTED':
      converted(reader)
      return { kind: 'other', name }
    default:
      throw reader.fail('EXISTS, RECENT, EXPUNGE, FETCH, UIDFETCH or CONVERTED before')
  }
}

function objectId(reader: ResponseReader): string {
  return reader.take(/[A-Za-z0-9_-]{1,255}/y, 'an object id')
}

function inParentheses<Value>(reader: ResponseReader, value: () => Value): Value {
  reader.expect('(')
  const inside = value()
  reader.expect(')')
  return inside
}

function fetchData(reader: ResponseReader, seqNum: number): FetchData {
  const items = new Map<string, string | undefined>()
  const data: { uid?: number; flags?: readonly string[]; modSeq?: number } = {}
  const fields = reader.list(() => {
    const name = reader.take(/[A-Z][A-Z0-9.-]*/y, 'a FETCH item') + (reader.sees('[') ? section(reader) : '')
    if (items.has(name)) throw reader.fail(`${name} but once before`)
    reader.expect(' ')
    items.set(name, fetchValue(reader, name, data))
  })
  if (fields.length === 0) throw reader.fail('a FETCH item before')
  return { seqNum, items, uid: data.uid, flags: data.flags, modSeq: data.modSeq }
}

/** RFC 9051 §9 section, and the origin of a partial fetch behind it. */
function section(reader: ResponseReader): string {
  const from = reader.at
  reader.expect('[')
  reader.take(/(?:[1-9]\d*(?:\.[1-9]\d*)*(?:\.(?=[A-Z]))?)?/y, 'part numbers')
  if (reader.take(/(?:HEADER\.FIELDS(?:\.NOT)?|HEADER|TEXT|MIME)?/y, 'a part').startsWith('HEADER.FIELDS')) {
    reader.expect(' ')
    reader.list(() => reader.astring())
  }
  reader.expect(']')
  if (reader.try('<')) {
    // RFC 9051 §9 has a number here, and in what a client asks (partial) a number64, which must be repeated.
    reader.number(Number.MAX_SAFE_INTEGER)
    reader.expect('>')
  }
  return reader.text.slice(from, reader.at)
}

/** Names of mailboxes, and `\Inbox` and its like. */
function labels(reader: ResponseReader): string {
  const all: string[] = []
  reader.expect('(')
  while (!reader.try(')')) {
    if (all.length > 0) reader.expect(' ')
    all.push(reader.try('\\') ? '\\' + reader.take(/[A-Za-z]+/y, 'a label') : reader.astring())
  }
  return all.join(' ')
}

function fetchValue(
  reader: ResponseReader,
  name: string,
  data: { uid?: number; flags?: readonly string[]; modSeq?: number },
): string | undefined {
  switch (name) {
    case 'UID':
      return String((data.uid = reader.nzNumber()))
    case 'FLAGS':
      return (data.flags = reader.flags()).join(' ')
    case 'MODSEQ':
      return String((data.modSeq = inParentheses(reader, () => reader.modSeq())))
    case 'RFC822.SIZE':
      return String(reader.number(Number.MAX_SAFE_INTEGER))
    case 'INTERNALDATE':
      return reader.dateTime()
    case 'SAVEDATE':
      return reader.try('NIL') ? undefined : reader.dateTime()
    case 'X-GM-MSGID':
    case 'X-GM-THRID':
      return String(reader.number(Number.MAX_SAFE_INTEGER))
    case 'X-GM-LABELS':
      return labels(reader)
    case 'EMAILID':
      return inParentheses(reader, () => objectId(reader))
    case 'THREADID':
      return reader.try('NIL') ? undefined : inParentheses(reader, () => objectId(reader))
    case 'ENVELOPE':
    case 'BODY':
    case 'BODYSTRUCTURE': {
      const value = reader.nested()
      if (name === 'ENVELOPE') checkEnvelope(value)
      else checkBodyStructure(value, name === 'BODYSTRUCTURE')
      return value
    }
    case 'RFC822':
    case 'RFC822.HEADER':
    case 'RFC822.TEXT':
      return reader.nstring({ nul: true })
    case 'PREVIEW':
      return reader.nstring()
    default:
      if (name.startsWith('BODY[')) return reader.nstring({ nul: true })
      if (name.startsWith('BINARY[')) return reader.nstring({ binary: true })
      if (name.startsWith('BINARY.SIZE[')) return String(reader.number())
      throw reader.fail('a known FETCH item before')
  }
}

function list(reader: ResponseReader, name: 'LIST' | 'LSUB'): Response {
  reader.expect(' ')
  const attributes = reader.flags()
  if (attributes.some((attribute) => !attribute.startsWith('\\'))) throw reader.fail('attributes before')
  reader.expect(' ')
  if (!reader.try('NIL') && reader.string().length !== 1) throw reader.fail('a hierarchy separator of one char before')
  reader.expect(' ')
  const mailbox = reader.astring()
  if (!reader.atEnd) {
    reader.expect(' ')
    reader.list(() => {
      reader.astring()
      reader.expect(' ')
      reader.nested()
    })
  }
  return { kind: name === 'LIST' ? 'list' : 'lsub', attributes, name: mailbox }
}

function status(reader: ResponseReader): Response {
  reader.expect(' ')
  const name = reader.astring()
  reader.expect(' ')
  const items = new Map<string, number | string>()
  reader.list(() => {
    const item = reader.take(/[A-Z][A-Z-]*/y, 'a STATUS item')
    if (items.has(item)) throw reader.fail(`${item} but once before`)
    reader.expect(' ')
    if (item === 'MAILBOXID')
      items.set(
        item,
        inParentheses(reader, () => objectId(reader)),
      )
    else if (item === 'UIDNEXT' || item === 'UIDVALIDITY') items.set(item, reader.nzNumber())
    else items.set(item, reader.number(Number.MAX_SAFE_INTEGER))
  })
  return { kind: 'status', name, items }
}

function search(reader: ResponseReader, name: 'SEARCH' | 'SORT'): Response {
  const numbers: number[] = []
  let modSeq: number | undefined
  while (modSeq === undefined && reader.try(' ')) {
    if (reader.try('(MODSEQ ')) {
      modSeq = reader.modSeq()
      reader.expect(')')
    } else numbers.push(reader.nzNumber())
  }
  return { kind: name === 'SEARCH' ? 'search' : 'sort', numbers, modSeq }
}

/** RFC 9051 §9 esearch-response; the correlators of RFC 7377 §4, the results of RFC 9394 §4, RFC 6203 §7, RFC 5267 §5. */
function esearch(reader: ResponseReader): Response {
  let tag: string | undefined
  if (reader.try(' (TAG ')) {
    tag = reader.string()
    if (reader.try(' MAILBOX ')) {
      reader.astring()
      reader.expect(' UIDVALIDITY ')
      reader.nzNumber()
    }
    reader.expect(')')
  }
  const uid = reader.try(' UID')
  const items: string[] = []
  while (reader.try(' ')) {
    const item = reader.take(/[A-Z]+/y, 'a search result')
    reader.expect(' ')
    if (item === 'ALL') reader.uidRanges()
    else if (item === 'COUNT') reader.number()
    else if (item === 'MIN' || item === 'MAX') reader.nzNumber()
    else if (item === 'MODSEQ') reader.modSeq()
    else if (item === 'RELEVANCY') reader.list(() => reader.nzNumber(100))
    else if (item === 'PARTIAL') {
      reader.take(/\((?:[1-9]\d*:[1-9]\d*|-[1-9]\d*:-[1-9]\d*) /y, 'a range of results')
      if (!reader.try('NIL')) reader.uidRanges()
      reader.expect(')')
    } else if (item === 'ADDTO' || item === 'REMOVEFROM') {
      reader.list(() => {
        reader.number() // a place, and what comes there or goes
        reader.expect(' ')
        reader.uidRanges()
      })
      continue // as often as there are steps
    } else throw reader.fail('a known search result before')
    if (items.includes(item)) throw reader.fail(`${item} but once before`)
    items.push(item)
  }
  return { kind: 'esearch', tag, uid, items }
}

function other(reader: ResponseReader, name: string): Response {
  switch (name) {
    case 'CAPABILITY':
      while (reader.try(' ')) reader.atom()
      break
    case 'ID':
    case 'NAMESPACE':
      while (reader.try(' ')) if (!reader.try('NIL')) reader.nested()
      break
    case 'THREAD':
      if (reader.try(' ')) while (!reader.atEnd) reader.nested()
      break
    case 'COMPARATOR':
      reader.expect(' ')
      reader.astring()
      if (reader.try(' ')) reader.list(() => reader.astring())
      break
    case 'LANGUAGE':
      reader.expect(' ')
      reader.list(() => reader.astring())
      break
    case 'UIDBATCHES':
      reader.expect(' (TAG ')
      reader.string()
      reader.expect(')')
      if (reader.try(' ')) reader.uidRanges()
      break
    case 'METADATA':
      metadata(reader)
      break
    case 'ACL':
    case 'LISTRIGHTS':
    case 'MYRIGHTS':
      rights(reader, name)
      break
    case 'QUOTA':
      quota(reader)
      break
    case 'QUOTAROOT':
      reader.expect(' ')
      reader.astring()
      while (reader.try(' ')) reader.astring()
      break
    case 'GENURLAUTH':
      reader.expect(' ')
      do reader.astring()
      while (reader.try(' '))
      break
    case 'URLFETCH':
      urlFetch(reader)
      break
    case 'CONVERSION':
      for (let n = 0; n < 2; n++) {
        reader.expect(' ')
        reader.string()
      }
      if (reader.try(' ')) reader.list(() => reader.astring())
      break
    case 'JMAPACCESS':
      reader.expect(' ')
      reader.string()
      break
    default:
      throw new NotGrammar('a known response', reader.text, 2)
  }
  return { kind: 'other', name }
}

/** RFC 4467 §9, RFC 5524 §5 urlfetch-data, of one URL. */
function urlFetch(reader: ResponseReader): void {
  reader.expect(' ')
  reader.astring()
  reader.expect(' ')
  if (!reader.sees('(')) return void reader.nstring({ nul: true })
  do {
    inParentheses(reader, () => {
      const item = reader.take(/BODYPARTSTRUCTURE|BODY|BINARY/y, 'an item of URLFETCH')
      reader.expect(' ')
      if (item === 'BODYPARTSTRUCTURE') checkBodyStructure(reader.nested(), true)
      else if (item === 'BODY') reader.nstring({ nul: true })
      else reader.nstring({ binary: true })
    })
  } while (reader.try(' '))
}

/** RFC 5259 §10 message-data. */
function converted(reader: ResponseReader): void {
  reader.expect(' (TAG ')
  reader.string()
  reader.expect(') ')
  let count = 0
  reader.list(() => {
    const name = reader.take(/[A-Z][A-Z.]*/y, 'a CONVERT item') + (reader.sees('[') ? section(reader) : '')
    reader.expect(' ')
    if (name === 'UID') {
      if (count++ > 0) throw reader.fail('UID in front of all else before')
      reader.nzNumber()
      return
    }
    count++
    if (reader.sees('(ERROR ')) reader.nested()
    else if (name.startsWith('BINARY.SIZE[')) reader.number()
    else if (name.startsWith('BINARY[')) reader.nstring({ binary: true })
    else if (name.startsWith('BODY[')) reader.nstring()
    else if (name.startsWith('BODYPARTSTRUCTURE[')) checkBodyStructure(reader.nested(), true)
    else if (name.startsWith('AVAILABLECONVERSIONS[')) inParentheses(reader, () => reader.list(() => reader.string()))
    else throw reader.fail('a known CONVERT item before')
  })
  if (count === 0) throw reader.fail('a CONVERT item before')
}

/** RFC 4314 §7: letters that are rights, each once in a list of what can be given. */
function rights(reader: ResponseReader, name: 'ACL' | 'LISTRIGHTS' | 'MYRIGHTS'): void {
  reader.expect(' ')
  reader.astring()
  const told = (): string => {
    const letters = reader.astring()
    if (!/^[a-z0-9]*$/.test(letters)) throw reader.fail('rights before')
    return letters
  }
  if (name === 'MYRIGHTS') {
    reader.expect(' ')
    told()
    return
  }
  if (name === 'LISTRIGHTS') {
    reader.expect(' ')
    reader.astring()
    let all = ''
    reader.expect(' ')
    do all += told()
    while (reader.try(' '))
    if (new Set(all).size < all.length) throw reader.fail('each right but once before')
    return
  }
  while (reader.try(' ')) {
    reader.astring()
    reader.expect(' ')
    told()
  }
}

/** RFC 5464 §5 metadata-resp: entries with values, or names alone. */
function metadata(reader: ResponseReader): void {
  reader.expect(' ')
  reader.astring()
  reader.expect(' ')
  if (!reader.sees('(')) {
    do entryName(reader)
    while (reader.try(' '))
    return
  }
  const entries = reader.list(() => {
    entryName(reader)
    reader.expect(' ')
    reader.nstring({ binary: true })
  })
  if (entries.length === 0) throw reader.fail('an entry before')
}

function entryName(reader: ResponseReader): void {
  if (!/^\/(?:private|shared)(?:\/[^/*%]+)*$/i.test(reader.astring())) throw reader.fail('an entry name before')
}

/** RFC 9208 §7 quota-response, with erratum 8846. */
function quota(reader: ResponseReader): void {
  reader.expect(' ')
  reader.astring()
  reader.expect(' ')
  reader.list(() => {
    reader.atom('a resource')
    for (let n = 0; n < 2; n++) {
      reader.expect(' ')
      reader.number(Number.MAX_SAFE_INTEGER)
    }
  })
}
