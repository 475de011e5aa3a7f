import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import type { Disk, DiskFile } from './disk.ts'
import { ReadAhead } from './read-ahead.ts'
import type { SegmentHeader } from './record.ts'
import { decodeSegmentHeader, encodeSegmentHeader, segmentHeaderBytes } from './record.ts'

/** Files that are open for reading, of all accounts together. */
export class OpenFiles {
  readonly #disk: Disk
  readonly #files: LRUCache<string, DiskFile>
  readonly ahead: ReadAhead = new ReadAhead()

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

/** A segment of the log; the second number says how often it was compacted, if it was. */
const logName = /^(\d{8,10})(?:-(\d{1,9}))?\.seg$/
const ownName = /^(\d{8,10})\.big$/
/** A log segment that is filled with zeros and waits for its turn. */
const spareName = 'spare.tmp'
/** A segment that is being compacted. */
const compactedName = 'compacted.tmp'
/** Zeros written at once when a segment is made. */
const zeros = Buffer.alloc(1024 * 1024)

/** The files of one account that hold its messages: the segments of the log, and large messages each in its own. */
export class Segments {
  readonly directory: string
  readonly disk: Disk
  readonly #files: OpenFiles
  readonly #own = new Set<number>()
  readonly #paths = new Map<number, string>()
  /** How often segments of the log were compacted, where they were. */
  readonly #generations = new Map<number, number>()
  #superseded: string[] = []
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
    this.#paths.clear()
    this.#generations.clear()
    this.#superseded = []
    const logs = new Set<number>()
    for (const name of readdirSync(this.directory)) {
      const [, log, generation = '0'] = logName.exec(name) ?? []
      const own = ownName.exec(name)?.[1]
      if (log !== undefined) {
        this.#found(Number(log), Number(generation), logs.has(Number(log)))
        logs.add(Number(log))
      } else if (own !== undefined) this.#own.add(Number(own))
    }
    this.#logs = [...logs].sort((a, b) => a - b)
    this.#logBytes = this.#logs.reduce((sum, number) => sum + statSync(this.path(number)).size, 0)
    this.#next = Math.max(0, ...this.#logs, ...this.#own, this.#next - 1) + 1
  }

  #found(number: number, generation: number, isKnown: boolean): void {
    const older = isKnown ? Math.min(generation, this.generation(number)) : undefined
    if (older !== undefined) this.#superseded.push(this.#logPath(number, older))
    if (generation > this.generation(number)) this.#generations.set(number, generation)
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
      path = this.#own.has(number)
        ? join(this.directory, ownFileName(number))
        : this.#logPath(number, this.generation(number))
      this.#paths.set(number, path)
    }
    return path
  }

  #logPath(number: number, generation: number): string {
    return join(this.directory, logFileName(number, generation))
  }

  /** How often a segment of the log was compacted. */
  generation(number: number): number {
    return this.#generations.get(number) ?? 0
  }

  /** Files of segments in whose place compacted ones are. */
  get superseded(): readonly string[] {
    return this.#superseded
  }

  /** Removes what a compaction left behind that was cut short. */
  removeSuperseded(): void {
    for (const path of this.#superseded) this.disk.remove(path)
    this.#superseded = []
    this.disk.remove(join(this.directory, compactedName))
  }

  /** Makes the file into which a segment is compacted. */
  createCompacted(): DiskFile {
    const path = join(this.directory, compactedName)
    this.disk.remove(path)
    return this.disk.open(path, 'create')
  }

  removeCompacted(): void {
    this.disk.remove(join(this.directory, compactedName))
  }

  /** Gives the compacted file, which is synced, its name; until {@link useCompacted} the older one is read. */
  async nameCompacted(number: number): Promise<void> {
    const path = this.#logPath(number, this.generation(number) + 1)
    this.disk.rename(join(this.directory, compactedName), path)
    try {
      await this.disk.syncDirectory(this.directory)
    } catch (error) {
      this.disk.remove(path)
      throw error
    }
  }

  /** From now on the compacted file is the segment; returns the path of the older one, which can be removed. */
  useCompacted(number: number): string {
    const older = this.path(number)
    const generation = this.generation(number) + 1
    this.#logBytes += statSync(this.#logPath(number, generation)).size - statSync(older).size
    this.#files.drop(older)
    this.#generations.set(number, generation)
    this.#paths.delete(number)
    return older
  }

  /** For reading messages of files that are written no more. */
  get ahead(): ReadAhead {
    return this.#files.ahead
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
    const number = this.reserveOwn()
    return { number, file: this.disk.open(this.path(number), 'create') }
  }

  /** The number of a file for a large message, which somebody else makes. */
  reserveOwn(): number {
    const number = this.#next++
    this.#own.add(number)
    return number
  }

  remove(number: number): void {
    const path = this.path(number)
    this.#files.drop(path)
    this.disk.remove(path)
    this.#own.delete(number)
    this.#logs = this.#logs.filter((log) => log !== number)
    this.#paths.delete(number)
    this.#generations.delete(number)
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

const digits = (number: number): string => String(number).padStart(8, '0')

/** The name of a segment of the log that was compacted `generation` times. */
export function logFileName(number: number, generation: number): string {
  return `${digits(number)}${generation > 0 ? `-${generation}` : ''}.seg`
}

/** The name of the file of a large message. */
export function ownFileName(number: number): string {
  return `${digits(number)}.big`
}
