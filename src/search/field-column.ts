/** Header fields by the column of folded values that the store keeps: no message is read for most of them. */
import { commonFields, fieldsMark, keptFields } from '../mime/search-fields.ts'
import { computedBatches } from './batches.ts'
import type { SearchScope } from './context.ts'
import type { Bounds } from './expression.ts'
import { maxEasyCharacters, type Needle } from './needle.ts'
import { addRow, complement, noRows, type RowSet } from './row-set.ts'

/** Needles of one search that are looked for in the column: the results of each take memory. */
const maxProbes = 64

/** A needle in a field. */
export type FieldNeedle = Extract<Needle, { readonly where: 'field' }>

/** What to look for in the column, and what it means where it is found. */
interface Probe {
  readonly needle: FieldNeedle
  /** A field of another name than the kept ones: that it is there is all that the column knows. */
  readonly isKept: boolean
  /** The octets to look for. */
  readonly pattern: Buffer
  /** What the line of a hit starts with. */
  readonly lineStart: Buffer
  readonly surely: RowSet
  readonly maybe: RowSet
}

/**
 * In which of `rows` (ascending) each needle surely is, and in which it may be; nothing is said of other rows. A needle
 * of which the column knows nothing has no bounds.
 */
export async function fieldBounds(
  needles: readonly FieldNeedle[],
  rows: Uint32Array,
  scope: SearchScope,
): Promise<ReadonlyMap<FieldNeedle, Bounds>> {
  const { account, snapshot, breathe } = scope
  const { length } = snapshot.uids
  const probes = needles.slice(0, maxProbes).flatMap((needle) => probeOf(needle, length) ?? [])
  if (probes.length === 0) return new Map()
  const looked = noRows(length)
  for (const { batch, messages } of computedBatches(rows, snapshot)) {
    const { bytes, offsets } = await account.readComputed('fields', messages)
    for (let n = 0; n < batch.length; n++) addRow(looked, batch[n]!) // inside bounds
    for (const probe of probes) {
      const column = { bytes, offsets, rows: batch }
      noteUnknown(column, probe)
      scanColumn(column, probe)
      const turn = breathe()
      if (turn) await turn
    }
  }
  const elsewhere = complement(looked)
  return new Map(
    probes.map(({ needle, surely, maybe }) => {
      maybe.words.forEach((word, at) => (maybe.words[at] = word | surely.words[at]! | elsewhere.words[at]!)) // of one length
      return [needle, { surely, maybe }]
    }),
  )
}

function probeOf(needle: FieldNeedle, length: number): Probe | undefined {
  const { field, text } = needle
  const rowSets = { surely: noRows(length), maybe: noRows(length) }
  // What is no name of a field (RFC 5322 §3.6.8) names none, and unfolded values have no line ends.
  const isName = /^[!-9;-~]+$/.test(field)
  const isKept = keptFields.has(field)
  const lineStart = Buffer.from(isKept ? `${field}:` : `${field}\n`)
  if (!isName || text.includes('\n')) return { needle, isKept: false, pattern: nowhere, lineStart, ...rowSets }
  if (commonFields.has(field)) return undefined
  if (!isKept) return { needle, isKept, pattern: Buffer.from(`\n${field}\n`), lineStart, ...rowSets }
  // What column and text do not hold alike is looked for in the messages; so is what takes long to look for.
  if (!text.isWellFormed() || text.length > maxEasyCharacters) return undefined
  const pattern = text === '' ? Buffer.from(`\n${field}:`) : Buffer.from(text)
  return { needle, isKept, pattern, lineStart, ...rowSets }
}

/** The fields of some messages, one behind the other, and the rows that they belong to. */
interface Column {
  readonly bytes: Buffer
  readonly offsets: Uint32Array
  readonly rows: Uint32Array
}

/** Notes the rows of which the column does not hold all that matters. */
function noteUnknown({ bytes, offsets, rows }: Column, { isKept, maybe }: Probe): void {
  for (let n = 0; n < rows.length; n++) {
    const start = offsets[n]! // inside bounds, as all here
    const isUnknown = start === offsets[n + 1] || (isKept && bytes[start] !== fieldsMark.complete)
    if (isUnknown) addRow(maybe, rows[n]!)
  }
}

/**
 * Hot: looks for a needle in the fields of many messages at once, and only then at whose field it was found in;
 * bench/search.
 */
function scanColumn({ bytes, offsets, rows }: Column, { isKept, pattern, lineStart, surely, maybe }: Probe): void {
  const found = isKept ? surely : maybe
  const startsWithLine = pattern[0] === lineFeed
  let n = 0
  for (let hit = bytes.indexOf(pattern); hit !== -1;) {
    while (offsets[n + 1]! <= hit) n++ // every octet belongs to one of the messages
    const line = startsWithLine ? hit + 1 : bytes.lastIndexOf(lineFeed, hit) + 1
    const isThere =
      hit + pattern.length <= offsets[n + 1]! && bytes.compare(lineStart, 0, lineStart.length, line, Math.min(line + lineStart.length, bytes.length)) === 0 // prettier-ignore
    let next: number
    if (isThere && (startsWithLine || hit >= line + lineStart.length)) {
      addRow(found, rows[n]!)
      next = offsets[n + 1]!
    } else {
      // Nothing else in this line counts, but a hit in the field's name may hide one behind it.
      next = isThere ? hit + 1 : bytes.indexOf(lineFeed, hit + 1)
    }
    if (next === -1) return
    hit = bytes.indexOf(pattern, next)
  }
}

const lineFeed = 0x0a
/** An octet that UTF-8 does not have. */
const nowhere = Buffer.of(0xff)
