import { meta, putMeta } from './checkpoint.ts'
import type { Database } from './database.ts'
import type { Locations } from './locations.ts'
import { recordsOf } from './log-reader.ts'
import { recordBytes, recordType, segmentHeaderBytes } from './record.ts'
import type { Segments } from './segments.ts'

/** Milliseconds after which others have a turn. */
const turnMs = 5

/** What the database has under `garbage`. */
export interface StoredGarbage {
  /** Octets by segment. */
  readonly dead: readonly (readonly [segment: number, octets: number])[]
  readonly generations: readonly (readonly [segment: number, generation: number])[]
}

/** Which messages nobody refers to any more, how much of each segment they take, and which segments lost theirs. */
export class Garbage {
  readonly #database: Database
  readonly #segments: Segments
  readonly #locations: Locations
  readonly #dead: Map<number, number>
  /** How often a segment was compacted when the places of its messages were noted; where it was. */
  readonly #generations: Map<number, number>
  /** When a message of a segment was last released, in milliseconds of `performance.now()`. */
  readonly #releasedAt = new Map<number, number>()
  #dirty = false

  constructor(database: Database, segments: Segments, locations: Locations) {
    this.#database = database
    this.#segments = segments
    this.#locations = locations
    const stored = meta(database, 'garbage') as StoredGarbage | undefined // as `write` wrote it
    this.#dead = new Map(stored?.dead)
    this.#generations = new Map(stored?.generations)
  }

  /** Whether something is not in the database yet. */
  get dirty(): boolean {
    return this.#dirty
  }

  /** Octets of a segment that belong to messages nobody refers to. */
  deadBytes(segment: number): number {
    return this.#dead.get(segment) ?? 0
  }

  /** Milliseconds since a message of the segment was last released. */
  quietMs(segment: number): number {
    return performance.now() - (this.#releasedAt.get(segment) ?? -Infinity)
  }

  /** Notes messages that nobody refers to any more. */
  release(messages: readonly number[]): void {
    for (const message of messages) {
      const location = this.#locations.get(message)
      if (!location || this.#locations.isReleased(message)) continue
      this.#locations.release(message)
      // Large messages have files that are removed as a whole.
      if (this.#segments.ownFiles.has(location.segment)) continue
      this.#dead.set(location.segment, this.deadBytes(location.segment) + recordBytes(location.size))
      this.#releasedAt.set(location.segment, performance.now())
      this.#dirty = true
    }
  }

  /** A segment was compacted, and the places of its messages are noted. */
  compacted(segment: number, deadBytes: number): void {
    this.#generations.set(segment, this.#segments.generation(segment))
    if (deadBytes > 0) this.#dead.set(segment, deadBytes)
    else this.#dead.delete(segment)
    this.#dirty = true
  }

  /**
   * Looks again for the messages of segments that were compacted after, or not yet, when the database was last
   * written; which segments those are.
   */
  async findMoved(mark: Buffer): Promise<ReadonlySet<number>> {
    const moved = this.#segments.logs.filter(
      (number) => this.#segments.generation(number) !== (this.#generations.get(number) ?? 0),
    )
    for (const number of moved) await this.#findIn(number, mark)
    return new Set(moved)
  }

  /** No database knows places in segments that are compacted already: a replay will find them. */
  begin(): ReadonlySet<number> {
    for (const number of this.#segments.logs) if (this.#segments.generation(number) > 0) this.compacted(number, 0)
    return new Set()
  }

  async #findIn(number: number, mark: Buffer): Promise<void> {
    const locations = this.#locations
    let dead = 0
    let turnEnds = performance.now() + turnMs
    for (const { offset, header } of recordsOf(this.#segments.file(number), mark, segmentHeaderBytes)) {
      if (performance.now() >= turnEnds) {
        await new Promise((resolve) => setImmediate(resolve))
        turnEnds = performance.now() + turnMs
      }
      if (locations.get(header.message)?.segment !== number) continue
      if (header.type === recordType.dropped) locations.forget(header.message)
      if (header.type !== recordType.message) continue
      locations.move(header.message, offset)
      if (locations.isReleased(header.message)) dead += recordBytes(header.length)
    }
    this.compacted(number, dead)
  }

  /** Puts what changed into the database, inside the caller's transaction; returns what to call when that is done. */
  write(): () => void {
    if (!this.#dirty) return () => {}
    putMeta(this.#database, 'garbage', { dead: [...this.#dead], generations: [...this.#generations] })
    return () => {
      this.#dirty = false
    }
  }
}
