import { fieldValue, headerFields } from '../mime/index.ts'
import type { FileWindow } from './file-window.ts'
import { readMarker } from './mbox-marker.ts'
import type { MboxMarker } from './mbox-marker.ts'
import type { MboxKind } from './source.ts'

/** A message in an mbox file, by where it lies. */
export interface MboxExtent {
  /** The line that starts it, without its end. */
  readonly fromLine: string
  /** The message's own octets, from and to. */
  readonly start: number
  readonly end: number
  readonly marker: MboxMarker | undefined
  /** Fields that the file format has given a meaning to, in lower case, the first of each name. */
  readonly fields: ReadonlyMap<string, string>
}

/** Octets of a `From ` line, at most. */
const maxFromLineBytes = 1024
/** Octets of a header that are looked at for flags and the like. */
const maxHeaderBytes = 256 * 1024

const wantedFields = new Set([
  'content-length',
  'date',
  'status',
  'subject',
  'x-imap',
  'x-imapbase',
  'x-keywords',
  'x-mozilla-status',
  'x-status',
  'x-uid',
])

/**
 * A line that starts a message: a day of the week or a month, and a time, somewhere behind `From `. Bodies have lines with
 * `From ` too, and not all programs quote them.
 */
const fromLine = /^From .*\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b.*\d:\d\d/

/** Whether a file that starts so is an mbox. */
export function looksLikeMbox(start: Buffer): boolean {
  return start.toString('latin1', 0, 5) === 'From '
}

/** All messages of the file, in order. Content-Length counts where `kind` has it and where it leads to another message. */
export async function* scanMbox(file: FileWindow, kind: MboxKind): AsyncGenerator<MboxExtent> {
  for (let at = await skipLineEnds(file, 0); at < file.size;) {
    const line = await lineAt(file, at)
    const headerStart = at + line.octets
    const header = await headerAt(file, headerStart)
    const bodyStart = headerStart + header.length
    const marked = readMarker(header)
    // Behind a marker only what the export added counts: the message's own fields may be from an older file.
    const fields = fieldsOf(header.subarray(0, marked?.octets ?? header.length))
    const start = headerStart + (marked?.octets ?? 0)
    const counted =
      marked === undefined
        ? kind === 'mboxcl' || kind === 'mboxcl2'
          ? bodyStart + Number(fields.get('content-length') ?? NaN)
          : NaN
        : start + marked.marker.length
    const next = await nextAfter(file, counted)
    if (next !== undefined) {
      yield { fromLine: line.text, start, end: counted, marker: marked?.marker, fields }
      at = next
    } else {
      const found = await nextSeparator(file, headerStart)
      yield { fromLine: line.text, start: headerStart, end: found.end, marker: undefined, fields }
      at = found.next
    }
  }
}

/**
 * Which kind a file is: its start is looked at. Where nothing tells `mboxo` from `mboxrd` it is the latter, which reads
 * `>From ` alike.
 */
export async function detectMboxKind(file: FileWindow): Promise<MboxKind> {
  let counted = 0
  let bare = 0
  let quoted = 0
  for await (const extent of scanMbox(file, 'mboxcl2')) {
    if (extent.start > detectBytes) break
    if (extent.marker) {
      // What an export of ours says of each message goes before the kind of the file.
      return 'mboxrd'
    }
    if (!extent.fields.has('content-length')) continue
    counted++
    const text = (await file.bytes(extent.start, Math.min(extent.end - extent.start, detectBytes))).toString('latin1')
    if (text.includes('\nFrom ')) bare++
    if (text.includes('\n>From ')) quoted++
  }
  if (counted === 0) return 'mboxrd'
  return quoted > 0 && bare === 0 ? 'mboxcl' : 'mboxcl2'
}

/** Octets that are looked at to find the kind of a file. */
const detectBytes = 4 * 1024 * 1024

/** Where the message behind octet `end` starts, if `end` is where a message can end: before a `From ` line, or at the end. */
async function nextAfter(file: FileWindow, end: number): Promise<number | undefined> {
  if (!Number.isSafeInteger(end) || end > file.size) return undefined
  const next = await skipLineEnds(file, end)
  if (next === file.size) return next
  const text = (await file.bytes(next, 5)).toString('latin1')
  return next > end && text === 'From ' ? next : undefined
}

/** The end of a message whose length nobody told: at a `From ` line behind an empty line, which belongs to neither. */
async function nextSeparator(file: FileWindow, from: number): Promise<{ end: number; next: number }> {
  // The header may be empty: then the line end that the search needs is that of the `From ` line itself.
  for (let at = from - 1; ;) {
    const found = await file.find('\nFrom ', at)
    if (found === -1) break
    const before = (await file.bytes(Math.max(0, found - 2), Math.min(2, found))).toString('latin1')
    const emptyLine = before.endsWith('\n') ? 1 : before === '\n\r' ? 2 : 0
    const { text } = await lineAt(file, found + 1)
    if ((emptyLine > 0 || found < from) && fromLine.test(text)) {
      return { end: Math.max(from, found - emptyLine + 1), next: found + 1 }
    }
    at = found + 1
  }
  const tail = (await file.bytes(Math.max(from, file.size - 4), 4)).toString('latin1')
  const emptyLine = tail.endsWith('\n\r\n') ? 2 : tail.endsWith('\n\n') ? 1 : 0
  return { end: file.size - emptyLine, next: file.size }
}

async function lineAt(file: FileWindow, at: number): Promise<{ text: string; octets: number }> {
  const text = (await file.bytes(at, maxFromLineBytes)).toString('latin1')
  const end = text.indexOf('\n')
  if (end === -1) return { text, octets: text.length }
  return { text: text.slice(0, text[end - 1] === '\r' ? end - 1 : end), octets: end + 1 }
}

async function skipLineEnds(file: FileWindow, at: number): Promise<number> {
  const text = (await file.bytes(at, 4)).toString('latin1')
  const [lineEnds = ''] = /^(?:\r?\n){0,2}/.exec(text) ?? []
  return at + lineEnds.length
}

/** A header with the empty line behind it, or as much as is looked at of one that has no end. */
async function headerAt(file: FileWindow, at: number): Promise<Buffer> {
  for (let length = 16 * 1024; ; length *= 4) {
    const octets = await file.bytes(at, length)
    const end = headerEnd(octets)
    if (end !== -1) return octets.subarray(0, end)
    if (length >= maxHeaderBytes || octets.length < length) return octets
  }
}

/** Where a header with its empty line ends; -1 when it has none. */
function headerEnd(header: Buffer): number {
  if (header[0] === 0x0a) return 1
  const bare = header.indexOf('\n\n', 0, 'latin1')
  const full = header.indexOf('\n\r\n', 0, 'latin1')
  if (bare !== -1 && (full === -1 || bare < full)) return bare + 2
  return full === -1 ? -1 : full + 3
}

function fieldsOf(header: Buffer): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const field of headerFields(header)) {
    if (wantedFields.has(field.name) && !fields.has(field.name)) fields.set(field.name, fieldValue(header, field))
  }
  return fields
}
