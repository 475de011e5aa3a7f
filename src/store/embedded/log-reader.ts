import { crc32 } from 'node:zlib'
import type { DiskFile } from './disk.ts'
import type { LogPosition } from './log-writer.ts'
import type { RecordHeader } from './record.ts'
import { decodeRecordHeader, markBytes, recordBytes, recordHeaderBytes, segmentHeaderBytes } from './record.ts'
import type { Segments } from './segments.ts'

/** A record of the log, whole and in its place. */
export interface LogRecord {
  readonly kind: 'record'
  readonly segment: number
  readonly offset: number
  readonly header: RecordHeader
  /** Valid until the next record is asked for. */
  readonly payload: Buffer
}

/** Records that were durable once and cannot be read any more. */
export interface LostRecords {
  readonly kind: 'lost'
  readonly segment: number
  readonly offset: number
  /** The numbers of the lost records, both included. */
  readonly first: number
  readonly last: number
  /** The header of the one lost record, where only its payload is damaged. */
  readonly header: RecordHeader | undefined
}

/** Where the log ends. */
export interface LogEnd {
  readonly kind: 'end'
  readonly position: LogPosition
  /** Whether nothing but zeros stands behind the end, so that it can be written on. */
  readonly clean: boolean
}

/** Octets read at once. */
const windowBytes = 256 * 1024

/** A file seen through a window that moves forward. */
class FileWindow {
  readonly #file: DiskFile
  readonly size: number
  #start = 0
  #bytes: Buffer = Buffer.alloc(0)

  constructor(file: DiskFile) {
    this.#file = file
    this.size = file.size()
  }

  /** `length` octets from `at` on, or as many as there are. */
  view(at: number, length: number): Buffer {
    if (at < this.#start || at + length > this.#start + this.#bytes.length) {
      const wanted = Math.max(0, Math.min(Math.max(length, windowBytes), this.size - at))
      const fresh = Buffer.allocUnsafe(wanted)
      this.#bytes = fresh.subarray(0, this.#file.read(fresh, at))
      this.#start = at
    }
    return this.#bytes.subarray(at - this.#start, at - this.#start + length)
  }
}

/** A record found in a file, whether or not its payload is as it was written. */
export interface FoundRecord {
  readonly offset: number
  readonly header: RecordHeader
  /** Undefined when it is damaged. */
  readonly payload: Buffer | undefined
}

/**
 * All records of one file from `from` on that have a whole header, whatever lies between them.
 */
export function* recordsOf(file: DiskFile, mark: Buffer, from: number): Generator<FoundRecord> {
  const window = new FileWindow(file)
  let at = from
  while (at + recordHeaderBytes <= window.size) {
    const header = decodeRecordHeader(mark, window.view(at, recordHeaderBytes), 0)
    if (!header) {
      const next = nextMark(window, mark, at + 1)
      if (next === undefined) return
      at = next
      continue
    }
    const payload = window.view(at + recordHeaderBytes, header.length)
    const whole = payload.length === header.length && crc32(payload) === header.payloadCrc
    yield { offset: at, header, payload: whole ? payload : undefined }
    // Behind a damaged payload every place is looked at: the length may lead past records written later.
    at += whole ? recordBytes(header.length) : recordHeaderBytes
  }
}

/** The next place at or behind `from` where a record may start. */
function nextMark(window: FileWindow, mark: Buffer, from: number): number | undefined {
  for (let at = from; at < window.size;) {
    const bytes = window.view(at, Math.min(windowBytes, window.size - at))
    const found = bytes.indexOf(mark)
    if (found !== -1) return at + found
    if (bytes.length < markBytes) return undefined
    at += bytes.length - markBytes + 1
  }
  return undefined
}

/** Whether a file holds only zeros from `from` on. */
export function zerosFrom(file: DiskFile, from: number): boolean {
  const window = new FileWindow(file)
  for (let at = from; at < window.size;) {
    const bytes = window.view(at, windowBytes)
    if (bytes.length === 0) return true
    if (!allZero(bytes)) return false
    at += bytes.length
  }
  return true
}

function allZero(bytes: Buffer): boolean {
  // Comparing a buffer with itself shifted by one octet is quick and right when the first octet is zero.
  return bytes[0] === 0 && bytes.compare(bytes, 1, bytes.length, 0, bytes.length - 1) === 0
}

interface Segment {
  readonly number: number
  /** Records with this number or a higher one do not count. */
  readonly below: number
}

/**
 * Reads the log from `from` on: its records in order, what is lost of it, and at last where it ends.
 *
 * A record is *lost* when it was durable, which a later record says of it; what is merely missing at the end was never
 * acknowledged (or only as far as the loss of power allows, for flags) and ends the log.
 */
export function* readLog(
  segments: Segments,
  mark: Buffer,
  from: LogPosition,
): Generator<LogRecord | LostRecords, LogEnd> {
  const parts = partsOf(segments, from)
  let { segment, offset } = from
  let sequence = from.sequence
  let damaged: FoundRecord | undefined
  for (const found of recordsIn(parts, segments, mark, from)) {
    const { header } = found
    if (header.sequence <= sequence) continue
    if (found.payload === undefined) {
      if (header.sequence === sequence + 1) damaged ??= found
      continue
    }
    if (header.sequence > sequence + 1) {
      if (!wasDurable(parts, segments, mark, found, sequence + 1)) break
      const last = header.sequence - 1
      const header1 = last === sequence + 1 ? damaged?.header : undefined
      yield { kind: 'lost', segment, offset, first: sequence + 1, last, header: header1 }
    }
    damaged = undefined
    yield { kind: 'record', segment: found.segment, offset: found.offset, header, payload: found.payload }
    sequence = header.sequence
    segment = found.segment
    offset = found.offset + recordBytes(header.length)
  }
  const isLast = segment === parts.at(-1)?.number
  const clean = isLast && zerosFrom(segments.file(segment), offset)
  return { kind: 'end', position: { segment, offset, sequence }, clean }
}

function partsOf(segments: Segments, from: LogPosition): Segment[] {
  const numbers = segments.logs.filter((number) => number >= from.segment)
  let below = Infinity
  const parts: Segment[] = []
  for (const number of numbers.toReversed()) {
    parts.unshift({ number, below })
    below = Math.min(below, segments.header(number)?.firstSequence ?? Infinity)
  }
  return parts
}

function* recordsIn(
  parts: readonly Segment[],
  segments: Segments,
  mark: Buffer,
  from: Pick<LogPosition, 'segment' | 'offset'>,
): Generator<FoundRecord & { readonly segment: number }> {
  for (const { number, below } of parts) {
    const start = number === from.segment ? from.offset : segmentHeaderBytes
    for (const found of recordsOf(segments.file(number), mark, Math.max(start, segmentHeaderBytes))) {
      if (found.header.sequence < below && found.header.sequence > 0) yield { segment: number, ...found }
    }
  }
}

/** Whether `found` or any record behind it says that the record with the number `sequence` was durable. */
function wasDurable(
  parts: readonly Segment[],
  segments: Segments,
  mark: Buffer,
  found: { readonly segment: number; readonly offset: number },
  sequence: number,
): boolean {
  const rest = parts.filter(({ number }) => number >= found.segment)
  for (const { header } of recordsIn(rest, segments, mark, found)) {
    if (header.durable >= sequence) return true
  }
  return false
}
