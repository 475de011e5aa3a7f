/**
 * Searches and keys by another collation than i;unicode-casemap (RFC 5255 §4.6), by which all is kept that makes searches
 * fast. The others tell more texts apart: what they find is among what it finds, and is read to see.
 */
import type { Collation } from '../mime/collations.ts'
import { writeEnvelope } from '../mime/envelope.ts'
import { encodeKeys } from '../mime/keys.ts'
import { maxHeaderOctets } from '../mime/limits.ts'
import { readFields } from '../mime/message-fields.ts'
import { keysOf } from '../mime/message-keys.ts'
import { decodeParts } from '../mime/parts.ts'
import { type PackedBytes, StoreFailure } from '../store/store.ts'
import type { SearchKey } from '../wire/search-grammar.ts'
import type { SearchContext, SearchScope } from './context.ts'
import type { Verdict } from './expression.ts'
import { all, loosened } from './loosened.ts'
import { MessageReader, scanMessage, sortNeedles } from './message-text.ts'
import { needleOf } from './needle.ts'
import { uidRanges } from './row-ranges.ts'
import { search } from './search.ts'

/** The search with the messages that each text matches by the collation in its place; only what may matter is read. */
export async function collated(key: SearchKey, collation: Collation, context: SearchContext): Promise<SearchKey> {
  const { uids } = context.snapshot
  const candidates = await search(loosened(key, asKept), context)
  const within: SearchKey = { key: 'UID', set: { saved: false, ranges: uidRanges(candidates, uids) } }
  const resolved = async (inner: SearchKey): Promise<SearchKey> => {
    if (inner.key === 'NOT') return { key: 'NOT', operand: await resolved(inner.operand) }
    if (inner.key === 'OR') return { key: 'OR', left: await resolved(inner.left), right: await resolved(inner.right) }
    if (inner.key === 'AND') {
      const operands: SearchKey[] = []
      for (const operand of inner.operands) operands.push(await resolved(operand))
      return { key: 'AND', operands }
    }
    // Fuzzy matching has nothing to do with collations (RFC 6203 §3).
    if (!('value' in inner)) return inner
    const rows = await search({ key: 'AND', operands: [within, inner] }, context)
    const matching = await confirmed(inner, rows, collation, context)
    return { key: 'UID', set: { saved: false, ranges: uidRanges(matching, uids) } }
  }
  return resolved(key)
}

/** A text by i;unicode-casemap finds as much; a fuzzy one is decided elsewhere. */
function asKept(key: SearchKey): SearchKey | undefined {
  return key.key === 'FUZZY' ? all : 'value' in key ? key : undefined
}

/** Those of the rows in which a text is found by the collation. */
async function confirmed(
  key: SearchKey,
  rows: Uint32Array,
  { prepare }: Collation,
  { account, snapshot, breathe, work }: SearchContext,
): Promise<Uint32Array> {
  const needle = needleOf(key, prepare)
  if (!needle || needle.text === '') return rows
  const needles = sortNeedles([needle])
  const reader = new MessageReader(account)
  const found: Verdict[] = [undefined]
  const isDecided = (): boolean => found[0] !== undefined
  const matching: number[] = []
  if (work) work.goal = rows.length
  for (const [n, row] of rows.entries()) {
    if (work) work.done = n
    const message = snapshot.messages[row]! // rows of the snapshot
    found[0] = undefined
    reader.open(message, snapshot.sizes[row]!)
    try {
      const { bytes, offsets } = await account.readComputed('parts', [message])
      const root = decodeParts(bytes.subarray(offsets[0], offsets[1]))
      await scanMessage({ root, reader, needles, found, isDecided, breathe, prepare })
    } catch (error) {
      if (!(error instanceof StoreFailure) || error.reason !== 'damaged') throw error // what cannot be read holds no text
    }
    if (found[0]) matching.push(row)
    const turn = breathe()
    if (turn) await turn
  }
  return Uint32Array.from(matching)
}

/** The keys of messages by a collation, as `readComputed('keys')` gives those that are kept. */
export async function collatedKeys(
  rows: Uint32Array,
  { prepare }: Collation,
  { account, snapshot, breathe }: SearchScope,
): Promise<PackedBytes> {
  const reader = new MessageReader(account)
  const all: Buffer[] = []
  const offsets = new Uint32Array(rows.length + 1)
  for (const [n, row] of rows.entries()) {
    const message = snapshot.messages[row]! // rows of the snapshot
    reader.open(message, snapshot.sizes[row]!)
    const header = await headerOf(reader, message, { account })
    const fields = readFields(header)
    const keys = encodeKeys(keysOf(fields, writeEnvelope(fields), prepare))
    all.push(keys)
    offsets[n + 1] = offsets[n]! + keys.length // one more than there are rows
    const turn = breathe()
    if (turn) await turn
  }
  return { bytes: Buffer.concat(all), offsets }
}

/** The header, one octet per char; that of a message that cannot be read is empty. */
async function headerOf(
  reader: MessageReader,
  message: number,
  { account }: Pick<SearchScope, 'account'>,
): Promise<string> {
  try {
    const { bytes, offsets } = await account.readComputed('parts', [message])
    const { headerStart, bodyStart } = decodeParts(bytes.subarray(offsets[0], offsets[1]))
    const octets = await reader.read(headerStart, Math.min(bodyStart, headerStart + maxHeaderOctets), false)
    return octets.toString('latin1')
  } catch (error) {
    if (!(error instanceof StoreFailure) || error.reason !== 'damaged') throw error
    return ''
  }
}
