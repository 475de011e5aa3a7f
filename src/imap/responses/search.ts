import type { ThreadForest } from '../../search/thread.ts'
import { formatResultRange, placesOf } from '../../wire/result-range.ts'
import type { SearchReturns } from '../../wire/search-returns.ts'
import { maxDecimalDigits, writeDecimals } from '../../wire/decimal.ts'
import { quoted } from '../../wire/strings.ts'
import type { ResponseWriter } from '../../wire/response-writer.ts'
import type { SessionIo } from '../session.ts'

/** Numbers that are gathered before the client has a chance to read. */
const sliceNumbers = 8_192

/** Where results go: long ones piece by piece, as the client reads. */
export interface ResultOutput {
  readonly out: ResponseWriter
  readonly io: Pick<SessionIo, 'settled'>
}

/** What a search found, as it is told. */
export interface Found {
  /** Sequence numbers or UIDs, in the order they are to be told in. */
  readonly numbers: Uint32Array
  /** The highest mod-sequence of the messages told, where the client asked by mod-sequence and any was found. */
  readonly modSeq: number | undefined
  /** For each of the numbers, how relevant the message is, 1 to 100 (RFC 6203 §4). */
  readonly relevancy?: Uint32Array | undefined
}

/** SEARCH and SORT responses: RFC 3501 §7.2.5, RFC 5256 §4, RFC 7162 §3.1.6. */
export async function writeNumbers(
  session: ResultOutput,
  name: 'SEARCH' | 'SORT',
  { numbers, modSeq }: Found,
): Promise<void> {
  const { out } = session
  out.text('* ' + name)
  for (let start = 0; start < numbers.length; start += sliceNumbers) {
    out.bytes(scratch, 0, writeDecimals(scratch, 0, numbers.subarray(start, start + sliceNumbers)))
    if (out.full) await session.io.settled()
  }
  out.line(modSeq === undefined ? '' : ` (MODSEQ ${modSeq})`)
}

/** Where numbers are written before they are copied, which they are at once: the same memory for everybody. */
const scratch = Buffer.allocUnsafeSlow(sliceNumbers * (maxDecimalDigits + 1))

/** Which search an ESEARCH response answers, and how. */
export interface EsearchForm {
  readonly tag: string
  readonly byUid: boolean
  /** Where more than the selected mailbox is searched (RFC 7377 §2.1); its name as it goes out. */
  readonly mailbox?: { readonly text: string; readonly uidValidity: number }
}

/**
 * The ESEARCH response (RFC 9051 §7.3.4): of a search by `tag` what `returns` asks for (RFC 4731 §3.1), a page of it as
 * RFC 9394 §3.1 says.
 */
export async function writeEsearch(
  session: ResultOutput,
  { tag, byUid, mailbox }: EsearchForm,
  { options, partial }: SearchReturns,
  { numbers, modSeq, relevancy }: Found,
): Promise<void> {
  const { out } = session
  const where = mailbox ? ` MAILBOX ${mailbox.text} UIDVALIDITY ${mailbox.uidValidity}` : ''
  out.text(`* ESEARCH (TAG ${quoted(tag)}${where})${byUid ? ' UID' : ''}`)
  const [first] = numbers
  if (first !== undefined && options.has('MIN')) out.text(' MIN ' + first)
  if (first !== undefined && options.has('MAX')) out.text(' MAX ' + numbers.at(-1))
  if (options.has('COUNT')) out.text(' COUNT ' + numbers.length)
  if (first !== undefined && options.has('ALL')) {
    out.text(' ALL ')
    await writeSet(session, numbers)
  }
  if (partial) {
    const { start, end } = placesOf(partial, numbers.length)
    out.text(` PARTIAL (${formatResultRange(partial)} ${start < end ? '' : 'NIL'}`)
    await writeSet(session, numbers.subarray(start, end))
    out.text(')')
  }
  if (relevancy && options.has('RELEVANCY')) {
    // Of the same messages, in the same order, as ALL or PARTIAL (RFC 6203 §4).
    const { start, end } = partial ? placesOf(partial, numbers.length) : { start: 0, end: numbers.length }
    out.text(` RELEVANCY (${relevancy.subarray(start, end).join(' ')})`)
  }
  out.line(modSeq === undefined ? '' : ` MODSEQ ${modSeq}`)
}

/** Results that stand one behind the other, from a place on: the first is 1, and 0 where the order is the mailbox's. */
export interface Placed {
  readonly place: number
  readonly uids: readonly number[]
}

/** ESEARCH with what left the results of a search, and what came to them (RFC 5267 §4.3.3, §4.3.4). */
export async function writeResultChange(
  session: ResultOutput,
  { tag, byUid }: EsearchForm,
  change: {
    readonly removed: readonly Placed[]
    readonly added: readonly Placed[]
    readonly numberOf: (uid: number) => number
  },
): Promise<void> {
  const { out } = session
  const write = async (name: string, placed: readonly Placed[]): Promise<void> => {
    let separator = ` ${name} (`
    for (const { place, uids } of placed) {
      out.text(separator + place + ' ')
      await writeSet(session, Uint32Array.from(uids, change.numberOf))
      separator = ' '
    }
    if (placed.length > 0) out.text(')')
  }
  out.text(`* ESEARCH (TAG ${quoted(tag)})${byUid ? ' UID' : ''}`)
  await write('REMOVEFROM', change.removed)
  await write('ADDTO', change.added)
  out.line('')
}

/** Numbers in their order as a set; only what ascends one by one becomes a range (RFC 5267 §3.2). */
async function writeSet(session: ResultOutput, numbers: Uint32Array): Promise<void> {
  const { out } = session
  for (let at = 0, written = 0; at < numbers.length; written++) {
    const first = numbers[at]! // inside bounds, as all numbers here
    let last = first
    for (at++; at < numbers.length && numbers[at] === last + 1; at++) last++
    out.text((written > 0 ? ',' : '') + (first === last ? first : first + ':' + last))
    if (out.full) await session.io.settled()
  }
}

/** The THREAD response (RFC 5256 §4); `numberOf` gives what a row is called. */
export async function writeThreads(
  session: ResultOutput,
  { rows, firstChild, nextSibling, first }: ThreadForest,
  numberOf: (row: number) => number,
): Promise<void> {
  const { out } = session
  out.text(first < 0 ? '* THREAD' : '* THREAD ')
  /** Lists to be written, the next one last; -1 closes the list that the ones above it are in. */
  const waiting = first < 0 ? [] : [first]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node < 0) {
      out.text(')')
      continue
    }
    const sibling = nextSibling[node]! // nodes are inside bounds
    if (sibling >= 0) waiting.push(sibling)
    let text = '('
    let member = node
    for (;;) {
      const row = rows[member]!
      if (row >= 0) text += (text === '(' ? '' : ' ') + numberOf(row)
      const child = firstChild[member]!
      if (child >= 0 && nextSibling[child]! < 0) {
        member = child // successive parents and children need no parentheses
        continue
      }
      out.text(child < 0 ? text + ')' : text + (text === '(' ? '' : ' '))
      if (child >= 0) waiting.push(-1, child)
      break
    }
    if (out.full) await session.io.settled()
  }
  out.line('')
}
