import { Cursor } from './cursor.ts'
import { parseSection, sectionLabel, type Section } from './fetch-grammar.ts'
import { utf8ToWire, wireToUtf8 } from './strings.ts'
import { BadSyntax } from './syntax-error.ts'
import { parseTimestamp } from './timestamp.ts'
import { achars, bchars, decodeOctets, encodePathOctets, encodeUserOctets, withoutDotSegments } from './url-text.ts'

/** Octets of one URL; one that is longer is nobody's idea of a message's address. */
export const maxUrlOctets: number = 16 * 1024

/** RFC 5092 §11 iserver. */
export interface UrlServer {
  /** Whose mailboxes are meant, and who is to sign in (RFC 5092 §3.1, §3.2). */
  readonly user: string | undefined
  /** A SASL mechanism, or `*` for any. */
  readonly auth: string | undefined
  /** As it stands there. */
  readonly host: string
  readonly port: number | undefined
}

/** Who may use the URL: `user+alice` is the application `user` for `alice` (RFC 5092 §6.1.2, RFC 5593 §4). */
export interface UrlAccess {
  /** In lower case. */
  readonly application: string
  readonly user: string | undefined
}

/** What proves that the URL was given out (RFC 4467 §2.5). */
export interface UrlVerifier {
  /** In capitals. */
  readonly mechanism: string
  /** Hexadecimal digits, in lower case. */
  readonly token: string
}

/** An IMAP URL: RFC 5092 §11 imapurl and imapurl-rel, with URLAUTH (RFC 4467 §9). */
export interface ImapUrl {
  /** `undefined` in a relative one. */
  readonly server: UrlServer | undefined
  /** `undefined` where a server is meant, or, in a relative one, the mailbox of its base. */
  readonly mailbox: string | undefined
  readonly uidValidity: number | undefined
  /** The message; `undefined` where a mailbox is meant. */
  readonly uid: number | undefined
  readonly section: Section | undefined
  /** Octets from `offset`, up to the end where no length is given. */
  readonly partial: { readonly offset: number; readonly length: number | undefined } | undefined
  /** A search program; its octets, one char each. */
  readonly search: string | undefined
  /** Milliseconds since 1970. */
  readonly expires: number | undefined
  readonly access: UrlAccess | undefined
  readonly verifier: UrlVerifier | undefined
}

const nzNumber = '([1-9]\\d{0,9})'
const authority = new RegExp(
  `^(?:(${achars})?(?:;AUTH=(\\*|${achars}))?@)?([^@:[\\]]+|\\[[^\\]@]+\\])(?::(\\d{0,5}))?$`,
  'i',
)
const host = new RegExp(`^(?:${achars}|\\[[0-9A-Fa-fvV:.]+\\])$`)
const mailboxPart = new RegExp(`(${bchars})(?:;UIDVALIDITY=${nzNumber}(?=[/?]|$))?(\\/?)`, 'iy')
const searchPart = new RegExp(`\\?(${bchars})$`, 'y')
const uidPart = new RegExp(`;UID=${nzNumber}(?=[/;]|$)`, 'iy')
const sectionPart = new RegExp(`\\/?;SECTION=(${bchars})`, 'iy')
const partialPart = new RegExp(`\\/?;PARTIAL=(\\d{1,15})(?:\\.([1-9]\\d{0,14}))?(?=;|$)`, 'iy')
const expirePart = /;EXPIRE=([0-9TZ:.+-]+)/iy
const authPart = new RegExp(`;URLAUTH=(?:([A-Z0-9]+)\\+(${achars})|([A-Z0-9]+))`, 'iy')
const verifierPart = /:([A-Z0-9.-]+):([0-9A-F]{32,})$/iy

/**
 * Reads an IMAP URL, one char for each octet (RFC 5092 §11). Throws `BadSyntax`.
 *
 * Deviates: RFC 5092 §7.2 forbids relative paths, but RFC 4469 §3 gives CATENATE a base to resolve them by, and RFC 5092
 * §9.1 says what `;UID=20` means there. So those that begin with a message are read, and no others.
 */
export function parseImapUrl(text: string): ImapUrl {
  if (text.length > maxUrlOctets) throw bad('the URL is too long')
  const scheme = /^(?:imap:)?\/\//i.exec(text)?.[0]
  if (scheme === undefined) {
    if (text.startsWith('/')) return readPath(text, undefined)
    if (text.startsWith(';')) return readMessage(text, 0, nothing)
    throw bad('an IMAP URL is expected')
  }
  const rest = text.slice(scheme.length)
  const end = rest.search(/[/?]/)
  const server = readServer(end < 0 ? rest : rest.slice(0, end))
  return readPath(end < 0 ? '/' : rest.slice(end), server)
}

const nothing: ImapUrl = {
  server: undefined,
  mailbox: undefined,
  uidValidity: undefined,
  uid: undefined,
  section: undefined,
  partial: undefined,
  search: undefined,
  expires: undefined,
  access: undefined,
  verifier: undefined,
}

function readServer(text: string): UrlServer {
  const found = authority.exec(text)
  const [, user, auth, name = '', port] = found ?? []
  // The grammar has no `@` without a name or mechanism before it.
  if (!found || !host.test(name) || text.startsWith('@')) throw bad('the server of the URL is malformed')
  return {
    user: user === undefined ? undefined : unicode(user),
    auth: auth === undefined ? undefined : decodeOctets(auth),
    host: name,
    port: port === undefined || port === '' ? undefined : Number(port),
  }
}

