import { join } from 'node:path'
import type { IndexedMessage } from '../../mime/message.ts'
import type { Log } from '../../model/log.ts'
import type { MailboxId } from '../../model/numbers.ts'
import { BlobReader } from '../embedded/blob-reader.ts'
import { decodeChangeRecord } from '../embedded/change-codec.ts'
import { ColumnBudget } from '../embedded/column-budget.ts'
import { type ChunkCache, ComputedBytes } from '../embedded/computed.ts'
import type { Disk } from '../embedded/disk.ts'
import type { Publication } from '../embedded/feed.ts'
import type { Location } from '../embedded/locations.ts'
import { logFileName, type OpenFiles, ownFileName } from '../embedded/segments.ts'
import type { AccountState, AccountStateOptions, Applied } from '../state/account-state.ts'
import type { ComputedKind, PackedBytes } from '../store.ts'
import { AccountImage } from './image.ts'
import type { Opening } from './protocol.ts'

/** What all replicas of a process share. */
export interface ReplicaSurroundings {
  readonly disk: Disk
  readonly files: OpenFiles
  readonly chunks: ChunkCache
  readonly log: Log
  /** Octets of mailbox columns that one account keeps in memory. */
  readonly maxColumnBytes: number
  /** The limits that the state tells of; they are enforced by the account's owner. */
  readonly limits: Omit<AccountStateOptions, 'threads' | 'factsOf'>
}

/**
 * An account as another process publishes it: `account.db` as of its last checkpoint, and all that was published since.
 * It only reads. Of a message that is in no checkpoint yet, it computes what is asked for, and forgets that at the next.
 */
export class Replica {
  readonly id: string
  /** Of the account's records. */
  readonly mark: Buffer
  /** Of the files with messages. */
  readonly segments: string
  /** What readers are shown. */
  readonly state: AccountState
  readonly #database: string
  readonly #surroundings: ReplicaSurroundings
  readonly #columns: ColumnBudget
  readonly #blobs: BlobReader
  #image: AccountImage
  #computed: ComputedBytes
  /** Messages that are not in the image. */
  readonly #placed = new Map<number, Location>()
  /** Those of them that are not indexed here. */
  readonly #unindexed = new Set<number>()
  readonly #paths = new Map<number, string>()
  /** Numbers of files that hold one large message each. */
  #ownFiles: Set<number>
  #sequence: number
  /** The newest segment of the log that we know of; it may still be written. */
  #lastSegment = 0

  /** `directory` is the account's. Throws `StoreFailure`. */
  constructor(id: string, directory: string, opening: Opening, surroundings: ReplicaSurroundings) {
    this.id = id
    this.mark = Buffer.from(opening.mark)
    this.segments = join(directory, 'segments')
    this.#database = join(directory, 'account.db')
    this.#surroundings = surroundings
    this.#columns = new ColumnBudget(surroundings.maxColumnBytes)
    // A file that somebody here has open may be another one under its name since.
    surroundings.files.close(this.segments)
    this.#image = new AccountImage(this.#database)
    this.#computed = this.#computedOf(this.#image)
    this.#sequence = this.#image.sequence
    this.#ownFiles = new Set(this.#image.ownFiles)
    this.state = this.#image.state(
      {
        threads: { threadOf: () => undefined, remember: () => {} },
        factsOf: () => {
          throw new Error('commits are planned by the owner of the account')
        },
        ...surroundings.limits,
      },
      () => this.#image,
    )
    const places = {
      locate: (message: number) => this.#placed.get(message) ?? this.#image.locations.get(message),
      isReleased: () => false,
      file: (segment: number) => surroundings.files.get(this.#path(segment)),
      path: (segment: number) => this.#path(segment),
      isComplete: ({ segment }: Location) => segment < this.#lastSegment,
    }
    this.#blobs = new BlobReader(id, this.mark, places, surroundings.files.ahead)
    for (const publication of opening.since) this.apply(publication)
  }

  /** Whether `account.db` was found not to be as it was written. */
  get isDamaged(): boolean {
    return this.#image.database.isDamaged
  }

