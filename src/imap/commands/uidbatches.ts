import { Refusal } from '../../model/refusal.ts'
import type { NumberRange } from '../../wire/number-set.ts'
import { quoted } from '../../wire/strings.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { defineCommand, type Command } from '../command.ts'
import type { SelectedMailbox } from '../state.ts'

/** Messages of the smallest batch that may be asked for (RFC 10022 §3.1.3.2). */
export const minBatchMessages = 500
/** Messages that the batches named in one command may span (RFC 10022 §3.1.5). */
export const maxSpannedMessages = 100_000

interface BatchesArgs {
  /** Messages in a batch. */
  readonly size: number
  /** Batches from the first to the last, counted from 1; all of them where it is absent. */
  readonly range: NumberRange | undefined
}

/** UIDBATCHES, RFC 10022 §3.1: UID ranges that hold as many messages each as the client wants, the newest first. */
export const uidBatches: Command<'selected', BatchesArgs> = defineCommand({
  name: 'UIDBATCHES',
  capability: 'UIDBATCHES',
  state: 'selected',

  parse(cursor) {
    cursor.space()
    const size = cursor.nzNumber('a number of messages')
    let range: NumberRange | undefined
    if (cursor.hasMore) {
      cursor.space()
      const first = cursor.nzNumber('a batch')
      cursor.char(':')
      range = [first, cursor.nzNumber('a batch')]
    }
    cursor.end()
    if (range && range[0] > range[1]) throw new BadSyntax('Batches are named upwards', 0, 'CLIENTBUG')
    return { size, range }
  },

  run(session, args, { tag }) {
    const { size, range } = args
    if (size < minBatchMessages) throw new Refusal('TOOFEW', `A batch has ${minBatchMessages} messages at least`)
    if (range && (range[1] - range[0] + 1) * size > maxSpannedMessages) {
      throw new Refusal('TOOMANY', `The batches asked for may span ${maxSpannedMessages} messages at most`)
    }
    refuseRepetition(session.selected, args)
    const { uids, snapshot } = session.selected.view
    const batches = batchesOf(uids, snapshot.uidNext, args)
    // A range of one UID is a range still (RFC 10022 §4).
    const ranges = batches.map(([high, low]) => `${high}:${low}`).join(',')
    session.out.line(`* UIDBATCHES (TAG ${quoted(tag)})${ranges && ' '}${ranges}`)
    return { text: 'UIDBATCHES completed' }
  },
})

/**
 * UID ranges of batches, from the highest UID down. They leave no gap between them, and the last one of the mailbox ends
 * with 1, by which a client knows it (RFC 10022 §3.1.4).
 */
export function batchesOf(uids: Uint32Array, uidNext: number, { size, range }: BatchesArgs): NumberRange[] {
  const count = Math.ceil(uids.length / size)
  const [first, last] = range ?? [1, count]
  /** The lowest UID of a batch; above the first one there are all that may have been given. */
  const lowest = (batch: number): number =>
    batch === 0 ? uidNext : batch >= count ? 1 : uids[uids.length - batch * size]! // inside bounds, as it is not the last
  const batches: NumberRange[] = []
  for (let batch = first; batch <= Math.min(last, count); batch++) {
    batches.push([lowest(batch - 1) - 1, lowest(batch)])
  }
  return batches
}

/** What was asked for last of a mailbox, and how it was then. */
interface Answered extends BatchesArgs {
  readonly exists: number
  readonly uidNext: number
}

const answered = new WeakMap<SelectedMailbox, Answered>()

/**
 * Refuses to say the same again before half a batch of messages came or went (RFC 10022 §3.1.1). Throws `Refusal`
 * (`LIMIT`). Other sizes and other batches may be asked for: that is how a client pages on (RFC 10022 §3.1.5).
 */
function refuseRepetition(selected: SelectedMailbox, { size, range }: BatchesArgs): void {
  const { exists, uids, snapshot } = selected.view
  const { uidNext } = snapshot
  const before = answered.get(selected)
  if (before && before.size === size && before.range?.[0] === range?.[0] && before.range?.[1] === range?.[1]) {
    let came = 0
    while (came < exists && uids[exists - 1 - came]! >= before.uidNext) came++ // inside bounds
    const went = before.exists - (exists - came)
    if (came <= size / 2 && went <= size / 2) throw new Refusal('LIMIT', 'The batches are still what they were')
  }
  answered.set(selected, { size, range, exists, uidNext })
}
