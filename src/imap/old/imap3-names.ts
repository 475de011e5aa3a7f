/** What FETCH and SEARCH of IMAP3 can name: attributes, and keys that are generic, canonical or names of header fields. */
import { withFullYears } from './dates.ts'

/** Octets of header fields that one key may have; what is beyond is cut off. */
export const maxKeyBytes: number = 64 * 1024

/** The header fields that a canonical key unites (RFC 1203, System Model and Philosophy). */
const canonicalKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ['$CC', ['CC', 'RESENT-CC']],
  ['$FROM', ['FROM', 'RESENT-FROM']],
  ['$SUBJECT', ['SUBJECT']],
  ['$TO', ['TO', 'RESENT-TO', 'APPARENTLY-TO', 'CC']],
])

const sameItems: ReadonlySet<string> = new Set(['ENVELOPE', 'FLAGS', 'INTERNALDATE', 'RFC822.SIZE'])

/** Texts by what they are called: their section, and whether AUTO.SET.SEEN is about them. */
const texts: ReadonlyMap<string, readonly [section: string, setsSeen: boolean]> = new Map([
  ['RFC822', ['', true]],
  ['RFC822.TEXT', ['TEXT', true]],
  ['RFC822.HEADER', ['HEADER', false]],
  ['BODY', ['TEXT', false]],
  ['TEXT', ['TEXT', false]],
  ['HEADER', ['HEADER', false]],
])

const name = String.raw`[\w!#$&'+.^\x60|~-]+`
const isName = new RegExp(`^${name}$`)

/** Items of a FETCH as IMAP4rev1 has them. */
export interface Items {
  readonly rev1: string
  /** What to call a section in the answer, and `SIZE` where the size is to be called so. */
  readonly names: ReadonlyMap<string, readonly string[]>
}

/** Features that FETCH depends on. */
export interface FetchFeatures {
  /** Whether texts become \Seen: AUTO.SET.SEEN. */
  readonly setsSeen: boolean
  /** Whether some octets of a text can be asked for: INDEXABLE.FIELDS. */
  readonly indexable: boolean
}

/**
 * The items of a FETCH: one, or a list. `undefined` for what is none, `twice` for one text by two names.
 *
 * Deviates: RFC 1203 lets a concrete key be any string. Here it is an atom that can be the name of a header field.
 */
export function itemsToRev1(text: string, selected: FetchFeatures): Items | 'twice' | undefined {
  const upper = text.toUpperCase()
  const names = new Map<string, string[]>()
  if (upper === 'ALL' || upper === 'FAST') return { rev1: upper, names }
  const list = /^\((.*)\)$/.exec(upper)?.[1] ?? upper
  const items = new Set<string>()
  const asked = new Set(list.trim().split(selected.indexable ? / +(?!\d+:\d+(?: |$))/ : / +/))
  for (const item of asked) {
    if (item.includes(':')) {
      const part = partToRev1(item, selected)
      if (part === undefined) return undefined
      if (names.has(part.section)) return 'twice'
      items.add(part.rev1)
      names.set(part.section, [part.name])
      continue
    }
    if (!isName.test(item)) return undefined
    const known = texts.get(item)
    if (sameItems.has(item)) {
      items.add(item)
    } else if (item === 'SIZE') {
      if (asked.has('RFC822.SIZE')) return 'twice'
      items.add('RFC822.SIZE')
      names.set('SIZE', [item])
    } else if (known) {
      const [section, canSetSeen] = known
      if (names.has(section)) return 'twice'
      items.add(`BODY${canSetSeen && selected.setsSeen ? '' : '.PEEK'}[${section}]`)
      names.set(section, [item])
    } else {
      const section = `HEADER.FIELDS (${(canonicalKeys.get(item) ?? [item]).join(' ')})`
      items.add(`BODY.PEEK[${section}]<0.${maxKeyBytes}>`)
      names.set(section, [...(names.get(section) ?? []), item])
    }
  }
  return { rev1: `(${[...items].join(' ')})`, names }
}

/**
 * Octets of a text, counted from 0, the last one included (RFC 1203, INDEXABLE.FIELDS).
 *
 * Deviates: not of the size, which is a number, nor of header fields by keys, which may be many.
 */
function partToRev1(
  item: string,
  { setsSeen, indexable }: FetchFeatures,
): { readonly name: string; readonly section: string; readonly rev1: string } | undefined {
  const [, name = '', first = '', last = ''] = /^(\S+) +(\d{1,10}):(\d{1,10})$/.exec(item) ?? []
  const [section, canSetSeen] = texts.get(name) ?? []
  const octets = Number(last) - Number(first) + 1
  if (section === undefined || octets < 1 || !indexable) return undefined
  return { name, section, rev1: `BODY${canSetSeen && setsSeen ? '' : '.PEEK'}[${section}]<${Number(first)}.${octets}>` }
}

const flagKeys: ReadonlySet<string> = new Set(
  'ALL ANSWERED DELETED FLAGGED NEW OLD RECENT SEEN UNANSWERED UNDELETED UNFLAGGED UNSEEN'.split(' '),
)
const sameKeys: ReadonlySet<string> = new Set('BCC BODY CC FROM SUBJECT TEXT TO'.split(' '))
const dateKeys: ReadonlySet<string> = new Set('BEFORE ON SINCE'.split(' '))

/**
 * Criteria of a SEARCH, up to the end of a line, as IMAP4rev1; each has a space in front. `undefined` for what are none,
 * `unknown` for criteria that IMAP4rev1 cannot express: HEADER and SIZE, and canonical keys for a literal.
 */
export function criteriaToRev1(text: string): { readonly rev1: string } | 'unknown' | undefined {
  const criterion = new RegExp(` +(~?)(${name})`, 'y')
  const argument = / +("[^"\\]*"|\{\d+\}$|[^\s"{%\\]+)/y
  let out = ''
  let at = 0
  const end = text.trimEnd().length
  while (at < end) {
    criterion.lastIndex = at
    const [whole = '', not = '', keyText = ''] = criterion.exec(text) ?? []
    if (whole === '') return undefined
    at += whole.length
    const key = keyText.toUpperCase()
    const lead = not === '' ? ' ' : ' NOT '
    if (flagKeys.has(key)) {
      out += lead + key
      continue
    }
    argument.lastIndex = at
    const [given = '', value = ''] = argument.exec(text) ?? []
    if (given === '') return undefined
    at += given.length
    const rev1 = criterionToRev1(key, value)
    if (rev1 === undefined) return 'unknown'
    out += lead + rev1
  }
  return { rev1: out }
}

function criterionToRev1(key: string, value: string): string | undefined {
  if (key === 'KEYWORD' || key === 'UNKEYWORD') return `${key} ${value}`
  if (dateKeys.has(key)) return withFullYears(`${key} ${value}`)
  if (key === 'HEADER' || key === 'SIZE') return undefined
  // An atom of IMAP3 ends at a space, whatever is in it.
  const text = /^["{]/.test(value) ? value : `"${value}"`
  if (sameKeys.has(key)) return `${key} ${text}`
  const fields = canonicalKeys.get(key) ?? [key]
  if (fields.length > 1 && text.startsWith('{')) return undefined
  return fields.map((field, n) => `${n < fields.length - 1 ? 'OR ' : ''}HEADER ${field} ${text}`).join(' ')
}
