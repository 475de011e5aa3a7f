import type { IndexedMessage } from '../../mime/message.ts'
import type { Log } from '../../model/log.ts'
import type { ComputedKind, PackedBytes } from '../store.ts'
import type { LRUCache } from 'lru-cache'
import type { Database } from './database.ts'

/** The kinds in the order of their numbers in the database: only ever add at the end. */
const kinds: readonly ComputedKind[] = [
  'envelope', 'body', 'bodyStructure', 'parts', 'keys', 'preview', 'fields', 'headerLines', 'sortKeys',
] // prettier-ignore
/** Room for more kinds in the key of a chunk. */
const kindsPerChunk = 16

const chunkBits = 8
/** Messages per chunk. */
const chunkMessages = 1 << chunkBits

/** While the cache of chunks is full, one of so many that come into it is there to stay. */
const missesPerStay = 2

/** Chunks of all accounts that stay in memory, by account, kind and number; bounded by their octets. */
export type ChunkCache = LRUCache<string, Buffer>

/** Messages of all accounts that are durable, with their octets in memory, and not indexed yet. */
export interface Unindexed {
  octets: number
  messages: number
}

/** A message that can be indexed when there is time. */
export interface LateMessage {
  /** Octets. */
  readonly size: number
  readonly indexed: IndexedMessage
}

/**
 * What was computed from messages. Those that came a moment ago may still have to be indexed; what was computed of the
 * last ones waits in memory for the next checkpoint; all others are in chunks of 256 messages for each kind: 257 offsets
 * (the n-th message's octets end where those of the next start), then octets.
 */
export class ComputedBytes {
  readonly #database: Database
  readonly #cache: ChunkCache
  /** Chunks that were not in the cache when it was full. */
  #misses = 0
  /** Of each kind, the name of the chunk that came into the cache last. */
  readonly #latest: string[] = []
  readonly #account: string
  readonly #unindexed: Unindexed
  readonly #log: Log
  readonly #waiting = new Map<number, readonly Buffer[]>()
  #waitingBytes = 0
  readonly #late = new Map<number, LateMessage>()
  #lateOctets = 0

  constructor(database: Database, cache: ChunkCache, account: string, unindexed: Unindexed, log: Log) {
    this.#database = database
    this.#cache = cache
    this.#account = account
    this.#unindexed = unindexed
    this.#log = log
  }

  add(message: number, indexed: IndexedMessage): void {
    const { envelope, body, bodyStructure, parts, encodedKeys, preview, fields, headerLines, sortKeys } = indexed
    const all = [envelope, body, bodyStructure, parts, encodedKeys, preview, fields, headerLines, sortKeys]
    this.#waiting.set(message, all)
    for (const bytes of all) this.#waitingBytes += bytes.length
  }

  /** Leaves a message to be indexed later: {@link indexNext}, or whoever asks for it. */
  addLate(message: number, late: LateMessage): void {
    this.#late.set(message, late)
    this.#lateOctets += late.size
    this.#unindexed.octets += late.size
    this.#unindexed.messages++
  }

  /** Messages of this account that are not indexed yet. */
  get lateMessages(): number {
    return this.#late.size
  }

  /** The same in octets. */
  get lateOctets(): number {
    return this.#lateOctets
  }

  /** Indexes the message that waits for it longest; false when none does. */
  indexNext(): boolean {
    for (const [message, late] of this.#late) {
      this.#index(message, late)
      return true
    }
    return false
  }

