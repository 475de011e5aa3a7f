import { crc32 } from 'node:zlib'
import { indexMessage, MessageIndexer } from '../../mime/indexer.ts'
import type { IndexedMessage } from '../../mime/message.ts'
import type { AppendedEntry } from '../../model/operation.ts'
import type { AccountState } from '../state/account-state.ts'
import { decodeChangeRecord } from './change-codec.ts'
import type { ComputedBytes } from './computed.ts'
import type { Database } from './database.ts'
import { decodeDropped, threadNames } from './dropped.ts'
import type { Garbage } from './garbage.ts'
import type { Locations } from './locations.ts'
import type { LogEnd, LogRecord, LostRecords } from './log-reader.ts'
import { readLog } from './log-reader.ts'
import type { LogPosition } from './log-writer.ts'
import { StoreFailure } from '../store.ts'
import { applyMended } from './mend.ts'
import type { RecordHeader } from './record.ts'
import { decodeRecordHeader, recordHeaderBytes, recordType, segmentHeaderBytes } from './record.ts'
import type { Segments } from './segments.ts'
import type { StoredThreads } from './thread-index.ts'

/** Everything that a replay brings up to date. */
export interface ReplayTarget {
  readonly segments: Segments
  readonly mark: Buffer
  readonly state: AccountState
  readonly locations: Locations
  readonly computed: ComputedBytes
  readonly threads: StoredThreads
  readonly garbage: Garbage
  readonly database: Database
  /** Large messages by the number of their file. */
  readonly ownFiles: Map<number, number>
}

/** A message in the log. */
export interface LoggedMessage {
  readonly segment: number
  /** Of the record. */
  readonly offset: number
  readonly header: RecordHeader
}

/** What a replay found. */
export interface Replayed {
  readonly end: LogEnd
  /** Change sets that were applied. */
  readonly changeSets: number
  /** Whether the log says that a checkpoint was taken behind the place where the replay began. */
  readonly sawCheckpoint: boolean
  readonly lost: readonly LostRecords[]
  /** How many of them, from the first on, the log says were made good. */
  readonly mended: number
  /** Whole messages whose change sets are lost, and not yet made good. */
  readonly orphans: readonly LoggedMessage[]
  /** Messages that mailboxes refer to and whose octets are damaged (with their place) or gone, not yet made good. */
  readonly missing: ReadonlyMap<number, LoggedMessage | undefined>
  /** Files of large messages that were expunged. */
  readonly expungedFiles: ReadonlySet<number>
}

/** Milliseconds after which a replay lets others have a turn. */
const turnMs = 5
/** Octets computed from messages that a replay keeps in memory before it writes them. */
const maxWaitingBytes = 4 * 1024 * 1024
/** Octets read at once of a message in a file of its own. */
const readBytes = 256 * 1024

/** Applies everything in the log behind `from`. Throws `StoreFailure`. */
export async function replay(target: ReplayTarget, from: LogPosition): Promise<Replayed> {
  const run = new Replay(target)
  const log = readLog(target.segments, target.mark, from)
  let turnEnds = performance.now() + turnMs
  for (let next = log.next(); ; next = log.next()) {
    if (next.done) return run.result(next.value)
    if (next.value.kind === 'lost') run.lose(next.value)
    else await run.take(next.value)
    if (performance.now() < turnEnds) continue
    run.relieve()
    await new Promise((resolve) => setImmediate(resolve))
    turnEnds = performance.now() + turnMs
  }
}

class Replay {
  readonly #target: ReplayTarget
  readonly #lost: LostRecords[] = []
  /** Messages that no change set named so far. */
  readonly #unnamed = new Map<number, LoggedMessage & { readonly indexed: IndexedMessage }>()
  /** Messages that are gone, with the hashes of the Message-IDs they named, until a change set names them. */
  readonly #dropped = new Map<number, readonly number[]>()
  readonly #orphans = new Map<number, LoggedMessage>()
  readonly #damaged = new Map<number, LoggedMessage>()
  readonly #missing = new Set<number>()
  readonly #expungedFiles = new Set<number>()
  #changeSets = 0
  #sawCheckpoint = false
  #mended = 0

  constructor(target: ReplayTarget) {
    this.#target = target
  }

