import { crc32 } from 'node:zlib'
import { indexMessage, MessageIndexer } from '../../mime/indexer.ts'
import type { IndexedMessage } from '../../mime/message.ts'
import { type ThreadKeys, threadKeysOf } from '../../mime/thread-keys.ts'
import type { StagedMessage } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import type { MessageStager } from '../store.ts'
import { StoreFailure } from '../store.ts'
import type { DiskFile } from './disk.ts'
import { asStoreFailure } from './disk.ts'
import { encodeRecordHeader, encodeSegmentHeader, recordHeaderBytes, recordType, segmentHeaderBytes } from './record.ts'
import type { Segments } from './segments.ts'

/** Octets up to which a message is kept in memory and goes to disk together with its change set. */
export const maxHeldBytes: number = 256 * 1024
/** Octets that the messages held in memory may take together, in all accounts, before smaller ones go to files too. */
const maxAllHeldBytes = 32 * 1024 * 1024

const nothing = Buffer.alloc(0)

/** Octets held by the stagers and staged messages of a store. */
export interface HeldBytes {
  count: number
}

/** Where large messages get files of their own: {@link Segments}, or what stands for them in another process. */
export interface OwnFiles extends Pick<Segments, 'directory' | 'disk' | 'remove'> {
  createOwn(): OwnFile | Promise<OwnFile>
}

/** The file of a large message. */
interface OwnFile {
  readonly number: number
  readonly file: DiskFile
}

/** What stagers of one account share. */
export interface StagingArea {
  readonly segments: OwnFiles
  readonly account: string
  readonly mark: Buffer
  readonly maxMessageBytes: number
  readonly held: HeldBytes
}

/** A message of ours between `finish` and its commit. */
export class Staged implements StagedMessage {
  readonly size: number
  readonly keys: ThreadKeys
  /** The octets, unless they are in a file of their own. */
  readonly octets: Buffer | undefined
  /** The number of that file. */
  readonly segment: number | undefined
  readonly #giveBack: (committed: boolean) => void
  #state: 'staged' | 'committing' | 'unwanted' | 'gone' = 'staged'

  #indexed: IndexedMessage | undefined

  constructor(content: Buffer | { indexed: IndexedMessage; segment: number }, giveBack: (committed: boolean) => void) {
    this.#giveBack = giveBack
    if (Buffer.isBuffer(content)) {
      this.size = content.length
      this.keys = threadKeysOf(content)
      this.octets = content
    } else {
      this.size = content.indexed.size
      this.keys = content.indexed.keys
      this.#indexed = content.indexed
      this.segment = content.segment
    }
  }