  #index(message: number, late: LateMessage): void {
    this.#late.delete(message)
    this.#lateOctets -= late.size
    this.#unindexed.octets -= late.size
    this.#unindexed.messages--
    try {
      this.add(message, late.indexed)
    } catch (error) {
      // No message does that; if one did, it was acknowledged, and must not keep others from a checkpoint.
      this.#log.error({ account: this.#account, message, err: error }, 'a message could not be indexed')
    }
  }

  /** Octets that wait for a checkpoint. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** See `AccountStore.readComputed`. */
  read(kind: ComputedKind, messages: ArrayLike<number>): PackedBytes {
    const kindNumber = kinds.indexOf(kind)
    const count = messages.length
    const offsets = new Uint32Array(count + 1)
    // Runs of neighbours in one chunk are copied at once: each entry is a source with its bounds.
    const sources: Buffer[] = []
    const bounds: number[] = []
    let total = 0
    let chunkNumber = -1
    let chunk: Buffer = none
    let runEnd = -1
    for (let n = 0; n < count; n++) {
      const message = messages[n]!
      if (this.#late.size > 0) this.#indexIfLate(message)
      const waiting = this.#waiting.get(message)
      if (waiting) {
        const bytes = waiting[kindNumber] ?? none
        sources.push(bytes)
        bounds.push(0, bytes.length)
        total += bytes.length
        runEnd = -1
      } else {
        if (message >>> chunkBits !== chunkNumber) {
          chunkNumber = message >>> chunkBits
          chunk = this.#chunk(kindNumber, chunkNumber)
          runEnd = -1
        }
        const at = (message & (chunkMessages - 1)) * 4
        const start = chunk.length === 0 ? 0 : chunk.readUInt32LE(at)
        const end = chunk.length === 0 ? 0 : chunk.readUInt32LE(at + 4)
        if (start === runEnd) bounds[bounds.length - 1] = end
        else {
          sources.push(chunk)
          bounds.push(start, end)
        }
        runEnd = end
        total += end - start
      }
      offsets[n + 1] = total
    }
    return { bytes: gathered(sources, bounds, total), offsets }
  }

  #indexIfLate(message: number): void {
    const late = this.#late.get(message)
    if (late) this.#index(message, late)
  }

  /** Forgets what is cached of the account, or of its messages from a number on. */
  close(from = 0): void {
    this.#unindexed.octets -= this.#lateOctets
    this.#lateOctets = 0
    this.#unindexed.messages -= this.#late.size
    this.#late.clear()
    for (const name of Array.from(this.#cache.keys())) {
      if (!name.startsWith(`${this.#account} `)) continue
      if (from === 0 || Number(name.split(' ').at(-1)) >= from >>> chunkBits) this.#cache.delete(name)
    }
  }

  #chunk(kindNumber: number, number: number): Buffer {
    const name = `${this.#account} ${kindNumber} ${number}`
    const known = this.#cache.get(name)
    if (known) return known
    const chunk = this.#database.blob('computed', number * kindsPerChunk + kindNumber) ?? none
    if (chunk.length > 0) this.#keep(kindNumber, name, chunk)
    return chunk
  }

  /**
   * Of what is read from one end to the other, and is more than fits, each chunk would be dropped just before it is read
   * again. So every other one takes the place of the one that came before it, and spares what is there for the next time.
   */
  #keep(kindNumber: number, name: string, chunk: Buffer): void {
    const latest = this.#latest[kindNumber]
    const isFull = this.#cache.calculatedSize + chunk.length > this.#cache.maxSize
    if (isFull && latest !== undefined && ++this.#misses % missesPerStay !== 0) this.#cache.delete(latest)
    this.#cache.set(name, chunk)
    this.#latest[kindNumber] = name
  }

  /**
   * Puts what waits into the database, inside the caller's transaction: about `maxBytes` of it, by whole chunks.
   * Returns what to call when the transaction is done.
   */
  write(maxBytes: number): () => void {
    while (this.indexNext());
    const byChunk = Map.groupBy(this.#waiting.keys(), (message) => message >>> chunkBits)
    const written: (readonly [message: number, bytes: readonly Buffer[]])[] = []
    let bytes = 0
    for (const [number, messages] of byChunk) {
      for (const message of messages) {
        const all = this.#waiting.get(message)! // a key of the map, in the same turn
        written.push([message, all])
        for (const one of all) bytes += one.length
      }
      for (let kind = 0; kind < kinds.length; kind++) this.#writeChunk(kind, number, messages)
      if (bytes >= maxBytes) break
    }
    return () => {
      for (const [message, all] of written) {
        if (this.#waiting.get(message) !== all) continue
        this.#waiting.delete(message)
        for (const one of all) this.#waitingBytes -= one.length
        for (let kind = 0; kind < kinds.length; kind++) {
          this.#cache.delete(`${this.#account} ${kind} ${message >>> chunkBits}`)
        }
      }
    }
  }

  #writeChunk(kind: number, number: number, changed: readonly number[]): void {
    const first = number << chunkBits
    const all = Array.from({ length: chunkMessages }, (_, n) => first + n)
    const { bytes, offsets } = this.read(kinds[kind]!, all) // `kind` counts through `kinds`
    const last = changed.reduce((highest, message) => Math.max(highest, message), 0)
    if (last < first) return
    const chunk = Buffer.allocUnsafe((chunkMessages + 1) * 4 + bytes.length)
    const base = (chunkMessages + 1) * 4
    for (let n = 0; n <= chunkMessages; n++) chunk.writeUInt32LE(base + offsets[n]!, n * 4)
    bytes.copy(chunk, base)
    this.#database.putBlob('computed', number * kindsPerChunk + kind, chunk)
  }
}

const none = Buffer.alloc(0)

function gathered(sources: readonly Buffer[], bounds: readonly number[], total: number): Buffer {
  if (sources.length === 1) return sources[0]!.subarray(bounds[0], bounds[1])
  const bytes = Buffer.allocUnsafe(total)
  let at = 0
  for (let n = 0; n < sources.length; n++) {
    at += sources[n]!.copy(bytes, at, bounds[2 * n], bounds[2 * n + 1])
  }
  return bytes
}
