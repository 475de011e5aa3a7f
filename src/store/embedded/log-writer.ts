import { crc32 } from 'node:zlib'
import { StoreFailure } from '../store.ts'
import type { DiskFile } from './disk.ts'
import { asStoreFailure } from './disk.ts'
import { encodeRecordHeader, recordBytes, segmentHeaderBytes } from './record.ts'
import type { Segments } from './segments.ts'

/** A record that is to be written. */
export interface NewRecord {
  readonly type: number
  readonly payload: readonly Buffer[]
  readonly message?: number
  readonly mailbox?: number
  readonly uid?: number
  readonly internalDate?: number
  readonly systemFlags?: number
}

/** A place in the log. */
export interface LogPosition {
  readonly segment: number
  readonly offset: number
  /** Of the last record before this place. */
  readonly sequence: number
}

/** Records that stand or fall together, and whom to tell. */
export interface LogEntry {
  readonly records: readonly NewRecord[]
  /** Wait until the records survive a loss of power; else they survive the end of the process, and power a second later. */
  readonly sync: boolean
  /** The records count now; `offsets` are theirs in `end.segment`. Called in the order of the log. Must not throw. */
  done(end: LogPosition, offsets: readonly number[]): void
  failed(failure: StoreFailure): void
}

/** What a log writer needs to go on where the log ends. */
export interface LogWriterOptions {
  readonly segments: Segments
  readonly account: string
  readonly mark: Buffer
  /** Where the log ends. Without `resume` the next record starts a new segment. */
  readonly end: LogPosition
  /** Whether the last segment holds nothing but zeros from `end` on. */
  readonly resume: boolean
  /** Octets of segments, ascending: a new one is of the largest size that the log as a whole has reached. */
  readonly segmentBytes: readonly number[]
  /** How long an entry without `sync` may wait for it, in milliseconds. */
  readonly lazySyncMs: number
  /** A group failed: nothing of it counts, nor of any entry that was still waiting. Called before their `failed`. */
  readonly onFailure: (failure: StoreFailure) => void
  /** Called while a sync is on its way: time for work that would otherwise take some of its own. Must not throw. */
  readonly whileSyncing?: () => void
}

/** Octets that one group brings at most to the disk, unless one entry alone is larger. */
const maxGroupBytes = 4 * 1024 * 1024
/** Octets of entries without `sync` after which one is made without waiting for the timer. */
const maxLazyBytes = 1024 * 1024

interface Laid {
  readonly entry: LogEntry
  readonly offsets: number[]
  readonly end: LogPosition
}

/**
 * Appends to the log. Whatever has gathered while the last group was on its way makes the next group: one write, one
 * sync for everybody who waits. One group is in flight at a time, so the order of the log is the order of `submit`.
 */
export class LogWriter {
  readonly #options: LogWriterOptions
  #queue: LogEntry[] = []
  #running: Promise<void> | undefined
  #file: DiskFile | undefined
  /** Octets of the current segment. */
  #capacity = 0
  #end: LogPosition
  #durable: number
  /** Records that count but are not yet synced, to be written again should the sync fail. */
  #lazy: NewRecord[] = []
  #lazyBytes = 0
  #timer: NodeJS.Timeout | undefined
  #spare: Promise<void> | undefined
  #spareBytes = 0
  #closed = false

  constructor(options: LogWriterOptions) {
    this.#options = options
    this.#end = options.end
    this.#durable = options.end.sequence
    if (options.resume) {
      this.#file = options.segments.disk.open(options.segments.path(options.end.segment), 'write')
      this.#capacity = this.#file.size()
    }
  }

