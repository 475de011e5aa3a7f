import * as fs from 'node:fs'
import { promisify } from 'node:util'
import { StoreFailure } from '../store.ts'

/** An open file, as the engine uses it. Tests put another one in its place to lose writes and fill the disk. */
export interface DiskFile {
  readonly path: string
  /** Writes all octets at `position`: at once when they are few, else as a promise. */
  write(chunks: readonly Uint8Array[], position: number): Promise<void> | undefined
  /** Returns once everything written so far survives a loss of power. */
  sync(): Promise<void>
  /** Copies octets from `position` on into `into`; fewer only at the end of the file. */
  read(into: Uint8Array, position: number): number
  truncate(length: number): void
  /** Octets. */
  size(): number
  close(): void
}

/** The file system, as far as the segments need it. */
export interface Disk {
  /** `create` fails when the file is there. */
  open(path: string, mode: 'read' | 'write' | 'create'): DiskFile
  rename(from: string, to: string): void
  remove(path: string): void
  /** Makes the names in a directory survive a loss of power. */
  syncDirectory(path: string): Promise<void>
}

/** Octets that are copied into the page cache on the event loop; more than that goes to a thread. */
const synchronousBytes = 128 * 1024

const fdatasync = promisify(fs.fdatasync)
const writev = promisify(fs.writev)

class RealFile implements DiskFile {
  readonly path: string
  readonly #fd: number

  constructor(path: string, flags: string) {
    this.path = path
    this.#fd = fs.openSync(path, flags)
  }

  write(chunks: readonly Uint8Array[], position: number): Promise<void> | undefined {
    let total = 0
    for (const chunk of chunks) total += chunk.length
    if (total > synchronousBytes) return this.#writeInThread(chunks, total, position)
    let rest = chunks
    for (let done = 0; done < total;) {
      const written = fs.writevSync(this.#fd, rest, position + done)
      done += written
      if (done < total) rest = without(rest, written)
    }
    return undefined
  }

  async #writeInThread(chunks: readonly Uint8Array[], total: number, position: number): Promise<void> {
    let rest = chunks
    for (let done = 0; done < total;) {
      const { bytesWritten } = await writev(this.#fd, rest, position + done)
      done += bytesWritten
      if (done < total) rest = without(rest, bytesWritten)
    }
  }

  sync(): Promise<void> {
    return fdatasync(this.#fd)
  }

  read(into: Uint8Array, position: number): number {
    let done = 0
    while (done < into.length) {
      const got = fs.readSync(this.#fd, into, done, into.length - done, position + done)
      if (got === 0) break
      done += got
    }
    return done
  }

  truncate(length: number): void {
    fs.ftruncateSync(this.#fd, length)
  }

  size(): number {
    return fs.fstatSync(this.#fd).size
  }

  close(): void {
    fs.closeSync(this.#fd)
  }
}

/** What is left of `chunks` once their first `count` octets are gone. */
function without(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = []
  let skip = count
  for (const chunk of chunks) {
    if (skip < chunk.length) rest.push(skip > 0 ? chunk.subarray(skip) : chunk)
    skip = Math.max(0, skip - chunk.length)
  }
  return rest
}

const openFlags = { read: 'r', write: 'r+', create: 'wx+' } as const

/** The disk of this machine. */
export const realDisk: Disk = {
  open: (path, mode) => new RealFile(path, openFlags[mode]),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (path) => fs.rmSync(path, { force: true }),
  async syncDirectory(path) {
    const fd = fs.openSync(path, 'r')
    try {
      await promisify(fs.fsync)(fd)
    } finally {
      fs.closeSync(fd)
    }
  },
}

/** `error` as the kind of failure that a store reports; `what` says in a few words what was being done. */
export function asStoreFailure(error: unknown, what: string): StoreFailure {
  if (error instanceof StoreFailure) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL'
  const damaged = code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')
  const text = error instanceof Error ? error.message : String(error)
  return new StoreFailure(full ? 'disk-full' : damaged ? 'damaged' : 'io', `${what}: ${text}`, { cause: error })
}