/** Everything behind the server, beginning with its slash. */
function readPath(text: string, server: UrlServer | undefined): ImapUrl {
  const query = text.indexOf('?')
  const path = query < 0 ? text : text.slice(0, query)
  if (!path.startsWith('/')) throw bad('the path of the URL is malformed')
  const whole = withoutDotSegments(path) + text.slice(path.length)
  if (whole === '/') return { ...nothing, server }
  const at = 1
  const found = matchAt(mailboxPart, whole, at)
  if (!found) throw bad('the mailbox of the URL is malformed')
  const [, name = '', uidValidity] = found
  const base = { ...nothing, server, uidValidity: numberOf(uidValidity) }
  const end = at + found[0].length
  // The slash before `;UID=` is the message's, as is one behind UIDVALIDITY.
  const slashed = uidValidity === undefined ? name.endsWith('/') : found[3] === '/'
  const mailbox = unicode(uidValidity === undefined && slashed ? name.slice(0, -1) : name)
  if (mailbox === '' || mailbox.includes('\0')) throw bad('the mailbox of the URL is malformed')
  if (end === whole.length) return { ...base, mailbox }
  const search = matchAt(searchPart, whole, end)?.[1]
  if (search !== undefined) return { ...base, mailbox, search: decodeOctets(search) }
  if (!slashed) throw bad('the message of the URL is malformed')
  return readMessage(whole, end, { ...base, mailbox })
}

/** A message or a part of one, from its `;UID=` on. */
function readMessage(text: string, start: number, base: ImapUrl): ImapUrl {
  let at = start
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const found = matchAt(pattern, text, at)
    if (found) at += found[0].length
    return found
  }
  const uid = take(uidPart)
  if (!uid) throw bad('the message of the URL is malformed')
  const section = text.charAt(at) === '/' ? take(sectionPart)?.[1] : undefined
  // The slash before `;PARTIAL=` was read as part of the section.
  const slashed = section?.endsWith('/') === true && text.charAt(at) === ';'
  const partial = slashed || text.charAt(at) === '/' ? take(partialPart) : undefined
  if (slashed && !partial) throw bad('a part of the URL is malformed')
  const expire = take(expirePart)
  const expires = expire && parseTimestamp(expire[1] ?? '')
  if (expire && expires === undefined) throw bad('there is no such time as that of EXPIRE')
  const auth = take(authPart)
  const verifier = auth && take(verifierPart)
  if (at !== text.length) throw bad('something in the URL, or its end, is malformed')
  return {
    ...base,
    uid: numberOf(uid[1]),
    section: section === undefined ? undefined : sectionOf(decodeOctets(slashed ? section.slice(0, -1) : section)),
    partial: partial && { offset: Number(partial[1]), length: numberOf(partial[2]) },
    expires,
    access: auth && {
      application: (auth[1] ?? auth[3] ?? '').toLowerCase(),
      user: auth[2] === undefined ? undefined : unicode(auth[2]),
    },
    verifier: verifier && {
      mechanism: (verifier[1] ?? '').toUpperCase(),
      token: (verifier[2] ?? '').toLowerCase(),
    },
  }
}

function sectionOf(text: string): Section {
  const cursor = new Cursor(`[${text}]`)
  const section = parseSection(cursor)
  if (!cursor.atEnd) throw bad('the section of the URL is malformed')
  return section
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(text) ?? undefined
}

function numberOf(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits)
}

function unicode(encoded: string): string {
  const text = wireToUtf8(decodeOctets(encoded))
  if (text === undefined) throw bad('the URL is not UTF-8')
  return text
}

const bad = (text: string): BadSyntax => new BadSyntax(text, 0)

/** The URL without what proves it: what a token is made from, octet by octet (RFC 4467 §6). */
export function rumpOf(url: string): string {
  return url.replace(/:[A-Za-z0-9.-]+:[0-9A-Fa-f]+$/, '')
}

/** The URL as text; {@link parseImapUrl} reads it back. */
export function formatImapUrl(url: ImapUrl): string {
  const { server, mailbox, uid, section, partial, search, expires, access, verifier } = url
  let text = server ? 'imap://' + formatServer(server) : ''
  if (mailbox !== undefined) text += '/' + formatMailbox(mailbox)
  if (url.uidValidity !== undefined) text += `;UIDVALIDITY=${url.uidValidity}`
  if (search !== undefined) text += '?' + encodePathOctets(search)
  if (uid === undefined) return text === '' ? '/' : text
  text += (mailbox === undefined ? '' : '/') + `;UID=${uid}`
  if (section) text += '/;SECTION=' + encodePathOctets(sectionLabel(section))
  if (partial) text += `/;PARTIAL=${partial.offset}` + (partial.length === undefined ? '' : `.${partial.length}`)
  if (expires !== undefined) text += ';EXPIRE=' + new Date(expires).toISOString()
  if (access) {
    text += ';URLAUTH=' + access.application
    if (access.user !== undefined) text += '+' + encodeUserOctets(utf8ToWire(access.user))
  }
  if (verifier) text += `:${verifier.mechanism}:${verifier.token}`
  return text
}

function formatServer({ user, auth, host: name, port }: UrlServer): string {
  let text = user === undefined ? '' : encodeUserOctets(utf8ToWire(user))
  if (auth !== undefined) text += ';AUTH=' + (auth === '*' ? auth : encodeUserOctets(auth))
  if (text !== '') text += '@'
  return text + name + (port === undefined ? '' : `:${port}`)
}

/** Slashes at the ends, and levels that are `.` or `..`, would be taken for something else (RFC 5092 §7, §7.1). */
function formatMailbox(name: string): string {
  return encodePathOctets(utf8ToWire(name))
    .replace(/^\/+|\/+$/g, (slashes) => '%2F'.repeat(slashes.length))
    .replace(/(?<=^|\/)\.{1,2}(?=\/|$)/g, (dots) => '%2E'.repeat(dots.length))
}
