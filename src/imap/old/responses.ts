/** Responses of IMAP4rev1 as old dialects have them. */
import { shortDate } from './dates.ts'
import { type OldDialect, traits } from './dialect.ts'
import type { Asked } from './requests.ts'

/** Messages of one COPY that are told of; a set may name the same ones again and again. */
const maxCopies = 10_000

/** The beginning of a response, or what follows a literal in it, as it is to be sent; empty: nothing. */
export interface Told {
  readonly text: string
  /** Whether this was the last response to the command. */
  readonly isLast: boolean
  /** A command that is to be sent now, under the same tag. */
  readonly followUp?: string
}

/**
 * A line of the server, without its CRLF, for the command that it is working on. What is told is whole lines, unless a
 * literal follows.
 */
export function toOld(line: string, asked: Asked | undefined, dialect: OldDialect): Told {
  if (line.startsWith('+ ')) return { text: line + '\r\n', isLast: false }
  if (!line.startsWith('* ')) return tagged(line, asked, dialect)
  const isLast = false
  const [, status, code] = /^\* (OK|NO|BAD|BYE|PREAUTH)(?: \[([^\] ]*))?/.exec(line) ?? []
  if (status !== undefined) {
    // Without its code, an untagged OK says nothing, except where it greets; there is always CAPABILITY in that.
    const isDropped = status === 'OK' && code !== undefined && code !== 'CAPABILITY' && !knows(code, dialect)
    return { text: isDropped ? '' : withoutCode(line, dialect) + '\r\n', isLast }
  }
  const [, kind = ''] = /^\* (?:\d+ )?([A-Z]+)/.exec(line) ?? []
  switch (kind) {
    case 'LIST':
    case 'LSUB':
      return { text: asked?.found ? mailbox(line, asked.found) : line + '\r\n', isLast }
    case 'CAPABILITY':
      return { text: '* CAPABILITY IMAP4\r\n', isLast }
    case 'SEARCH': // RFC 1176: one number at least
      return { text: line === '* SEARCH' && traits[dialect].answersByName ? '' : line + '\r\n', isLast }
    case 'FETCH': {
      const isStore = asked?.command === 'STORE' && traits[dialect].answersByName
      const told = isStore ? line.replace(/^(\* \d+) FETCH/, '$1 STORE') : line
      return { text: continuedToOld(told, asked, dialect) + '\r\n', isLast }
    }
    default:
      return { text: line + '\r\n', isLast }
  }
}

function knows(code: string, dialect: OldDialect): boolean {
  return traits[dialect].codes.has(code.toUpperCase())
}

/** A status response without a code that the dialect does not know. */
export function withoutCode(line: string, dialect: OldDialect): string {
  return line.replace(/^(\S+ \S+) \[([^\] ]*)[^\]]*\]/, (whole, before: string, code: string) =>
    knows(code, dialect) ? whole : before,
  )
}

function tagged(line: string, asked: Asked | undefined, dialect: OldDialect): Told {
  const isLast = asked !== undefined && line.startsWith(asked.tag + ' ')
  if (!isLast) return { text: line + '\r\n', isLast: false }
  const { tag, command, answer, before = '', set } = asked
  if (answer !== undefined) return { text: `${before}${tag} ${answer}\r\n`, isLast }
  if (command === 'FIND' && line.startsWith(tag + ' OK')) return { text: `${tag} OK FIND completed\r\n`, isLast }
  if (command === 'PARTIAL' && line.startsWith(tag + ' OK')) return { text: `${tag} OK PARTIAL completed\r\n`, isLast }
  // RFC 2061: in IMAP2bis this is a response of its own.
  if (dialect === 'imap2bis' && line.startsWith(tag + ' NO [TRYCREATE]')) {
    const text = line.slice(tag.length + ' NO [TRYCREATE] '.length)
    return { text: `* OK [TRYCREATE] ${text}\r\n${tag} NO ${text}\r\n`, isLast }
  }
  const end = withoutCode(line, dialect) + '\r\n'
  const wasCopied = command === 'COPY' && traits[dialect].answersByName && line.startsWith(tag + ' OK')
  return { text: wasCopied ? copies(set ?? '') + end : end, isLast }
}

/** `* 2 COPY` for each message of a set that the server has found to be in order (RFC 1176, COPY), `lead` being the star. */
export function copies(set: string, lead = '*'): string {
  const lines: string[] = []
  for (const range of set.split(',')) {
    const [first = 0, last = first] = range.split(':').map(Number)
    const end = Math.max(first, last)
    for (let n = Math.min(first, last); n <= end && lines.length < maxCopies; n++) lines.push(`${lead} ${n} COPY\r\n`)
  }
  return lines.join('')
}

/** `* MAILBOX name` for a LIST or LSUB response, where the name is looked for and can be selected. */
function mailbox(line: string, found: (name: string) => boolean): string {
  const [, attributes = '', text = ''] = /^\* \S+ \(([^)]*)\) (?:NIL|"[^"]*") (.*)$/.exec(line) ?? []
  if (/\\noselect|\\nonexistent/i.test(attributes)) return ''
  const name = text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text
  if (!found(name)) return ''
  const isPlain = !/["\\{%]/.test(name)
  return `* MAILBOX ${!text.startsWith('"') ? name : isPlain ? text : literal(name)}\r\n`
}

/** A piece of a FETCH response: names of items, dates and strings as the dialect writes them. */
export function continuedToOld(line: string, asked: Asked | undefined, dialect: OldDialect): string {
  const { plainQuotes, shortDates } = traits[dialect]
  let before = ''
  return line.replace(/"((?:[^"\\]|\\.)*)"|[^"]+/g, (piece, quoted?: string) => {
    if (quoted === undefined) {
      before = piece
      return piece.replace(/BODY\[([^\]]*)\](?:<\d+>)?/g, (_, section: string) => oldName(section, asked))
    }
    if (shortDates && before.endsWith('INTERNALDATE ')) return `"${shortDate(quoted)}"`
    return plainQuotes && /[\\{%]/.test(quoted) ? literal(quoted.replace(/\\(.)/g, '$1')) : piece
  })
}

/** What a section is called (RFC 2062, 6.4.5.OBS.1). */
function oldName(section: string, asked: Asked | undefined): string {
  if (section === '') return 'RFC822'
  if (section === 'TEXT') return 'RFC822.TEXT'
  if (section.startsWith('HEADER.FIELDS')) return 'RFC822.HEADER'
  if (section === 'HEADER') return asked?.headerName ?? 'BODY[0]'
  return `BODY[${section.replace(/\.HEADER$/, '.0')}]`
}

/** Text of one char per octet as a literal. */
export function literal(text: string): string {
  return `{${text.length}}\r\n${text}`
}
