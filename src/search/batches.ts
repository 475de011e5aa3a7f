import type { MailboxSnapshot } from '../model/snapshot.ts'

/**
 * Messages whose numbers agree but for this many low bits are kept side by side: where a batch goes no further, what it
 * asks for need not be copied.
 */
const runBits = 8
const maxBatch = 1 << runBits
/** A batch of fewer is not worth the saving: it takes in messages of the next runs. */
const fewMessages = 64

/** Some rows, and the numbers of their messages. */
export interface Batch {
  readonly batch: Uint32Array
  readonly messages: Uint32Array
}

/** Rows (ascending, each once) in pieces for which the store is asked at once what it has computed. */
export function* computedBatches(rows: Uint32Array, { messages }: MailboxSnapshot): Generator<Batch> {
  for (let start = 0; start < rows.length;) {
    // Rows of the snapshot, all inside bounds.
    const run = messages[rows[start]!]! >>> runBits
    let end = start + 1
    while (end < rows.length && end - start < maxBatch && messages[rows[end]!]! >>> runBits === run) end++
    if (end - start < fewMessages) end = Math.min(rows.length, start + maxBatch)
    const batch = rows.subarray(start, end)
    const first = batch[0]!
    const isWhole = batch[batch.length - 1]! - first === batch.length - 1
    yield {
      batch,
      messages: isWhole ? messages.subarray(first, first + batch.length) : batch.map((row) => messages[row]!),
    }
    start = end
  }
}
