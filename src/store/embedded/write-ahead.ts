import type { ComputedBytes } from './computed.ts'
import type { Database } from './database.ts'
import type { LateIndexing } from './late-indexing.ts'
import type { StoredThreads } from './thread-index.ts'

/** Octets computed from messages that are written in one go. */
const batchBytes = 512 * 1024
/** Message-IDs that are written in one go. */
const batchThreads = 500

/** Octets of messages that an image may index in one go. */
const maxLateOctets = 512 * 1024
/** As many messages, however small. */
const maxLateMessages = 50

/**
 * Indexes what waits for it and writes what was computed. It never changes, so it can go ahead of the image of a
 * checkpoint, in pieces that hold up nobody. Little is left for the image, unless more comes meanwhile.
 */
export async function writeAhead(
  parts: { readonly computed: ComputedBytes; readonly database: Database; readonly threads: StoredThreads },
  late: LateIndexing,
): Promise<void> {
  const { computed, database, threads } = parts
  await late.settle()
  while (computed.waitingBytes > batchBytes || threads.waiting > batchThreads) {
    const after: (() => void)[] = []
    database.transaction(() => {
      after.push(computed.write(batchBytes), threads.write(batchThreads))
    })
    for (const call of after) call()
    await new Promise((resolve) => setImmediate(resolve))
    await late.settle() // what came in that turn, which else the next piece would index in one go
  }
}

/** Whether so much came since that an image of it all would hold up others. */
export function cameMuch({ lateMessages, lateOctets }: Pick<ComputedBytes, 'lateMessages' | 'lateOctets'>): boolean {
  return lateOctets > maxLateOctets || lateMessages > maxLateMessages
}
