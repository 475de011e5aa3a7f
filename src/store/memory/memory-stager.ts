import { defaultMaxMessageBytes } from '../../model/limits.ts'
import type { StagedMessage } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import { MessageIndexer } from '../../mime/indexer.ts'
import type { IndexedMessage } from '../../mime/message.ts'
import type { MessageStager } from '../store.ts'

/** A message as this engine keeps it. */
export interface MemoryMessage {
  readonly octets: Buffer
  readonly index: IndexedMessage
}

/** A staged message with what it will become. */
export interface MemoryStaged extends StagedMessage, MemoryMessage {}

/** The messages that {@link memoryStager} made, so that none of another engine's is taken for one. */
const made = new WeakMap<StagedMessage, MemoryStaged>()

/** The message behind a staged one; throws an error for one of another store or one that was released. */
export function stagedMessage(staged: StagedMessage): MemoryStaged {
  const message = made.get(staged)
  if (!message) throw new Error('this message was not staged here, or is used up')
  return message
}

/** A staged message belongs to one commit. */
export function useUp(staged: StagedMessage): void {
  made.delete(staged)
}

/** Gathers the octets of one message and indexes them. */
export function memoryStager(maxBytes: number = defaultMaxMessageBytes): MessageStager {
  const indexer = new MessageIndexer()
  let chunks: Buffer[] = []
  let size = 0
  return {
    write(chunk) {
      size += chunk.length
      if (size > maxBytes) {
        chunks = []
        throw new Refusal('TOOBIG', 'Message is too big')
      }
      const copy = Buffer.from(chunk)
      chunks.push(copy)
      indexer.write(copy)
      return undefined
    },
    finish() {
      const octets = Buffer.concat(chunks, size)
      chunks = []
      const staged: MemoryStaged = { size, octets, index: indexer.end(), release: () => useUp(staged) }
      made.set(staged, staged)
      return Promise.resolve(staged)
    },
    abort() {
      chunks = []
      return Promise.resolve()
    },
  }
}
