import type { Log } from '../../model/log.ts'
import { crc32 } from 'node:zlib'
import type { FoundRecord } from './log-reader.ts'
import { recordsOf, zerosFrom } from './log-reader.ts'
import type { OpenedAccount } from './open-account.ts'
import type { RecordHeader } from './record.ts'
import {
  encodeRecordHeader,
  encodeSegmentHeader,
  recordBytes,
  recordHeaderBytes,
  recordType,
  segmentHeaderBytes,
} from './record.ts'
import type { DiskFile } from './disk.ts'
import { encodeDropped } from './dropped.ts'

/**
 * Compaction gives back the space of messages that nobody refers to any more. A segment of the log is written anew:
 * every record stays, in its order and with its sequence, but a message that is gone leaves only a mark of some hundred
 * octets. So the log is whole as before, and a replay from its start gives the same state.
 *
 * The new file is synced and named before the old one goes, and its name says that it is newer. The database may know
 * the places in either; whichever it does not know, `Garbage.findMoved` looks for them when the account is opened.
 */

/** When segments are compacted. */
export interface CompactionSettings {
  /** The part of a segment (from 0 to 1) that nobody refers to, from which on it is compacted; above 1: never. */
  readonly compactionShare: number
  /** Milliseconds for which sessions can go on reading messages that were expunged meanwhile. */
  readonly compactionGraceMs: number
  readonly log: Log
}

/** Octets that are written at once. */
const batchBytes = 512 * 1024
/** Milliseconds after which others have a turn. */
const turnMs = 3

/** Compacts the segments of one account, one after the other, while nobody waits for it. */
export class Compactor {
  readonly #id: string
  readonly #parts: OpenedAccount
  readonly #settings: CompactionSettings
  readonly #readersDone: () => Promise<void>
  /** Segments that are left alone since they are damaged, or could not be compacted. */
  readonly #kept = new Set<number>()
  #running: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  /** `readersDone` resolves once no other thread reads files whose paths it was given before. */
  constructor(id: string, parts: OpenedAccount, settings: CompactionSettings, readersDone: () => Promise<void>) {
    this.#id = id
    this.#parts = parts
    this.#settings = settings
    this.#readersDone = readersDone
  }

