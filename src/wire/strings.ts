/**
 * The strings of RFC 9051 §4.3 and §9 as text of the wire, where one char is one octet, and the two places where
 * UTF-8 enters and leaves.
 */

import { isUtf8 } from 'node:buffer'
import { allOf, ASTRING, isOf, QUOTED } from './chars.ts'

/** Chars that are sent between quotes; what is longer is sent as a literal. */
export const maxQuotedLength = 1024

/** Text between quotes. It must not hold CR, LF or NUL; octets above 127 only if the client takes UTF-8. */
export function quoted(text: string): string {
  if (!text.includes('"') && !text.includes('\\')) return '"' + text + '"'
  return '"' + text.replaceAll('\\', '\\\\').replaceAll('"', '\\"') + '"'
}

/** Text as a literal. Must not hold NUL: only literal8 may. */
export function literal(text: string): string {
  return '{' + text.length + '}\r\n' + text
}

/** Quotes where they can hold the text, else a literal. */
export function string(text: string): string {
  return quotable(text) ? quoted(text) : literal(text)
}

/** {@link string}, or `NIL` for `undefined`. */
export function nstring(text: string | undefined): string {
  return text === undefined ? 'NIL' : string(text)
}

/** An atom where the text is one, else a {@link string}. `NIL` is quoted, so that no reader takes it for nothing. */
export function astring(text: string): string {
  const bare = text.length <= maxQuotedLength && allOf(text, ASTRING) && text.toUpperCase() !== 'NIL'
  return bare ? text : string(text)
}

function quotable(text: string): boolean {
  if (text.length > maxQuotedLength) return false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (!isOf(code, QUOTED) && code !== 0x22 && code !== 0x5c) return false
  }
  return true
}

/** Octets as base64 (RFC 9051 §9 base64). */
export function base64(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('base64')
}

/**
 * The octets of base64 with its padding, nothing else in it (RFC 4648 §4); `undefined` if it is not that. The empty
 * text is no octets.
 */
export function decodeBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0) return undefined
  let end = text.length
  if (text.endsWith('==')) end -= 2
  else if (text.endsWith('=')) end--
  for (let at = 0; at < end; at++) if (!isBase64(text.charCodeAt(at))) return undefined
  return Buffer.from(text, 'base64')
}

/** Whether the octet is a base64-char. */
export function isBase64(code: number): boolean {
  return (
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x2f && code <= 0x39) ||
    code === 0x2b /* + */
  )
}

/** Text as its octets in UTF-8, one char each. A lone surrogate becomes U+FFFD. */
export function utf8ToWire(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

/** The text whose octets in UTF-8 these are; `undefined` if they are not valid UTF-8 (RFC 3629 §4). */
export function wireToUtf8(octets: string): string | undefined {
  if (isAscii(octets)) return octets
  const bytes = Buffer.from(octets, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false
  return true
}
