/** The characters of IMAP URLs: RFC 5092 §11, and percent-encoding (RFC 3986 §2.1). */

/** `uchar` of the grammar, with `&` and `=`: what names of users and hosts are made of. */
const achar = "A-Za-z0-9\\-._~!$'()*+,&="
const encoded = '%[0-9A-Fa-f]{2}'

/** One or more `achar`, as the source of a regular expression. */
export const achars: string = `(?:[${achar}]|${encoded})+`
/** One or more `bchar`: as `achar`, with `:`, `@` and `/`. */
export const bchars: string = `(?:[${achar}:@/]|${encoded})+`

const plainInUser = new RegExp(`^[${achar}]$`)
const plainInPath = new RegExp(`^[${achar}:@/]$`)

/** Octets with those that may not stand in a user's name percent-encoded. One char is one octet. */
export function encodeUserOctets(octets: string): string {
  return encode(octets, plainInUser)
}

/** Octets with those that may not stand in a path percent-encoded. One char is one octet. */
export function encodePathOctets(octets: string): string {
  return encode(octets, plainInPath)
}

function encode(octets: string, plain: RegExp): string {
  let text = ''
  for (const char of octets) text += plain.test(char) ? char : percent(char)
  return text
}

/** One octet, percent-encoded. */
export function percent(char: string): string {
  return '%' + char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')
}

/** The octets that a percent-encoded text stands for, one char each. */
export function decodeOctets(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}

/**
 * A path without its `.` and `..` segments (RFC 3986 §5.2.4). It begins with a slash, and so does the result. Encoded
 * dots are the segments of a name and stay.
 */
export function withoutDotSegments(path: string): string {
  if (!path.includes('/.')) return path
  const kept: string[] = []
  const segments = path.slice(1).split('/')
  for (const [place, segment] of segments.entries()) {
    const isDots = segment === '.' || segment === '..'
    if (segment === '..') kept.pop()
    if (!isDots) kept.push(segment)
    else if (place === segments.length - 1) kept.push('')
  }
  return '/' + kept.join('/')
}