  /** Begins with what there is to do, among the segments before the one with the number `before`. */
  start(before: number): void {
    clearTimeout(this.#timer)
    if (this.#stopped || this.#running) return
    this.#running = this.#run(before)
      .catch((error: unknown) => {
        this.#settings.log.error({ account: this.#id, err: error }, 'a segment could not be compacted')
      })
      .finally(() => {
        this.#running = undefined
      })
  }

  /** Gives up what is not finished. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  async #run(before: number): Promise<void> {
    const { segments, garbage } = this.#parts
    const { compactionShare, compactionGraceMs } = this.#settings
    let waitMs = Infinity
    for (const number of segments.logs.filter((one) => one < before)) {
      const dead = garbage.deadBytes(number)
      if (this.#stopped) return
      if (dead === 0 || this.#kept.has(number) || dead < segments.file(number).size() * compactionShare) continue
      const left = compactionGraceMs - garbage.quietMs(number)
      if (left > 0) {
        waitMs = Math.min(waitMs, left)
        continue
      }
      this.#kept.add(number)
      if (await new Compaction(this.#parts, number, () => this.#stopped).run(this.#readersDone)) {
        this.#kept.delete(number)
      } else if (!this.#stopped) {
        const file = segments.path(number)
        this.#settings.log.warn({ account: this.#id, file }, 'a segment is not sound and is not compacted')
      }
    }
    if (waitMs < Infinity) this.#timer = setTimeout(() => this.start(before), waitMs).unref()
  }
}

/** One segment on its way to a smaller file. */
class Compaction {
  readonly #parts: OpenedAccount
  readonly #number: number
  readonly #isStopped: () => boolean
  /** Messages that are kept, and where they come to be. */
  readonly #moved = new Map<number, { readonly offset: number; readonly bytes: number }>()
  readonly #dropped = new Set<number>()
  #end = segmentHeaderBytes
  #chunks: Buffer[] = []
  #waiting = 0

  constructor(parts: OpenedAccount, number: number, isStopped: () => boolean) {
    this.#parts = parts
    this.#number = number
    this.#isStopped = isStopped
  }

  /** False when the segment stays as it is: it is damaged, or nobody wants the result any more. */
  async run(readersDone: () => Promise<void>): Promise<boolean> {
    const { segments } = this.#parts
    const source = segments.disk.open(segments.path(this.#number), 'read')
    try {
      const target = segments.createCompacted()
      try {
        if (!(await this.#copy(source, target)) || (await this.#isReferredTo())) return false
        await target.sync()
      } finally {
        target.close()
      }
      if (this.#isStopped()) return false
      await segments.nameCompacted(this.#number)
    } finally {
      source.close()
      segments.removeCompacted()
    }
    const older = this.#use()
    await readersDone()
    segments.disk.remove(older)
    return true
  }

  /** Writes all records, those of released messages without their octets. */
  async #copy(source: DiskFile, target: DiskFile): Promise<boolean> {
    const { segments, mark } = this.#parts
    const header = segments.header(this.#number)
    if (!header) return false
    await target.write([encodeSegmentHeader(header)], 0)
    let end = segmentHeaderBytes
    let turnEnds = performance.now() + turnMs
    for (const record of recordsOf(source, mark, segmentHeaderBytes)) {
      // What is damaged stays as it is, for a repair that may still need it.
      if (!record.payload || record.offset !== end) return false
      end += recordBytes(record.header.length)
      this.#take(record, record.payload)
      if (this.#waiting >= batchBytes) await this.#flush(target)
      if (performance.now() < turnEnds) continue
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#isStopped()) return false
      turnEnds = performance.now() + turnMs
    }
    await this.#flush(target)
    return zerosFrom(source, end)
  }

  #take({ offset, header }: FoundRecord, octets: Buffer): void {
    const { locations, mark, threads } = this.#parts
    const { message } = header
    const place = header.type === recordType.message ? locations.get(message) : undefined
    const isHere = place?.segment === this.#number && place.offset === offset
    const at = this.#end
    if (isHere && locations.isReleased(message)) {
      const payload = encodeDropped(threads, octets)
      this.#put(encodeRecordHeader(mark, droppedHeader(header, payload)), payload)
      this.#dropped.add(message)
      return
    }
    this.#put(encodeRecordHeader(mark, header), Buffer.from(octets))
    if (isHere) this.#moved.set(message, { offset: at, bytes: recordBytes(octets.length) })
  }

  #put(header: Buffer, payload: Buffer): void {
    const whole = recordBytes(payload.length)
    this.#chunks.push(header, payload, padding.subarray(0, whole - recordHeaderBytes - payload.length))
    this.#end += whole
    this.#waiting += whole
  }

  async #flush(target: DiskFile): Promise<void> {
    const position = this.#end - this.#waiting
    const chunks = this.#chunks
    this.#chunks = []
    this.#waiting = 0
    await target.write(chunks, position)
  }

  /**
   * Whether a mailbox refers to a message that is about to go. It never does; but a mistake in the counts of entries
   * must not cost mail.
   */
  async #isReferredTo(): Promise<boolean> {
    const { state } = this.#parts
    const loaded = new Set(state.loaded().map(({ mailbox }) => mailbox))
    // Messages of a segment have neighbouring numbers, so nearly all others need no closer look.
    let [first, last] = [Infinity, 0]
    for (const message of this.#dropped) [first, last] = [Math.min(first, message), Math.max(last, message)]
    for (const mailbox of state.tree().byId.keys()) {
      if (!state.tree().byId.has(mailbox)) continue
      const { messages } = state.snapshot(mailbox)
      if (messages.some((message) => message >= first && message <= last && this.#dropped.has(message))) return true
      if (!loaded.has(mailbox)) state.evict(mailbox)
      await new Promise((resolve) => setImmediate(resolve))
    }
    return false
  }

  /** Puts the new file in the place of the old one, whose path it gives. In one turn, so that nobody sees a half of it. */
  #use(): string {
    const { segments, locations, garbage } = this.#parts
    // Brings the places into memory: a database that cannot be read is found out before anything is changed.
    for (const messages of [this.#dropped.keys(), this.#moved.keys()]) {
      for (const message of messages) locations.get(message)
    }
    const older = segments.useCompacted(this.#number)
    let dead = 0
    for (const message of this.#dropped) locations.forget(message)
    for (const [message, { offset, bytes }] of this.#moved) {
      locations.move(message, offset)
      if (locations.isReleased(message)) dead += bytes
    }
    garbage.compacted(this.#number, dead)
    return older
  }
}

function droppedHeader(header: RecordHeader, payload: Buffer): RecordHeader {
  return { ...header, type: recordType.dropped, length: payload.length, payloadCrc: crc32(payload) }
}

const padding = Buffer.alloc(8)
