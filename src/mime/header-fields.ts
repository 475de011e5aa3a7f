/** Header blocks (RFC 5322 §2.2): fields with their offsets, and the subset FETCH asks for. */

/** One field of a header, as offsets into its block. */
export interface HeaderField {
  /** The name in lower case, without the blanks that obsolete syntax allows before the colon (RFC 5322 §4.5.8). */
  readonly name: string
  /** Where the field's first line starts. */
  readonly start: number
  /** Where the value starts, behind the colon. */
  readonly valueStart: number
  /** Where the next line that is no continuation starts: the line end is part of the field. */
  readonly end: number
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
const space = 0x20
const tab = 0x09
const colon = 0x3a

/**
 * The end of the field that starts at `start`, behind its last line end: lines that begin with a blank belong to the
 * line before (RFC 5322 §2.2.3).
 */
function fieldEnd(header: Uint8Array, start: number): number {
  let at = start
  do {
    const newline = header.indexOf(lineFeed, at)
    if (newline === -1) return header.length
    at = newline + 1
  } while (header[at] === space || header[at] === tab)
  return at
}

/** Whether an empty line, which ends the header, is at `at`. */
function isEmptyLine(header: Uint8Array, at: number): boolean {
  return header[at] === lineFeed || (header[at] === carriageReturn && header[at + 1] === lineFeed)
}

/** Where the name of the field at `start` ends; -1 when the line is no field (RFC 5322 §3.6.8 ftext). */
function nameEnd(header: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && header[at]! > space && header[at]! < 0x7f && header[at] !== colon) at++
  const name = at
  while (header[at] === space || header[at] === tab) at++
  return name > start && at < end && header[at] === colon ? name : -1
}

/** The fields of a header block in their order; lines that are no fields are passed over. */
export function* headerFields(header: Buffer): Generator<HeaderField> {
  for (let start = 0; start < header.length && !isEmptyLine(header, start);) {
    const end = fieldEnd(header, start)
    const stop = nameEnd(header, start, end)
    if (stop !== -1) {
      const name = header.toString('latin1', start, stop).toLowerCase()
      yield { name, start, valueStart: header.indexOf(colon, stop) + 1, end }
    }
    start = end
  }
}

/**
 * The octets of a field's value, unfolded (RFC 5322 §2.2.3) and without blanks around them, one per char.
 */
export function fieldValue(header: Buffer, field: HeaderField): string {
  return unfold(header.toString('latin1', field.valueStart, field.end))
}

/** A field value on one line: line ends are taken away, the blanks behind them stay (RFC 5322 §2.2.3). */
export function unfold(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isBlank(value.charCodeAt(start))) start++
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--
  const trimmed = value.slice(start, end)
  return trimmed.includes('\n') ? trimmed.replace(/\r?\n/g, '') : trimmed
}

function isBlank(char: number): boolean {
  return char === space || char === tab || char === carriageReturn || char === lineFeed
}

/**
 * The fields of `header` whose names are among `names` (any case), or with `except` those whose names are not, octet
 * for octet and in their order, and behind them always an empty line: HEADER.FIELDS and HEADER.FIELDS.NOT
 * (RFC 9051 §6.4.5.1).
 */
export function selectFields(header: Buffer, names: readonly string[], except: boolean): Buffer {
  return Buffer.from(fieldSelector(names, except)(header.toString('latin1')), 'latin1')
}

/** {@link selectFields} for many headers, of which it takes and gives text with one char per octet. */
export function fieldSelector(names: readonly string[], except: boolean): (header: string) => string {
  // What is no name of a field names none, so that a line that is no field never matches.
  const wanted = new Set(names.filter((name) => /^[!-9;-~]+$/.test(name)).map((name) => name.toLowerCase()))
  /** 1 for each length of a wanted name: most other fields are told by that alone. */
  const lengths = new Uint8Array(Math.max(0, ...[...wanted].map((name) => name.length)) + 1)
  for (const { length } of wanted) lengths[length] = 1

  const isWanted = (header: string, start: number, colon: number): boolean => {
    let end = colon
    while (end > start && isBlankOfLine(header.charCodeAt(end - 1))) end--
    return lengths[end - start] === 1 && wanted.has(header.slice(start, end).toLowerCase())
  }

  // Hot: once per message of FETCH (BODY[HEADER.FIELDS (..)]); bench/fetch.
  return (header) => {
    let selected = ''
    let runStart = 0
    let runEnd = 0
    let colonAt = -1
    for (let start = 0, end = 0; start < header.length && !emptyLineAt(header, start); start = end) {
      end = fieldEndIn(header, start)
      if (colonAt < start) {
        // Looked for once, however many lines have none.
        const found = header.indexOf(':', start)
        colonAt = found === -1 ? header.length : found
      }
      const named = colonAt < end && isWanted(header, start, colonAt)
      if (named === except) continue
      if (start !== runEnd) {
        selected += header.slice(runStart, runEnd)
        runStart = start
      }
      runEnd = end
    }
    selected += header.slice(runStart, runEnd)
    return selected + (runEnd > runStart && header.charCodeAt(runEnd - 1) !== lineFeed ? '\r\n\r\n' : '\r\n')
  }
}

function isBlankOfLine(char: number): boolean {
  return char === space || char === tab
}

/** {@link headerFields} of a header that is text, one char per octet: each handed to `take`. */
export function eachField(header: string, take: (field: HeaderField) => void): void {
  for (let start = 0; start < header.length && !emptyLineAt(header, start);) {
    const end = fieldEndIn(header, start)
    const stop = nameEndIn(header, start, end)
    if (stop !== -1) {
      const name = header.slice(start, stop).toLowerCase()
      take({ name, start, valueStart: header.indexOf(':', stop) + 1, end })
    }
    start = end
  }
}

/** {@link nameEnd} in text. */
function nameEndIn(header: string, start: number, end: number): number {
  let at = start
  for (let char = header.charCodeAt(at); at < end && char > space && char < 0x7f && char !== colon;) {
    char = header.charCodeAt(++at)
  }
  const name = at
  while (isBlankOfLine(header.charCodeAt(at))) at++
  return name > start && at < end && header.charCodeAt(at) === colon ? name : -1
}

/** {@link isEmptyLine} in text. */
function emptyLineAt(header: string, at: number): boolean {
  const char = header.charCodeAt(at)
  return char === lineFeed || (char === carriageReturn && header.charCodeAt(at + 1) === lineFeed)
}

/** {@link fieldEnd} in text. */
function fieldEndIn(header: string, start: number): number {
  let at = start
  do {
    const newline = header.indexOf('\n', at)
    if (newline === -1) return header.length
    at = newline + 1
  } while (isBlankOfLine(header.charCodeAt(at)))
  return at
}
