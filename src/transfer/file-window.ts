import type { FileHandle } from 'node:fs/promises'
import { readBytes } from './source-files.ts'

/** Random access to a file of any size through one buffer. */
export class FileWindow {
  readonly #file: FileHandle
  readonly size: number
  #start = 0
  #octets: Buffer = Buffer.alloc(0)

  constructor(file: FileHandle, size: number) {
    this.#file = file
    this.size = size
  }

  /** Octets from `at` on: `length`, or as many as there are. Good until the next call. */
  async bytes(at: number, length: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(length, this.size - at))
    if (at < this.#start || at + wanted > this.#start + this.#octets.length) await this.#load(at, wanted)
    return this.#octets.subarray(at - this.#start, at - this.#start + wanted)
  }

  /** Where `needle` is found first from `at` on; -1 when nowhere. */
  async find(needle: string, at: number): Promise<number> {
    for (let from = at; from + needle.length <= this.size;) {
      await this.bytes(from, needle.length)
      const found = this.#octets.indexOf(needle, from - this.#start, 'latin1')
      if (found !== -1) return this.#start + found
      const next = this.#start + this.#octets.length - needle.length + 1
      if (next <= from) return -1
      from = next
    }
    return -1
  }

  async #load(at: number, length: number): Promise<void> {
    const octets = Buffer.allocUnsafe(Math.max(readBytes, length))
    let filled = 0
    while (filled < octets.length) {
      const { bytesRead } = await this.#file.read(octets, filled, octets.length - filled, at + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    this.#start = at
    this.#octets = octets.subarray(0, filled)
  }
}