  /** Notes that somebody asked for the columns of a mailbox. */
  use(mailbox: MailboxId): void {
    this.#columns.use(mailbox)
  }

  /** Takes over what was published; undefined when the image had it already. */
  apply({ sequence, payload, placed }: Publication): Applied | undefined {
    if (sequence <= this.#sequence) return undefined
    const { changeSet, ownFiles } = decodeChangeRecord(payload)
    const applied = this.state.apply(changeSet)
    for (const { segment } of ownFiles) this.#ownFiles.add(segment)
    for (const { message, segment, offset, size } of placed) {
      this.#placed.set(message, { segment, offset, size })
      this.#unindexed.add(message)
      if (!this.#ownFiles.has(segment)) this.#lastSegment = Math.max(this.#lastSegment, segment)
    }
    this.state.publish()
    this.#sequence = sequence
    return applied
  }

  /**
   * A checkpoint was taken after the record `sequence`. All that came before it was applied here and nothing else, so
   * its image can take the place of ours; unless there is a newer one already, which will be told of, too.
   */
  imaged(sequence: number): void {
    if (sequence <= this.#image.sequence) return
    const image = new AccountImage(this.#database)
    if (image.sequence !== sequence) {
      image.close()
      return
    }
    this.#image.close()
    this.#image = image
    const [first] = this.#placed.keys()
    if (first !== undefined) this.#computed.close(first) // chunks that were not full have more in them now
    this.#computed = this.#computedOf(image)
    this.#sequence = sequence
    this.#paths.clear()
    this.#placed.clear()
    this.#unindexed.clear()
    this.#ownFiles = new Set(image.ownFiles)
    this.state.takeCheckpoint() // what changed since the last image is in this one, and need not stay in memory
    this.#columns.enforce(this.state)
  }

  /** Reads the image from where it is now, so that SQLite's log need not keep it. */
  broughtIn(): void {
    const image = new AccountImage(this.#database)
    if (image.sequence !== this.#image.sequence) {
      image.close()
      return
    }
    this.#image.close()
    this.#image = image
    this.#computed = this.#computedOf(image)
    for (const message of this.#placed.keys()) this.#unindexed.add(message)
  }

  #computedOf({ database }: AccountImage): ComputedBytes {
    const { chunks, log } = this.#surroundings
    return new ComputedBytes(database, chunks, this.id, { octets: 0, messages: 0 }, log)
  }

  #path(segment: number): string {
    let path = this.#paths.get(segment)
    if (path === undefined) {
      const name = this.#ownFiles.has(segment)
        ? ownFileName(segment)
        : logFileName(segment, this.#image.generations.get(segment) ?? 0)
      this.#paths.set(segment, (path = join(this.segments, name)))
    }
    return path
  }

  /** See `AccountStore.readBlob`. Throws `StoreFailure`, also when the message lies elsewhere since a moment ago. */
  readBlob(message: number, offset: number, into: Uint8Array): number {
    return this.#blobs.read(message, offset, into)
  }

  /** Octets of a message; undefined when it is not known. */
  sizeOf(message: number): number | undefined {
    return this.#placed.get(message)?.size
  }

  /** Those of `messages` that have to be indexed before {@link readComputed} knows them. */
  unindexed(messages: ArrayLike<number>): number[] {
    if (this.#unindexed.size === 0) return []
    const found: number[] = []
    for (let n = 0; n < messages.length; n++) if (this.#unindexed.has(messages[n]!)) found.push(messages[n]!)
    return found
  }

  /** Takes what was computed from a message that is in no checkpoint yet. */
  add(message: number, indexed: IndexedMessage): void {
    if (this.#unindexed.delete(message)) this.#computed.add(message, indexed)
  }

  /** See `AccountStore.readComputed`; nothing of messages that are {@link unindexed}. */
  readComputed(kind: ComputedKind, messages: ArrayLike<number>): PackedBytes {
    return this.#computed.read(kind, messages)
  }

  close(): void {
    this.#computed.close()
    this.#image.close()
    this.#surroundings.files.close(this.segments)
  }
}
