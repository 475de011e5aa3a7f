import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import type { Disk, DiskFile } from './disk.ts'
import type { SegmentHeader } from './record.ts'
import { decodeSegmentHeader, encodeSegmentHeader, segmentHeaderBytes } from './record.ts'

/** Files that are open for reading, of all accounts together. */
export class OpenFiles {
  readonly #disk: Disk
  readonly #files: LRUCache<string, DiskFile>

  /** Keeps at most `max` files open. */
  constructor(disk: Disk, max: number) {
    this.#disk = disk
    this.#files = new LRUCache({ max, dispose: (file) => file.close() })
  }

  get(path: string): DiskFile {
    const open = this.#files.get(path)
    if (open) return open
    const file = this.#disk.open(path, 'read')
    this.#files.set(path, file)
    return file
  }

  /** Closes a file that is about to go away. */
  drop(path: string): void {
    this.#files.delete(path)
  }

  /** Closes all files below a directory, or all there are. */
  close(directory?: string): void {
    for (const path of Array.from(this.#files.keys())) {
      if (directory === undefined || path.startsWith(directory)) this.#files.delete(path)
    }
  }
}

const logName = /^(\d{8,10})\.seg$/
const ownName = /^(\d{8,10})\.big$/
/** A log segment that is filled with zeros and waits for its turn. */
const spareName = 'spare.tmp'
/** Zeros written at once when a segment is made. */
const zeros = Buffer.alloc(1024 * 1024)

/** The files of one account that hold its messages: the segments of the log, and large messages each in its own. */
export class Segments {
  readonly directory: string
  readonly disk: Disk
  readonly #files: OpenFiles
  readonly #own = new Set<number>()
  readonly #paths = new Map<number, string>()
  #logs: number[] = []
  #logBytes = 0
  #next = 1

  constructor(directory: string, disk: Disk, files: OpenFiles) {
    this.directory = directory
    this.disk = disk
    this.#files = files
    mkdirSync(directory, { recursive: true })
    this.list()
  }

  /** Looks at the directory again. */
  list(): void {
    this.#own.clear()
    this.#logs = []
    for (const name of readdirSync(this.directory)) {
      const log = logName.exec(name)?.[1]
      const own = ownName.exec(name)?.[1]
      if (log !== undefined) this.#logs.push(Number(log))
      else if (own !== undefined) this.#own.add(Number(own))
    }
    this.#logs.sort((a, b) => a - b)
    this.#logBytes = this.#logs.reduce((sum, number) => sum + statSync(this.path(number)).size, 0)
    this.#next = Math.max(0, ...this.#logs, ...this.#own, this.#next - 1) + 1
  }

  /** The numbers of the log's segments, ascending. */
  get logs(): readonly number[] {
    return this.#logs
  }

  /** Octets of all the log's segments. */
  get logBytes(): number {
    return this.#logBytes
  }

  /** The numbers of the files that hold one message each. */
  get ownFiles(): ReadonlySet<number> {
    return this.#own
  }

  path(number: number): string {
    let path = this.#paths.get(number)
    if (path === undefined) {
      path = join(this.directory, String(number).padStart(8, '0') + (this.#own.has(number) ? '.big' : '.seg'))
      this.#paths.set(number, path)
    }
    return path
  }

  /** The file, open for reading. */
  file(number: number): DiskFile {
    return this.#files.get(this.path(number))
  }

  /** The header of a segment; undefined when it is damaged or not yet written. */
  header(number: number): SegmentHeader | undefined {
    const bytes = Buffer.alloc(segmentHeaderBytes)
    this.file(number).read(bytes, 0)
    const header = decodeSegmentHeader(bytes)
    return header?.number === number ? header : undefined
  }

  /** Makes the file of a large message; its header is still to be written. */
  createOwn(): { number: number; file: DiskFile } {
    const number = this.#next++
    this.#own.add(number)
    return { number, file: this.disk.open(this.path(number), 'create') }
  }

  remove(number: number): void {
    const path = this.path(number)
    this.#files.drop(path)
    this.disk.remove(path)
    this.#own.delete(number)
    this.#logs = this.#logs.filter((log) => log !== number)
    this.#paths.delete(number)
  }

  /** Makes the zeros of the next segment: ahead of time and synced, or in haste, when the next sync has to do. */
  async prepareSpare(bytes: number, inHaste: boolean): Promise<void> {
    const path = join(this.directory, spareName)
    this.disk.remove(path)
    const file = this.disk.open(path, 'create')
    try {
      for (let at = 0; at < bytes; at += zeros.length) {
        await file.write([zeros.subarray(0, Math.min(zeros.length, bytes - at))], at)
      }
      if (!inHaste) await file.sync()
    } catch (error) {
      this.disk.remove(path)
      throw error
    } finally {
      file.close()
    }
  }

  /** Makes the prepared spare the log's next segment; the header is written but not synced. */
  async takeSpare(mark: Buffer, firstSequence: number, account: string): Promise<{ number: number; file: DiskFile }> {
    const number = this.#next++
    const path = this.path(number)
    this.disk.rename(join(this.directory, spareName), path)
    const file = this.disk.open(path, 'write')
    try {
      await file.write([encodeSegmentHeader({ mark, number, firstSequence, account })], 0)
      await this.disk.syncDirectory(this.directory)
    } catch (error) {
      file.close()
      this.remove(number)
      throw error
    }
    this.#logs.push(number)
    this.#logBytes += file.size()
    return { number, file }
  }

  /** Closes the files that are open for reading. */
  close(): void {
    this.#files.close(this.directory)
  }

  removeSpare(): void {
    this.disk.remove(join(this.directory, spareName))
  }
}
