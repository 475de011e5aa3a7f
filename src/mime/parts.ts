import type { Part } from './message.ts'

/** The layout that `encodeParts` writes, in its first octet. */
const version = 1

/** Common strings take one octet each: their place in this list, which may only grow at its end. */
const known = [
  '', '7bit', '8bit', 'binary', 'base64', 'quoted-printable',
  'text', 'multipart', 'message', 'application', 'image', 'audio', 'video', 'font', 'model',
  'plain', 'html', 'calendar', 'csv', 'mixed', 'alternative', 'related', 'signed', 'report', 'digest', 'rfc822',
  'global', 'delivery-status', 'octet-stream', 'pdf', 'pgp-signature', 'pkcs7-signature', 'jpeg', 'png', 'gif',
  'utf-8', 'us-ascii', 'iso-8859-1', 'iso-8859-15', 'windows-1252', 'iso-2022-jp', 'gb2312', 'koi8-r',
] // prettier-ignore
const places = new Map(known.map((text, place) => [text, place]))
/** Octets in front of a string that is not known: this one, then its length. */
const spelledOut = 0xff
/** In place of a charset: there is none. */
const absent = 0xfe

/**
 * A tree of parts as few octets: LEB128 numbers, each offset as its distance from the one before.
 * Read back by {@link decodeParts}.
 */
export function encodeParts(root: Part): Buffer {
  const out: number[] = [version]
  const number = (n: number): void => {
    for (; n >= 0x80; n = Math.floor(n / 0x80)) out.push((n % 0x80) | 0x80)
    out.push(n)
  }
  const text = (value: string): void => {
    const place = places.get(value)
    if (place !== undefined) out.push(place)
    else {
      const octets = Buffer.from(value)
      out.push(spelledOut)
      number(octets.length)
      for (const octet of octets) out.push(octet)
    }
  }
  const part = (one: Part, from: number): void => {
    text(one.type)
    text(one.subtype)
    if (one.charset === undefined) out.push(absent)
    else text(one.charset)
    text(one.encoding)
    number(one.headerStart - from)
    number(one.bodyStart - one.headerStart)
    number(one.bodyEnd - one.bodyStart)
    number(one.lines)
    number(one.children.length)
    let before = one.bodyStart
    for (const child of one.children) {
      part(child, before)
      before = child.bodyEnd
    }
  }
  part(root, 0)
  return Buffer.from(out)
}

/** The tree that {@link encodeParts} wrote. Throws `RangeError` when the octets are anything else. */
export function decodeParts(bytes: Uint8Array): Part {
  let at = 0
  const octet = (): number => {
    const value = bytes[at++]
    if (value === undefined) throw new RangeError('the part table is cut off')
    return value
  }
  const number = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const next = octet()
      value += (next & 0x7f) * scale
      if (next < 0x80) return value
      if (scale > Number.MAX_SAFE_INTEGER) throw new RangeError('the part table has a number that is too long')
    }
  }
  const textFrom = (place: number): string => {
    if (place !== spelledOut) {
      const value = known[place]
      if (value === undefined) throw new RangeError('the part table has an unknown string')
      return value
    }
    const length = number()
    if (length > bytes.length - at) throw new RangeError('the part table is cut off')
    at += length
    return Buffer.from(bytes.buffer, bytes.byteOffset + at - length, length).toString()
  }
  const part = (from: number): Part => {
    const type = textFrom(octet())
    const subtype = textFrom(octet())
    const charsetPlace = octet()
    const charset = charsetPlace === absent ? undefined : textFrom(charsetPlace)
    const encoding = textFrom(octet())
    const headerStart = from + number()
    const bodyStart = headerStart + number()
    const bodyEnd = bodyStart + number()
    const lines = number()
    const children: Part[] = []
    let before = bodyStart
    for (let left = number(); left > 0; left--) {
      const child = part(before)
      children.push(child)
      before = child.bodyEnd
    }
    return { type, subtype, charset, encoding, headerStart, bodyStart, bodyEnd, lines, children }
  }
  if (octet() !== version) throw new RangeError('the part table is of another version')
  return part(0)
}

/** A stretch of a message's octets: from `start` to below `end`. */
export interface OctetRange {
  readonly start: number
  readonly end: number
}

/** What can be asked of a part besides its body (RFC 9051 §6.4.5.1). */
export type SectionText = 'HEADER' | 'TEXT' | 'MIME'

/** The message that a part holds, when it is a nested message that was looked into. */
function nestedIn(part: Part): Part | undefined {
  return part.type.toLowerCase() === 'message' ? part.children[0] : undefined
}

/**
 * The part with this part number (RFC 9051 §6.4.5.1): the parts of a multipart count from 1, a message that is no
 * multipart has its body as part 1, and numbers go on into nested messages. The empty path is the message.
 */
export function findPart(root: Part, path: readonly number[]): Part | undefined {
  let found = root
  let isMessage = true
  for (const number of path) {
    const message = isMessage ? found : nestedIn(found)
    const inside = message ?? found
    const isMultipart = inside.type.toLowerCase() === 'multipart' && inside.children.length > 0
    // The part 1 of a message that is no multipart is its body, and shares its entity.
    const next = isMultipart ? inside.children[number - 1] : message && number === 1 ? message : undefined
    if (next === undefined) return undefined
    found = next
    isMessage = false
  }
  return found
}

/**
 * Where the octets of a section are: without `text` the body of the part (of the empty path: the whole message);
 * HEADER and TEXT of a message or a nested message; MIME the header of a part. Undefined when there is no such
 * section.
 */
export function sectionRange(root: Part, path: readonly number[], text?: SectionText): OctetRange | undefined {
  const part = findPart(root, path)
  if (part === undefined) return undefined
  const isRoot = path.length === 0
  if (text === undefined) return { start: isRoot ? part.headerStart : part.bodyStart, end: part.bodyEnd }
  if (text === 'MIME') return isRoot ? undefined : { start: part.headerStart, end: part.bodyStart }
  const message = isRoot ? root : nestedIn(part)
  if (message === undefined) return undefined
  return text === 'HEADER'
    ? { start: message.headerStart, end: message.bodyStart }
    : { start: message.bodyStart, end: message.bodyEnd }
}
