import type { DiskFile } from './disk.ts'
import { recordHeaderBytes } from './record.ts'

/** Octets that are read at once where messages are read one behind the other. */
const windowOctets: number = 128 * 1024
/** Octets of a message that is worth looking ahead from. */
const maxOctets: number = 32 * 1024
/** Octets that may be passed over between two reads that still follow one another. */
const maxGapOctets: number = 16 * 1024

/**
 * Reads many messages of a segment with few calls of the system, each of which costs more than the copying of a message
 * does. One window serves all accounts; whoever reads here and there never fills it.
 */
export class ReadAhead {
  #window: Buffer = Buffer.alloc(0)
  /** What the window holds: octets of this file from `#start` to below `#end`. */
  #file: DiskFile | undefined
  #start = 0
  #end = 0
  #lastFile: DiskFile | undefined
  #lastEnd = 0

  /** Fills `into` from a part of a file that never changes; returns how many octets there were. */
  read(file: DiskFile, into: Uint8Array, position: number): number {
    if (this.copy(file, into, position)) return into.length
    const gap = position - this.#lastEnd
    const follows = file === this.#lastFile && gap >= 0 && gap <= maxGapOctets && into.length <= maxOctets
    this.#lastFile = file
    this.#lastEnd = position + into.length
    if (!follows) return file.read(into, position)
    this.#fill(file, Math.max(0, position - recordHeaderBytes))
    return this.copy(file, into, position) ? into.length : file.read(into, position)
  }

  /** Fills `into` if all of it is in the window. */
  copy(file: DiskFile, into: Uint8Array, position: number): boolean {
    if (file !== this.#file || position < this.#start || position + into.length > this.#end) return false
    const from = position - this.#start
    into.set(this.#window.subarray(from, from + into.length))
    this.#lastFile = file
    this.#lastEnd = Math.max(this.#lastEnd, position + into.length)
    return true
  }

  #fill(file: DiskFile, start: number): void {
    if (this.#window.length === 0) this.#window = Buffer.allocUnsafeSlow(windowOctets)
    this.#file = undefined // should reading throw
    this.#end = start + file.read(this.#window, start)
    this.#start = start
    this.#file = file
  }
}
