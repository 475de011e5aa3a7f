/** Needles by what the store knows of the text of its messages ahead of reading them. */
import type { TextFindings, TextPlace } from '../store/store.ts'
import type { SearchScope } from './context.ts'
import type { Bounds } from './expression.ts'
import type { Needle } from './needle.ts'
import { addRow, noRows } from './row-set.ts'

/** Needles of one search that the store is asked about: the results of each take memory. */
const maxAsked = 64

const placeOf: Record<Needle['where'], TextPlace> = { body: 'body', field: 'header', text: 'anywhere' }

/** In which rows each needle surely is, and in which it may be. A needle that the store cannot tell of has no bounds. */
export async function hintedBounds(
  needles: readonly Needle[],
  { account, snapshot, breathe }: SearchScope,
): Promise<ReadonlyMap<Needle, Bounds>> {
  const known = new Map<Needle, Bounds>()
  for (const needle of needles.slice(0, maxAsked)) {
    const findings = await account.findText?.(needle.text, placeOf[needle.where], breathe)
    if (!findings) continue
    const { surely, maybe } = boundsIn(snapshot.messages, findings)
    // What is in some header need not be in this field of the message's own.
    known.set(needle, needle.where === 'field' ? { surely: noRows(maybe.length), maybe } : { surely, maybe })
  }
  return known
}

function boundsIn(messages: Uint32Array, { end, surely, maybe }: TextFindings): Bounds {
  const rows = { surely: noRows(messages.length), maybe: noRows(messages.length) }
  for (let row = 0; row < messages.length; row++) {
    const message = messages[row]! // inside bounds, as the words: there are some for all messages below the end
    const word = message >>> 5
    const bit = 1 << (message & 31)
    if (message >= end || maybe[word]! & bit) addRow(rows.maybe, row)
    if (message < end && surely[word]! & bit) addRow(rows.surely, row)
  }
  return rows
}