  lose(lost: LostRecords): void {
    this.#lost.push(lost)
    const { header, segment, offset } = lost
    if (header?.type === recordType.message) this.#damaged.set(header.message, { segment, offset, header })
    // The change set of the messages so far may be among the lost; if it is not, it will still name them.
    for (const [number, message] of this.#unnamed) this.#orphans.set(number, message)
  }

  async take({ segment, offset, header, payload }: LogRecord): Promise<void> {
    switch (header.type) {
      case recordType.message:
        this.#unnamed.set(header.message, { segment, offset, header, indexed: indexMessage(payload) })
        break
      case recordType.dropped:
        this.#dropped.set(header.message, decodeDropped(payload))
        break
      case recordType.changeSet:
        try {
          await this.#apply(payload)
        } catch (error) {
          const where = `${this.#target.segments.path(segment)}, octet ${offset}`
          throw new StoreFailure('damaged', `the change set at ${where} does not fit the account`, { cause: error })
        }
        break
      case recordType.checkpoint:
        this.#sawCheckpoint = true
        break
      case recordType.mended:
        this.#orphans.clear()
        this.#damaged.clear()
        // What was missing then is expunged by the change set that follows; what is missing besides went later.
        this.#mended = this.#lost.length
        break
    }
  }

  async #apply(payload: Buffer): Promise<void> {
    const { state, ownFiles } = this.#target
    const { changeSet, ownFiles: newFiles } = decodeChangeRecord(payload)
    for (const { message, segment } of newFiles) {
      ownFiles.set(segment, message)
      this.#expungedFiles.delete(segment)
      const indexed = await this.#indexOwn(segment)
      if (indexed) this.#place(message, segment, segmentHeaderBytes, indexed)
    }
    for (const change of changeSet.changes) {
      if (change.kind !== 'appended') continue
      for (const entry of change.entries) this.#know(entry)
    }
    if (this.#lost.length > 0) this.#release(applyMended(state, changeSet))
    else {
      this.#release(state.apply(changeSet).released)
      state.publish()
    }
    this.#changeSets++
  }

  #release(released: readonly number[]): void {
    const { garbage, ownFiles } = this.#target
    garbage.release(released)
    if (ownFiles.size === 0 || released.length === 0) return
    const gone = new Set(released)
    for (const [segment, message] of ownFiles) {
      if (!gone.has(message)) continue
      ownFiles.delete(segment)
      this.#expungedFiles.add(segment)
    }
  }

  /** Makes what is known of an appended message ready for use. */
  #know({ message, thread }: AppendedEntry): void {
    const { locations, threads } = this.#target
    const found = this.#unnamed.get(message)
    if (found) {
      this.#unnamed.delete(message)
      this.#orphans.delete(message)
      this.#place(message, found.segment, found.offset, found.indexed)
    }
    const indexed = found?.indexed ?? this.#ownKeys.get(message)
    if (indexed) {
      for (const name of threadNames(indexed.keys)) {
        if (threads.threadOf(name) === undefined) threads.remember(name, thread)
      }
      this.#ownKeys.delete(message)
    }
    for (const hash of this.#dropped.get(message) ?? []) {
      if (threads.threadOfHash(hash) === undefined) threads.rememberHash(hash, thread)
    }
    this.#dropped.delete(message)
    if (!locations.get(message)) this.#missing.add(message)
  }

  readonly #ownKeys = new Map<number, IndexedMessage>()

  #place(message: number, segment: number, offset: number, indexed: IndexedMessage): void {
    const { locations, computed } = this.#target
    locations.set(message, { segment, offset, size: indexed.size })
    computed.add(message, indexed)
    if (offset === segmentHeaderBytes && this.#target.ownFiles.has(segment)) this.#ownKeys.set(message, indexed)
  }

  /** Reads a message in a file of its own; undefined when the file is gone, as it is when the message was expunged. */
  async #indexOwn(number: number): Promise<IndexedMessage | undefined> {
    const { segments, mark } = this.#target
    if (!segments.ownFiles.has(number)) return undefined
    return indexOwnFile(segments, mark, number)
  }

  /** Brings to disk what is many. */
  relieve(): void {
    const { computed, database } = this.#target
    while (computed.waitingBytes > maxWaitingBytes) {
      let after = (): void => {}
      database.transaction(() => {
        after = computed.write(maxWaitingBytes)
      })
      after()
    }
  }

  result(end: LogEnd): Replayed {
    const referred = this.#missing.size > 0 ? messagesIn(this.#target.state) : new Set<number>()
    const missing = [...this.#missing].filter((message) => referred.has(message))
    return {
      end,
      changeSets: this.#changeSets,
      sawCheckpoint: this.#sawCheckpoint,
      lost: this.#lost,
      mended: this.#mended,
      orphans: [...this.#orphans.values()],
      missing: new Map(missing.map((message) => [message, this.#damaged.get(message)])),
      expungedFiles: this.#expungedFiles,
    }
  }
}

/** Every message that any mailbox refers to. */
export function messagesIn(state: AccountState): Set<number> {
  const messages = new Set<number>()
  for (const mailbox of state.tree().byId.keys()) {
    for (const message of state.snapshot(mailbox).messages) messages.add(message)
  }
  return messages
}

/** Indexes the message in a file of its own; undefined when the file is damaged. */
export async function indexOwnFile(
  segments: Segments,
  mark: Buffer,
  number: number,
): Promise<IndexedMessage | undefined> {
  const file = segments.file(number)
  const headerBytes = Buffer.alloc(recordHeaderBytes)
  file.read(headerBytes, segmentHeaderBytes)
  const header = decodeRecordHeader(mark, headerBytes, 0)
  if (!header) return undefined
  const indexer = new MessageIndexer()
  const chunk = Buffer.allocUnsafe(readBytes)
  let crc = 0
  for (let at = 0; at < header.length;) {
    const wanted = Math.min(readBytes, header.length - at)
    const got = file.read(chunk.subarray(0, wanted), segmentHeaderBytes + recordHeaderBytes + at)
    if (got === 0) return undefined
    const piece = chunk.subarray(0, got)
    crc = crc32(piece, crc)
    indexer.write(piece)
    at += got
    await new Promise((resolve) => setImmediate(resolve))
  }
  return crc === header.payloadCrc ? indexer.end() : undefined
}
