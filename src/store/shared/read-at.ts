import type { LocatedFile } from '../embedded/account.ts'
import { recordHeaderBytes } from '../embedded/record.ts'
import type { OpenFiles } from '../embedded/segments.ts'
import { StoreFailure } from '../store.ts'

/** Reads octets of a message from `offset` on into `into`, from where its owner says it is. Throws `StoreFailure`. */
export function readAt(files: OpenFiles, located: LocatedFile, offset: number, into: Uint8Array): number {
  const count = Math.min(into.length, located.size - offset)
  if (count <= 0) return 0
  const got = files.get(located.path).read(into.subarray(0, count), located.offset + recordHeaderBytes + offset)
  if (got < count) throw new StoreFailure('damaged', `${located.path} is shorter than it was`)
  return count
}
