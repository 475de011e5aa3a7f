import { indexMessage } from '../../mime/indexer.ts'
import type { IndexedMessage } from '../../mime/message.ts'
import { maxThreadReferences } from '../state/planner.ts'
import { BytesReader, BytesWriter } from './bytes.ts'
import type { StoredThreads } from './thread-index.ts'

/** The Message-IDs by which a message belongs to its thread. */
export function threadNames({ messageId, references }: IndexedMessage['keys']): string[] {
  const names = references.slice(-maxThreadReferences)
  if (messageId !== undefined) names.push(messageId)
  return names
}

/**
 * The payload of a record that stands for a message that is gone: hashes of the Message-IDs it named, so that a rebuild
 * puts later messages into the thread that it was in.
 */
export function encodeDropped(threads: StoredThreads, octets: Buffer): Buffer {
  const names = threadNames(indexMessage(octets).keys)
  const out = new BytesWriter()
  out.number(names.length)
  for (const name of names) out.number(threads.hashOf(name))
  return out.finish()
}

/** Reads what {@link encodeDropped} wrote. Throws `RangeError` when it is something else. */
export function decodeDropped(payload: Buffer): number[] {
  const from = new BytesReader(payload)
  return Array.from({ length: Math.min(from.number(), maxThreadReferences + 1) }, () => from.number())
}
