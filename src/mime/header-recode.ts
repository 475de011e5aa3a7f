/** Headers in another charset: encoded words and parameters, decoded and encoded anew (RFC 2047, RFC 2231). */
import { decodeText } from './charset.ts'
import { encodeText } from './charset-encode.ts'
import { parseContentType, parseDisposition } from './content.ts'
import { decodeHeaderValue } from './encoded-word.ts'
import { eachField, unfold } from './header-fields.ts'
import type { Parameter } from './parameters.ts'

/** What a header is to be in. */
export interface HeaderCharset {
  readonly charset: string
  /** Stands for what the charset does not have. */
  readonly replacement?: string | undefined
}

/** Chars of an encoded word (RFC 2047 §2). */
const maxWordLength = 75
/** Chars of a line with an encoded word in it (RFC 2047 §2). */
const maxLineLength = 76

const word = '=\\?([^?\\s]{1,64})\\?[bq]\\?[^?\\r\\n]*\\?='
const oneWord = new RegExp(word, 'gi')
const wordsInARow = new RegExp(`${word}(?:[ \\t\\r\\n]+${word})*`, 'gi')

/**
 * A header whose encoded words, and parameters of Content-Type and Content-Disposition, are in another charset (RFC
 * 5259 §6). What cannot be decoded stays as it is, as does everything else. One char is one octet. Throws
 * `Inexpressible` and `RangeError` as `TextEncoding` does.
 */
export function recodeHeader(header: string, target: HeaderCharset): string {
  let recoded = ''
  let at = 0
  eachField(header, ({ name, start, valueStart, end }) => {
    recoded += header.slice(at, valueStart)
    const value = header.slice(valueStart, end)
    const structured =
      name === 'content-type' || name === 'content-disposition' ? recodeParameters(name, value, target) : undefined
    recoded += structured ?? recodeWords(value, valueStart - start, target)
    at = end
  })
  return recoded + header.slice(at)
}

/** `column`: chars of the line before the value. */
function recodeWords(value: string, column: number, target: HeaderCharset): string {
  let recoded = ''
  let at = 0
  for (const found of value.matchAll(wordsInARow)) {
    const before = value.slice(at, found.index)
    recoded += before
    recoded += recodeRun(found[0], columnBehind(recoded, column), target)
    at = found.index + found[0].length
  }
  return recoded + value.slice(at)
}

/** Chars of the line behind `text`, which began at `column`. */
function columnBehind(text: string, column: number): number {
  const lineStart = text.lastIndexOf('\n')
  return lineStart === -1 ? column + text.length : text.length - lineStart - 1
}

/** Encoded words with nothing but blanks between them. Those side by side that can be decoded are one text. */
function recodeRun(run: string, column: number, target: HeaderCharset): string {
  let recoded = ''
  let group = { start: 0, end: 0, foreign: false }
  const flush = (): void => {
    const words = run.slice(group.start, group.end)
    if (words === '') return
    if (!group.foreign) recoded += words
    else
      recoded += encodeWords(
        decodeHeaderValue(Buffer.from(unfold(words), 'latin1')),
        columnBehind(recoded, column),
        target,
      )
  }
  for (const found of run.matchAll(oneWord)) {
    const charset = found[1] ?? ''
    const isReadable = decodeText(new Uint8Array(0), charset) !== undefined
    const foreign = isReadable && charset.toLowerCase() !== target.charset.toLowerCase()
    const end = found.index + found[0].length
    if (group.end === 0 || group.foreign !== foreign) {
      flush()
      recoded += run.slice(group.end, found.index)
      group = { start: found.index, end, foreign }
    } else group = { ...group, end }
  }
  flush()
  return recoded
}

