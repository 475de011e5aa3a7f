import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Disk, DiskFile } from './disk.ts'
import { realDisk } from './disk.ts'

/** What can be made to fail. */
export type DiskAction = 'open' | 'write' | 'sync' | 'syncDirectory'

interface UnsyncedWrite {
  readonly path: string
  readonly position: number
  /** What the file held there before; shorter where it ended. */
  readonly before: Buffer
}

/** Octets that a disk writes whole or not at all. */
const sectorBytes = 512

/** A disk for tests: it can fail, and tell what a loss of power would leave behind. */
export class FaultyDisk implements Disk {
  /** Gives the error with which an action fails, or undefined. */
  fault: (action: DiskAction, path: string) => Error | undefined = () => undefined
  readonly #unsynced = new Set<UnsyncedWrite>()
  readonly #unsyncedNames = new Set<string>()

  open(path: string, mode: 'read' | 'write' | 'create'): DiskFile {
    this.#check('open', path)
    const file = realDisk.open(path, mode)
    if (mode === 'create') this.#unsyncedNames.add(path)
    return {
      path,
      write: (chunks, position) => {
        const bytes = Buffer.concat(chunks)
        const before = Buffer.alloc(bytes.length)
        this.#unsynced.add({ path, position, before: before.subarray(0, file.read(before, position)) })
        const fault = this.fault('write', path)
        if (!fault) return file.write(chunks, position)
        const written = file.write([bytes.subarray(0, bytes.length / 2)], position)
        if (!written) throw fault
        return written.then(() => Promise.reject(fault))
      },
      sync: async () => {
        const written = [...this.#unsynced].filter((write) => write.path === path)
        this.#check('sync', path)
        // What counts as synced is this class's to say, so the real disk is spared; but it takes a while, as there.
        await new Promise((resolve) => setTimeout(resolve, 1))
        for (const write of written) this.#unsynced.delete(write)
      },
      read: (into, position) => file.read(into, position),
      truncate: (length) => file.truncate(length),
      size: () => file.size(),
      close: () => file.close(),
    }
  }

  rename(from: string, to: string): void {
    realDisk.rename(from, to)
    for (const write of [...this.#unsynced].filter(({ path }) => path === from)) {
      this.#unsynced.delete(write)
      this.#unsynced.add({ ...write, path: to })
    }
    this.#unsyncedNames.delete(from)
    this.#unsyncedNames.add(to)
  }

  remove(path: string): void {
    realDisk.remove(path)
    this.#unsyncedNames.delete(path)
    for (const write of this.#unsynced) if (write.path === path) this.#unsynced.delete(write)
  }

  async syncDirectory(path: string): Promise<void> {
    this.#check('syncDirectory', path)
    await new Promise((resolve) => setImmediate(resolve))
    for (const name of this.#unsyncedNames) if (dirname(name) === path) this.#unsyncedNames.delete(name)
  }

  #check(action: DiskAction, path: string): void {
    const fault = this.fault(action, path)
    if (fault) throw fault
  }

  /**
   * Copies `directory` as a loss of power at this moment might leave it: of what is not synced, each sector is there
   * or not as `keeps` says.
   */
  copyAfterPowerLoss(directory: string, copy: string, keeps: () => boolean): void {
    cpSync(directory, copy, { recursive: true })
    const inCopy = (path: string): string => copy + path.slice(directory.length)
    for (const { path, position, before } of [...this.#unsynced].toReversed()) {
      if (!existsSync(inCopy(path))) continue
      const bytes = readFileSync(inCopy(path))
      for (let at = 0; at < before.length; at += sectorBytes - ((position + at) % sectorBytes)) {
        const end = Math.min(before.length, at + sectorBytes - ((position + at) % sectorBytes))
        if (!keeps()) before.copy(bytes, position + at, at, end)
      }
      writeFileSync(inCopy(path), bytes)
    }
    for (const path of this.#unsyncedNames) if (!keeps()) rmSync(inCopy(path), { force: true })
  }
}

/** An error as the system gives it. */
export function systemError(code: 'ENOSPC' | 'EIO'): Error {
  return Object.assign(new Error(code === 'ENOSPC' ? 'no space left on device' : 'i/o error'), { code })
}
