/** Commands of old dialects as commands of IMAP4rev1. */
import { withFullYears, withNewDateTime } from './dates.ts'
import { type OldDialect, traits } from './dialect.ts'
import type { AskedImap3 } from './imap3.ts'

/** What must be known of a command to tell its answers. */
export interface Asked {
  readonly tag: string
  /** In capitals, without UID. */
  readonly command: string
  /** How a part's header is called in the answer, where not by number. */
  readonly headerName?: string
  /** FIND: which names are told. */
  readonly found?: (name: string) => boolean
  /** COPY: what was to be copied. */
  readonly set?: string
  /** Whether what comes after it waits for its answer. */
  readonly isAlone?: boolean
  /** What IMAP3 remembers of it. */
  readonly imap3?: AskedImap3
  /** The answer itself: lines ahead of the tagged one, and what stands behind the tag in the place of OK and its text. */
  readonly before?: string
  readonly answer?: string
}

/** A command line to be sent on, and what to remember of it; nothing for a line that has no tag. */
export interface Request {
  readonly line: string
  readonly asked: Asked | undefined
}

/** No command, which is what the server will say of it. */
const noCommand = 'X-NO-SUCH-COMMAND'

/** The tag of a command line, its name in capitals, and what stands behind; `undefined` where there is no tag. */
export function commandOf(line: string): Readonly<Record<'tag' | 'command' | 'rest', string>> | undefined {
  const [, tag, name = '', rest = ''] = /^([^\s(){%*"\\+]+) +([^\s]+)(.*)$/.exec(line) ?? []
  return tag === undefined ? undefined : { tag, command: name.toUpperCase(), rest }
}

/** What a client of the dialect sent, up to the end of its first line, as IMAP4rev1. */
export function toRev1(line: string, dialect: OldDialect): Request {
  const { tag, command, rest } = commandOf(line) ?? {}
  if (tag === undefined || command === undefined || rest === undefined) return { line, asked: undefined }
  if (!traits[dialect].commands.has(command)) return refused(tag)
  switch (command) {
    case 'FIND':
      return find(tag, rest, dialect)
    case 'BBOARD':
      return answered(tag, command, 'NO There are no bulletin boards here')
    case 'SUBSCRIBE':
    case 'UNSUBSCRIBE':
      return subscribe(tag, command, rest, dialect)
    case 'FETCH':
      return fetch(tag, '', rest, dialect)
    case 'UID':
      return byUid(tag, rest, dialect)
    case 'PARTIAL':
      return partial(tag, rest)
    case 'SEARCH':
      return { line: `${tag} SEARCH${outsideQuotes(rest, withFullYears)}`, asked: { tag, command } }
    case 'APPEND':
      return { line: withNewDateTime(line), asked: { tag, command } }
    case 'COPY':
      return { line, asked: { tag, command, set: /^ +(\S+)/.exec(rest)?.[1] ?? '' } }
    case 'AUTHENTICATE':
      return answered(tag, command, 'NO There is no such mechanism; use LOGIN')
    case 'SUPPORTED.VERSIONS':
      return answered(tag, command, 'OK These are the versions', '* SUPPORTED.VERSIONS ((2 0))\r\n')
    case 'SELECT.VERSION':
      return answered(tag, command, /^ +\(2 0 ?\) *$/.test(rest) ? 'OK This is IMAP2' : 'NO There is only version 2.0')
    default:
      return { line, asked: { tag, command } }
  }
}

/** A line of the command behind a literal. */
export function continuedToRev1(line: string, { command }: Pick<Asked, 'command'>): string {
  return command === 'SEARCH' ? outsideQuotes(line, withFullYears) : line
}

/** A command that is none. */
export function refused(tag: string): Request {
  return { line: `${tag} ${noCommand}`, asked: { tag, command: noCommand } }
}

/** A command that the server behind has nothing to do with, but whose turn is to come. */
export function answered(tag: string, command: string, answer: string, before?: string): Request {
  return { line: `${tag} NOOP`, asked: { tag, command, answer, ...(before !== undefined && { before }) } }
}

function byUid(tag: string, rest: string, dialect: OldDialect): Request {
  const [, command = '', rests = ''] = /^ +(\S+)(.*)$/.exec(rest) ?? []
  switch (command.toUpperCase()) {
    case 'FETCH':
      return fetch(tag, 'UID ', rests, dialect)
    case 'COPY':
    case 'SEARCH':
    case 'STORE':
      return { line: `${tag} UID${outsideQuotes(rest, withFullYears)}`, asked: { tag, command: command.toUpperCase() } }
    default:
      return refused(tag)
  }
}

/** RFC 1176 has FIND MAILBOXES, RFC 2062 (6.3.OBS.1) the rest; `*` is any text and `%` and `?` are one character. */
function find(tag: string, rest: string, dialect: OldDialect): Request {
  const [, what = '', atom, quoted] = /^ +(\S+) +(?:([^\s"{]+)|"([^"{]*)") *$/.exec(rest) ?? []
  const pattern = atom ?? quoted
  if (pattern === undefined) return refused(tag)
  const { hasSubscriptions } = traits[dialect]
  switch (what.toUpperCase()) {
    case 'ALL.MAILBOXES':
      if (!hasSubscriptions) return refused(tag)
      return findIn(tag, 'LIST', pattern, dialect)
    case 'MAILBOXES':
      return findIn(tag, hasSubscriptions ? 'LSUB' : 'LIST', pattern, dialect)
    case 'ALL.BBOARDS':
    case 'BBOARDS':
      return answered(tag, 'FIND', 'OK FIND completed')
    default:
      return refused(tag)
  }
}

function findIn(tag: string, command: 'LIST' | 'LSUB', pattern: string, dialect: OldDialect): Request {
  // RFC 1203 has a backslash in front of a star that is one. No two stars in a row: they mean the same, and take long.
  const units = pattern.replace(/\*\*+/g, '*').match(dialect === 'imap3' ? /\\[*%\\]|[^]/g : /[^]/g) ?? []
  const parts: string[][] = [[]]
  for (const unit of units) {
    if (unit === '*') parts.push([])
    else
      parts
        .at(-1)
        ?.push(/^[%?]$/.test(unit) ? '.' : unit.replace(/^\\(?=.)/, '').replace(/[\\^$.*?+|()[\]{}/-]/, '\\$&'))
  }
  const sources = parts.map((part) => new RegExp(`^${part.join('')}`, 's'))
  const lengths = parts.map((part) => part.length)
  const found = (name: string): boolean =>
    (traits[dialect].hasSubscriptions || name !== 'INBOX') && isLike(name, sources, lengths) // RFC 1176: INBOX is not told
  return { line: `${tag} ${command} "" *`, asked: { tag, command: 'FIND', found } }
}

/** Whether a name consists of what the parts match, with any text between two of them. Takes no longer than name times pattern. */
function isLike(name: string, parts: readonly RegExp[], lengths: readonly number[]): boolean {
  let at = 0
  for (const [n, part] of parts.entries()) {
    const length = lengths[n] ?? 0
    const isFirst = n === 0
    const isLast = n === parts.length - 1
    const end = name.length - length
    if (isLast && !isFirst) {
      if (end < at || !part.test(name.slice(end))) return false
      return true
    }
    while (at <= end && !part.test(name.slice(at))) {
      if (isFirst) return false
      at++
    }
    if (at > end) return false
    at += length
  }
  return at === name.length
}

/** RFC 2062 (6.3.OBS.3, 6.3.OBS.4). `SUBSCRIBE MAILBOX` alone is about a mailbox of that name, in IMAP4. */
function subscribe(tag: string, command: string, rest: string, dialect: OldDialect): Request {
  const [, what, name] = /^ +(MAILBOX|BBOARD) +(\S.*)$/i.exec(rest) ?? []
  if (what?.toUpperCase() === 'BBOARD') return answered(tag, command, 'NO There are no bulletin boards here')
  if (name !== undefined) return { line: `${tag} ${command} ${name}`, asked: { tag, command } }
  return dialect === 'imap4' ? { line: `${tag} ${command}${rest}`, asked: { tag, command } } : refused(tag)
}

const fieldList = String.raw`\(([\w!#$&'+.^\`|~-]+(?: [\w!#$&'+.^\`|~-]+)*)\)`
const item = new RegExp(String.raw`(RFC822\.HEADER\.LINES(?:\.NOT)?) ${fieldList}|[^\s()]+`, 'gi')

/** Items that IMAP4rev1 has, too, by the number of the first dialect that has them. */
const plainItems = /^(?:ALL|FAST|ENVELOPE|FLAGS|INTERNALDATE|RFC822|RFC822\.(?:HEADER|SIZE|TEXT))$/
const plainItemsOfParts = /^(?:FULL|BODY)$/
const plainItemsOfImap4 = /^(?:BODYSTRUCTURE|UID)$/

function fetch(tag: string, uid: string, rest: string, dialect: OldDialect): Request {
  const [, set = '', list = ''] = /^ +(\S+) +(\S.*)$/.exec(rest.trimEnd()) ?? []
  const isList = list.startsWith('(') && list.endsWith(')')
  const inner = isList ? list.slice(1, -1) : list
  const items: string[] = []
  const left = inner.replace(item, (text) => {
    items.push(text)
    return ''
  })
  const names = items.map((text) => rev1Item(text, dialect)?.name)
  if (names.length === 0 || names.includes(undefined) || left.trim() !== '') return refused(tag)
  return {
    line: `${tag} ${uid}FETCH ${set} ${isList ? `(${names.join(' ')})` : names.join(' ')}`,
    asked: { tag, command: 'FETCH' },
  }
}

/** An item as IMAP4rev1 calls it (RFC 2062, 6.4.5.OBS.1); `section` where it is a text that PARTIAL takes. */
function rev1Item(text: string, dialect: OldDialect): { readonly name: string; readonly section?: string } | undefined {
  const name = text.toUpperCase()
  const { hasParts } = traits[dialect]
  if (plainItems.test(name)) return { name }
  if (!hasParts) return undefined
  if (plainItemsOfParts.test(name)) return { name }
  if (dialect === 'imap4' && plainItemsOfImap4.test(name)) return { name }
  if (name === 'RFC822.PEEK') return { name: 'BODY.PEEK[]' }
  if (name === 'RFC822.TEXT.PEEK') return { name: 'BODY.PEEK[TEXT]' }
  const [, not, fields] = /^RFC822\.HEADER\.LINES(\.NOT)? (\(.*\))$/i.exec(text) ?? []
  if (fields !== undefined) return { name: `BODY.PEEK[HEADER.FIELDS${not ? '.NOT' : ''} ${fields}]` }
  const [, peek = '', part] = /^BODY(\.PEEK)?\[(\d+(?:\.\d+)*)\]$/.exec(name) ?? []
  if (part === undefined || (peek !== '' && dialect !== 'imap4')) return undefined
  // Part 0 is a header (RFC 1730 §6.4.5).
  const section = part === '0' ? 'HEADER' : part.replace(/\.0$/, '.HEADER')
  return /(?:^|\.)0/.test(section) ? undefined : { name: `BODY${peek}[${section}]`, section }
}

/** RFC 2062 (6.4.OBS.1): one message, one text of it, the first octet (from 1 on) and how many. */
function partial(tag: string, rest: string): Request {
  const [, number = '', text = '', first = '', length = ''] = /^ +(\d+) +(\S+) +(\d+) +(\d+) *$/.exec(rest) ?? []
  const offset = Number(first) - 1
  if (text === '' || offset < 0) return refused(tag)
  const name = text.toUpperCase()
  const range = `<${offset}.${Number(length)}>`
  const ask = (section: string, headerName?: string): Request => ({
    line: `${tag} FETCH ${number} ${section}${range}`,
    asked: { tag, command: 'PARTIAL', ...(headerName !== undefined && { headerName }) },
  })
  switch (name) {
    case 'RFC822':
      return ask('BODY[]')
    case 'RFC822.TEXT':
      return ask('BODY[TEXT]')
    case 'RFC822.HEADER':
      return ask('BODY.PEEK[HEADER]', name)
    default: {
      const known = rev1Item(text, 'imap4')?.name
      return known?.startsWith('BODY') && known.endsWith(']') && !known.includes('FIELDS') ? ask(known) : refused(tag)
    }
  }
}

/** Changes what is not between quotes. */
function outsideQuotes(text: string, change: (piece: string) => string): string {
  // A date may stand in quotes itself: a key's name, quotes, and nothing but a date in them.
  return text.replace(/"(?:[^"\\]|\\.)*"|[^"]+(?:"\d{1,2}-[a-z]{3}-\d{2}")?/gi, (piece) =>
    piece.startsWith('"') ? piece : change(piece),
  )
}
