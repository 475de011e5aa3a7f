import { shortDate } from './dates.ts'
import { literal } from './responses.ts'

/** How deep an address of an envelope is in parentheses: those of the response, the envelope and the list are around it. */
const addressDepth = 4

const token =
  /"((?:[^"\\]|\\.)*)"|([()])|BODY\[(HEADER\.FIELDS \([^()\]]*\)|[A-Z]*)\](?:<\d+>)? |\{\d+\}$|NIL|[^"()B{N]+|[B{N]/g

/**
 * One FETCH response, told in the words of IMAP3. Values of header fields are held until they are whole.
 *
 * Deviates: the formal syntax of RFC 1203 has a number in front of an envelope. Its sample session has none, nor have we.
 */
export class FetchedByKeys {
  readonly #names: ReadonlyMap<string, readonly string[]>
  #depth = 0
  #inEnvelope = false
  /** The last text, outside of quotes and parentheses. */
  #before = ''
  /** Names of the header fields whose value comes next. */
  #keys: readonly string[] | undefined
  /** Octets of a literal with them. */
  #held: Buffer[] | undefined

  /** With what each section is to be called. */
  constructor(names: ReadonlyMap<string, readonly string[]>) {
    this.#names = names
  }

  /** Takes octets of a literal; `false` when they are to be passed on as they are. */
  hold(octets: Buffer): boolean {
    this.#held?.push(octets)
    return this.#held !== undefined
  }

  /** What to tell for a line: the first, or one that goes on behind a literal. */
  tell(line: string): string {
    const ahead = this.#held && this.#value(Buffer.concat(this.#held).toString('latin1'))
    this.#held = undefined
    const text = line.replace(token, (whole, quoted?: string, parenthesis?: string, section?: string) => {
      if (section !== undefined && this.#depth === 1) return this.#item(section)
      if (this.#keys) return this.#keyed(whole, quoted)
      if (parenthesis !== undefined) return this.#nested(parenthesis)
      if (quoted !== undefined) return this.#string(whole, quoted)
      this.#before = (this.#before + whole).slice(-20)
      return this.#names.has('SIZE') && this.#depth === 1 ? whole.replace('RFC822.SIZE', 'SIZE') : whole
    })
    return (ahead ?? '') + text + (this.#held ? '' : '\r\n')
  }

  #item(section: string): string {
    const names = this.#names.get(section) ?? []
    if (!section.startsWith('HEADER.FIELDS')) return (names[0] ?? 'RFC822') + ' '
    this.#keys = names
    return ''
  }

  #keyed(whole: string, quoted: string | undefined): string {
    if (whole.startsWith('{')) {
      this.#held = []
      return ''
    }
    return this.#value(quoted?.replace(/\\(.)/g, '$1') ?? '')
  }

  #value(fields: string): string {
    const value = fieldValues(fields)
    const names = this.#keys ?? []
    this.#keys = undefined
    return names.map((key) => `${key} ${value}`).join(' ')
  }

  #nested(parenthesis: string): string {
    if (parenthesis === '(') {
      this.#inEnvelope ||= this.#depth === 1 && this.#before.endsWith('ENVELOPE ')
      this.#before = ''
      this.#depth++
      return parenthesis
    }
    const isAddress = this.#inEnvelope && this.#depth === addressDepth
    this.#depth--
    if (this.#depth <= 1) this.#inEnvelope = false
    // RFC 1203, FETCH data: an address has a fifth field, for comments.
    return isAddress ? ' NIL)' : parenthesis
  }

  #string(whole: string, quoted: string): string {
    if (this.#depth === 1 && this.#before.endsWith('INTERNALDATE ')) return `"${shortDate(quoted)}"`
    return /[\\{%]/.test(quoted) ? literal(quoted.replace(/\\(.)/g, '$1')) : whole
  }
}

/** What header fields say: NIL without any, the text of the only one, or a list. */
function fieldValues(fields: string): string {
  const values = fields
    .replace(/\r\n(?=[ \t])/g, '')
    .split('\r\n')
    .filter((field) => field.includes(':'))
    .map((field) => string(field.slice(field.indexOf(':') + 1).trim()))
  return values.length > 1 ? `(${values.join(' ')})` : (values[0] ?? 'NIL')
}

function string(text: string): string {
  return /^[ !#$&-[\]-z|}~]*$/.test(text) ? `"${text}"` : literal(text)
}