  /** Queues an entry; its `done` or `failed` is called later, never during this call. */
  submit(entry: LogEntry): void {
    if (this.#closed) throw new StoreFailure('closed', 'the account is closed')
    this.#queue.push(entry)
    this.#running ??= this.#run()
  }

  /** Whether entries wait. */
  get busy(): boolean {
    return this.#running !== undefined
  }

  /** Calls `then` when all entries before it survive a loss of power, before any entry behind it is done. */
  barrier(then: (end: LogPosition) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (end: LogPosition): void => {
        try {
          then(end)
          resolve()
        } catch (error) {
          reject(asStoreFailure(error, 'cannot write a checkpoint'))
        }
      }
      this.submit({ records: [], sync: true, done, failed: reject })
    })
  }

  /** Syncs everything and closes the file. */
  async close(): Promise<void> {
    if (this.#closed) return
    try {
      if (this.#running || this.#durable < this.#end.sequence) await this.barrier(() => {})
    } finally {
      this.#closed = true
      await this.#running
      clearTimeout(this.#timer)
      this.#dropFile()
      await this.#spare?.catch(() => {}) // only a preparation: its failure concerns nobody any more
      this.#options.segments.removeSpare()
    }
  }

  async #run(): Promise<void> {
    // Gather what comes in the same turn of the event loop, from all connections.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#queue.length > 0) {
      try {
        const group = await this.#writeGroup()
        for (const { entry, end, offsets } of group) entry.done(end, offsets)
      } catch (error) {
        this.#fail(asStoreFailure(error, 'cannot write to the log'))
      }
    }
    this.#running = undefined
  }

  #fail(failure: StoreFailure): void {
    const failed = this.#queue
    this.#queue = []
    this.#options.onFailure(failure)
    for (const entry of failed) entry.failed(failure)
    if (this.#lazy.length > 0) this.#syncLater()
  }

  /** Writes what is queued, and takes it from the queue when that worked. */
  async #writeGroup(): Promise<readonly Laid[]> {
    const room = await this.#roomFor(entryBytes(this.#queue[0]!)) // the queue is not empty, the loop above saw to it
    const group: Laid[] = []
    const chunks: Buffer[] = []
    const start = this.#end.offset
    let end = this.#end
    let sync = false
    for (const entry of this.#queue) {
      const after = end.offset + entryBytes(entry) - start
      if (group.length > 0 && (after > maxGroupBytes || after > room)) break
      const laid = this.#lay(entry, end, chunks)
      group.push(laid)
      end = laid.end
      sync ||= entry.sync
    }
    if (chunks.length > 0 || (sync && this.#durable < end.sequence)) {
      await this.#put(chunks, start, sync)
    }
    this.#end = end
    if (sync) this.#synced(end.sequence)
    else this.#lazyWritten(group, end.offset - start)
    this.#queue.splice(0, group.length)
    if (this.#capacity - end.offset < this.#capacity / 4) this.#prepareSpare(0, false)
    return group
  }

  async #put(chunks: readonly Buffer[], position: number, sync: boolean): Promise<void> {
    const file = this.#file
    if (!file) throw new StoreFailure('io', 'the log has no open segment')
    try {
      const written = chunks.length > 0 ? file.write(chunks, position) : undefined
      if (written) await written
      if (sync) {
        const synced = file.sync()
        this.#options.whileSyncing?.()
        await synced
      }
    } catch (error) {
      // What the disk holds here is not known now: a later sync of the same file would say nothing about it.
      this.#neutralise(file, position)
      throw error
    }
  }

  /** Tries to void what was written; should that fail too, the next segment's header voids it. */
  #neutralise(file: DiskFile, position: number): void {
    try {
      file.truncate(position)
    } catch {
      // nothing more can be done with this file
    }
    this.#dropFile()
    this.#end = { ...this.#end, sequence: this.#durable }
  }

  #lay(entry: LogEntry, from: LogPosition, chunks: Buffer[]): Laid {
    let { offset, sequence } = from
    const offsets: number[] = []
    for (const record of entry.records) {
      sequence++
      offsets.push(offset)
      let length = 0
      let payloadCrc = 0
      for (const piece of record.payload) {
        length += piece.length
        payloadCrc = crc32(piece, payloadCrc)
      }
      const header = encodeRecordHeader(this.#options.mark, {
        type: record.type,
        length,
        sequence,
        durable: this.#durable,
        message: record.message ?? 0,
        mailbox: record.mailbox ?? 0,
        uid: record.uid ?? 0,
        internalDate: record.internalDate ?? 0,
        systemFlags: record.systemFlags ?? 0,
        payloadCrc,
      })
      chunks.push(header, ...record.payload)
      const whole = recordBytes(length)
      const padding = whole - header.length - length
      if (padding > 0) chunks.push(paddings.subarray(0, padding))
      offset += whole
    }
    return { entry, offsets, end: { segment: from.segment, offset, sequence } }
  }

  #synced(sequence: number): void {
    this.#durable = sequence
    this.#lazy = []
    this.#lazyBytes = 0
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #lazyWritten(group: readonly Laid[], bytes: number): void {
    for (const { entry } of group) this.#lazy.push(...entry.records)
    this.#lazyBytes += bytes
    if (this.#lazyBytes >= maxLazyBytes) this.#syncSoon()
    else this.#syncLater()
  }

  #syncLater(): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => this.#syncSoon(), this.#options.lazySyncMs)
  }

  #syncSoon(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#closed) return
    this.barrier(() => {}).catch(() => {}) // the failure was reported to `onFailure`
  }

  /** Makes sure that `bytes` fit behind the end of the current segment; how many do. */
  async #roomFor(bytes: number): Promise<number> {
    if (this.#file && this.#end.offset + bytes <= this.#capacity) return this.#capacity - this.#end.offset
    if (!this.#file && bytes === 0 && this.#lazy.length === 0) return 0
    if (this.#file && this.#durable < this.#end.sequence) {
      try {
        await this.#file.sync()
        this.#synced(this.#end.sequence)
      } catch (error) {
        this.#neutralise(this.#file, this.#end.offset)
        throw error
      }
    }
    await this.#roll(bytes)
    return this.#capacity - this.#end.offset
  }

  async #roll(bytes: number): Promise<void> {
    const { segments, mark, account } = this.#options
    const lazy: LogEntry = { records: this.#lazy, sync: true, done: () => {}, failed: () => {} }
    const needed = segmentHeaderBytes + bytes + entryBytes(lazy)
    this.#prepareSpare(needed, true)
    await this.#spare
    this.#spare = undefined
    this.#dropFile()
    const { number, file } = await segments.takeSpare(mark, this.#durable + 1, account)
    // Acknowledged records of the segment before whose sync failed come first.
    const chunks: Buffer[] = []
    const start = { segment: number, offset: segmentHeaderBytes, sequence: this.#durable }
    const { end } = this.#lay(lazy, start, chunks)
    if (chunks.length > 0) {
      try {
        await file.write(chunks, start.offset)
        await file.sync()
      } catch (error) {
        file.close()
        segments.remove(number)
        throw error
      }
      this.#synced(end.sequence)
    }
    this.#file = file
    this.#capacity = file.size()
    this.#end = end
  }

  #prepareSpare(atLeast: number, inHaste: boolean): void {
    const { segments, segmentBytes } = this.#options
    if (this.#spare && this.#spareBytes >= atLeast) return
    const usual = segmentBytes.findLast((size) => size <= segments.logBytes) ?? segmentBytes[0] ?? 0
    this.#spareBytes = Math.max(usual, (atLeast + 4095) & ~4095)
    const before = this.#spare?.catch(() => {}) ?? Promise.resolve()
    const spare = before.then(() => segments.prepareSpare(this.#spareBytes, inHaste))
    this.#spare = spare
    spare.catch(() => {
      // Whoever waits for it hears of the failure; the next to need it tries again.
      if (this.#spare === spare) this.#spare = undefined
    })
  }

  #dropFile(): void {
    this.#file?.close()
    this.#file = undefined
  }
}

const paddings = Buffer.alloc(8)

function entryBytes({ records }: LogEntry): number {
  let bytes = 0
  for (const { payload } of records) {
    let length = 0
    for (const piece of payload) length += piece.length
    bytes += recordBytes(length)
  }
  return bytes
}