  /** Of a message in memory it is made when it is first asked for. */
  get indexed(): IndexedMessage {
    return (this.#indexed ??= indexMessage(this.octets ?? nothing))
  }

  /** Whether {@link indexed} is at hand. */
  get isIndexed(): boolean {
    return this.#indexed !== undefined
  }

  get isUsable(): boolean {
    return this.#state === 'staged'
  }

  release(): void {
    if (this.#state === 'committing') this.#state = 'unwanted'
    if (this.#state !== 'staged') return
    this.#state = 'gone'
    this.#giveBack(false)
  }

  /** A commit that names it is on its way. */
  committing(): void {
    this.#state = 'committing'
  }

  /** The commit was done, or failed. */
  settle(committed: boolean): void {
    const unwanted = this.#state === 'unwanted'
    this.#state = committed ? 'gone' : 'staged'
    if (committed) this.#giveBack(true)
    else if (unwanted) this.release()
  }
}

/** Takes in one message: in memory while it is small, then into a file of its own. */
export class Stager implements MessageStager {
  readonly #area: StagingArea
  /** Of a message that goes to a file; what is in memory can be indexed later. */
  #indexer: MessageIndexer | undefined
  #buffer: Buffer = nothing
  /** Octets in the buffer. */
  #filled = 0
  #size = 0
  #crc = 0
  #own: OwnFile | undefined
  #over = false

  constructor(area: StagingArea) {
    this.#area = area
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#over) throw new StoreFailure('closed', 'the message was finished or given up')
    this.#size += chunk.length
    if (this.#size > this.#area.maxMessageBytes) {
      throw new Refusal('TOOBIG', `Messages are limited to ${this.#area.maxMessageBytes} octets`)
    }
    if (this.#filled + chunk.length <= this.#buffer.length) return this.#keep(chunk)
    const { held } = this.#area
    if (!this.#own && this.#size <= maxHeldBytes && held.count + this.#size <= maxAllHeldBytes) {
      this.#grow()
      return this.#keep(chunk)
    }
    return this.#spill(chunk)
  }

  #keep(chunk: Uint8Array): undefined {
    this.#indexer?.write(chunk)
    this.#buffer.set(chunk, this.#filled)
    this.#filled += chunk.length
    if (!this.#own) this.#area.held.count += chunk.length
  }

  #grow(): void {
    // Most messages come in one piece, for which nothing more is taken than they need.
    const larger = Buffer.allocUnsafe(Math.min(maxHeldBytes, Math.max(this.#size, 2 * this.#buffer.length)))
    this.#buffer.copy(larger, 0, 0, this.#filled)
    this.#buffer = larger
  }

  async #spill(chunk: Uint8Array): Promise<void> {
    try {
      if (!this.#own) {
        this.#own = await this.#area.segments.createOwn()
        this.#area.held.count -= this.#filled
        this.#indexer = new MessageIndexer()
        this.#indexer.write(this.#buffer.subarray(0, this.#filled))
        await this.#flush()
        this.#buffer = Buffer.allocUnsafeSlow(maxHeldBytes)
      }
      for (let at = 0; at < chunk.length;) {
        if (this.#filled === this.#buffer.length) await this.#flush()
        const piece = chunk.subarray(at, at + this.#buffer.length - this.#filled)
        this.#keep(piece)
        at += piece.length
      }
    } catch (error) {
      throw asStoreFailure(error, 'cannot take in a message')
    }
  }

  /** Where the next octet that is not in the file yet belongs in it. */
  #written = segmentHeaderBytes + recordHeaderBytes

  async #flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#filled)
    this.#crc = crc32(bytes, this.#crc)
    await this.#own?.file.write([bytes], this.#written)
    this.#written += bytes.length
    this.#filled = 0
  }

  async finish(): Promise<Staged> {
    if (this.#over) throw new StoreFailure('closed', 'the message was finished or given up')
    this.#over = true
    const { held, segments } = this.#area
    if (!this.#own || !this.#indexer) {
      const octets = this.#buffer.subarray(0, this.#filled)
      this.#buffer = nothing
      return new Staged(octets, () => {
        held.count -= octets.length
      })
    }
    const { number } = this.#own
    const indexed = this.#indexer.end()
    try {
      await this.#seal()
    } catch (error) {
      this.#forget()
      throw asStoreFailure(error, 'cannot take in a message')
    }
    return new Staged({ indexed, segment: number }, (committed) => {
      if (!committed) segments.remove(number)
    })
  }

  /** Gives the file its headers and makes it durable. */
  async #seal(): Promise<void> {
    if (!this.#own) return
    await this.#flush()
    const { number, file } = this.#own
    const { mark, account, segments } = this.#area
    const header = encodeRecordHeader(mark, {
      type: recordType.message,
      length: this.#size,
      sequence: 0,
      durable: 0,
      message: 0,
      mailbox: 0,
      uid: 0,
      internalDate: 0,
      systemFlags: 0,
      payloadCrc: this.#crc,
    })
    await file.write([encodeSegmentHeader({ mark, number, firstSequence: 0, account }), header], 0)
    await file.sync()
    await segments.disk.syncDirectory(segments.directory)
    file.close()
    this.#own = undefined
    this.#buffer = nothing
  }

  abort(): Promise<void> {
    if (!this.#over) {
      this.#over = true
      this.#forget()
    }
    return Promise.resolve()
  }

  #forget(): void {
    this.#buffer = nothing
    if (!this.#own) {
      this.#area.held.count -= this.#filled
      return
    }
    const { number, file } = this.#own
    this.#own = undefined
    file.close()
    this.#area.segments.remove(number)
  }
}