/** Text as encoded words of whole characters, one to a line; the first begins at `column`. */
function encodeWords(text: string, column: number, { charset, replacement }: HeaderCharset): string {
  const encode = remembering((character) => encodeText(character, charset, replacement))
  const characters = Array.from(text)
  const plain = characters.filter((character) => /^[ -~]$/.test(character)).length
  const isMostlyPlain = plain * 3 >= characters.length * 2
  const start = `=?${charset}?${isMostlyPlain ? 'Q' : 'B'}?`
  const lengthOf = (octets: Buffer): number => (isMostlyPlain ? quotedPrintable(octets).length : octets.length)
  const capacity = (room: number): number => {
    const chars = room - start.length - '?='.length
    return isMostlyPlain ? chars : Math.floor(chars / 4) * 3
  }
  const words: string[] = []
  let piece: string[] = []
  let used = 0
  let room = capacity(Math.min(maxWordLength, maxLineLength - column))
  const flush = (): void => {
    const octets = encodeText(piece.join(''), charset, replacement)
    words.push(start + (isMostlyPlain ? quotedPrintable(octets) : octets.toString('base64')) + '?=')
    piece = []
    used = 0
    room = capacity(maxWordLength)
  }
  for (const character of characters) {
    const length = lengthOf(encode(character))
    if (used + length > room && (piece.length > 0 || words.length === 0)) {
      if (piece.length > 0) flush()
      else room = capacity(maxWordLength) // nothing fits behind the field's name: the line becomes longer
    }
    piece.push(character)
    used += length
  }
  if (piece.length > 0 || words.length === 0) flush()
  return words.join('\r\n ')
}

function remembering(encode: (character: string) => Buffer): (character: string) => Buffer {
  const known = new Map<string, Buffer>()
  return (character) => {
    let octets = known.get(character)
    if (!octets) known.set(character, (octets = encode(character)))
    return octets
  }
}

/** The Q encoding with the few characters that are allowed everywhere (RFC 2047 §5). */
function quotedPrintable(octets: Buffer): string {
  return octets.toString('latin1').replace(/[^A-Za-z0-9!*+/-]/g, (char) => (char === ' ' ? '_' : '=' + hex(char)))
}

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')
}

const extended = /^([^']*)'([^']*)'(.*)$/s

/** A field whose parameters are encoded, with all of them written anew; `undefined` where there are none. */
function recodeParameters(name: string, value: string, target: HeaderCharset): string | undefined {
  if (!/\*\d{0,3}\*?\s*=/.test(value)) return undefined
  const text = unfold(value)
  const type = name === 'content-type' ? parseContentType(text) : undefined
  const parsed = type ? { kind: `${type.type}/${type.subtype}`, parameters: type.parameters } : parseDisposition(text)
  if (!parsed || (name === 'content-type' && !type)) return undefined
  let recoded = ' ' + parsed.kind
  for (const parameter of parsed.parameters) {
    const lines = parameterLines(parameter, target)
    if (!lines) return undefined
    for (const line of lines) recoded += ';\r\n ' + line
  }
  return recoded + '\r\n'
}

/** A parameter as it is written; `undefined` when its value cannot be read. */
function parameterLines({ name, value }: Parameter, target: HeaderCharset): readonly string[] | undefined {
  if (!name.endsWith('*')) return [`${name}=${quotedIfNeeded(value)}`]
  const [, charset = '', language = '', encoded] = extended.exec(value) ?? []
  if (encoded === undefined) return undefined
  const octets = encoded.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)))
  const text = decodeText(Buffer.from(octets, 'latin1'), charset === '' ? 'utf-8' : charset)
  if (text === undefined) return undefined
  const base = name.slice(0, -1)
  const pieces = Array.from(text, (character) =>
    percentEncoded(encodeText(character, target.charset, target.replacement)),
  )
  const lines: string[] = []
  let line = `${target.charset}'${language}'`
  for (const piece of pieces) {
    if (base.length + line.length + piece.length > maxLineLength - ' *00*=;'.length && line !== '') {
      lines.push(line)
      line = ''
    }
    line += piece
  }
  if (lines.length === 0) return [`${base}*=${line}`]
  return [...lines, line].map((content, place) => `${base}*${place}*=${content}`)
}

function percentEncoded(octets: Buffer): string {
  return octets.toString('latin1').replace(/[^A-Za-z0-9!#$&+.^_`{|}~-]/g, (char) => '%' + hex(char))
}

function quotedIfNeeded(value: string): string {
  return /^[A-Za-z0-9!#$&+.^_`{|}~-]+$/.test(value) ? value : '"' + value.replace(/["\\]/g, '\\$&') + '"'
}
