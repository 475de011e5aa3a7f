/** The work of indexing, as a thread does it: reading mail and writing runs. Nothing here waits for anybody. */
import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { fold } from '../../../mime/casemap.ts'
import { FoldedText } from '../../../mime/folded-text.ts'
import { maxHeaderOctets } from '../../../mime/limits.ts'
import type { Part } from '../../../mime/message.ts'
import { decodeParts } from '../../../mime/parts.ts'
import { bodyText, headerText, partsOf, type ReadOctets } from '../../../mime/searchable.ts'
import {
  type RunHead,
  type RunHeader,
  type RunRange,
  RunReader,
  RunWriter,
  runName,
  unfinishedToken,
} from './run-file.ts'
import { TokenBatch, type Tokens } from './tokens.ts'

/** A message that is to be indexed, and where its octets are. */
export interface IndexedPlace {
  readonly message: number
  readonly path: string
  /** Of its first octet in the file. */
  readonly offset: number
  /** Octets. */
  readonly size: number
  /** As `encodeParts` wrote them. */
  readonly parts: Uint8Array
}

/** Index these messages. */
export interface BuildJob {
  readonly kind: 'build'
  readonly directory: string
  readonly mark: Uint8Array
  readonly range: RunRange
  readonly places: readonly IndexedPlace[]
  /** Not 0 as soon as nobody wants the result any more. */
  readonly cancelled: Int32Array
}

/** Make one run of several that follow on each other. */
export interface MergeJob {
  readonly kind: 'merge'
  readonly directory: string
  readonly mark: Uint8Array
  readonly headers: readonly RunHeader[]
  readonly cancelled: Int32Array
}

/** Octets of a message that are read at once. */
const windowBytes = 256 * 1024
/** Tokens, or messages, between two looks at whether the work is wanted still. */
const lookEvery = 1024

/** Does a job; false when it was cancelled. Throws what `fs` throws, and `StoreFailure` (`damaged`). */
export async function runJob(job: BuildJob | MergeJob): Promise<boolean> {
  return job.kind === 'build' ? build(job) : merge(job)
}

async function build({ directory, mark, range, places, cancelled }: BuildJob): Promise<boolean> {
  const batch = new TokenBatch()
  const files = new LastFile()
  try {
    for (const { message, path, offset, size, parts } of places) {
      if (Atomics.load(cancelled, 0) !== 0) return false
      const isWhole = files.open(path)
      if (isWhole) await addMessage(batch, message, decodeParts(parts), files.reader(offset, size))
      if (isWhole && !files.cameUpShort) continue
      // A file that is gone was that of an expunged message, or its messages lie in another by now.
      batch.giveUp(2 * message)
      batch.giveUp(2 * message + 1)
    }
  } finally {
    files.close()
  }
  writeRun(join(directory, runName(range)), range, Buffer.from(mark), batch.finish())
  return true
}

/** Adds the very text that a search without an index would look at. */
async function addMessage(batch: TokenBatch, message: number, root: Part, read: ReadOctets): Promise<void> {
  batch.begin(2 * message)
  const text = new FoldedText([1])
  const endText = (): void => {
    for (const piece of text.end()) batch.add(piece)
    batch.endText()
  }
  for await (const piece of bodyText(root, read)) {
    if (piece.startsAnew) endText()
    for (const folded of text.add(piece)) batch.add(folded)
  }
  endText()
  batch.begin(2 * message + 1)
  for (const part of partsOf(root)) {
    const end = Math.min(part.bodyStart, part.headerStart + maxHeaderOctets)
    if (end === part.headerStart) continue
    const header = await read(part.headerStart, end)
    batch.add(fold(headerText(Buffer.from(header.buffer, header.byteOffset, header.byteLength))))
    batch.endText()
  }
}

/** The file that was read last stays open: mail that came together lies together. */
class LastFile {
  /** Whether octets of the last message were missing. */
  cameUpShort = false
  #path: string | undefined
  #fd = -1
  readonly #window: Buffer = Buffer.allocUnsafe(windowBytes)

  /** Whether the file is there. */
  open(path: string): boolean {
    if (this.#path === path) return true
    this.close()
    try {
      this.#fd = openSync(path, 'r')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
      throw error
    }
    this.#path = path
    return true
  }

  /** Reads octets of a message; they are valid until the next call. */
  reader(offset: number, size: number): ReadOctets {
    let first = 0
    let filled = 0
    this.cameUpShort = false
    return (start, end) => {
      if (start < first || end > filled) {
        first = start
        const wanted = Math.min(windowBytes, size - start)
        filled = start + readSync(this.#fd, this.#window, 0, wanted, offset + start)
        if (filled < Math.min(end, start + wanted)) this.cameUpShort = true
      }
      return this.#window.subarray(start - first, Math.min(end, filled) - first)
    }
  }

  close(): void {
    if (this.#path !== undefined) closeSync(this.#fd)
    this.#path = undefined
  }
}

function writeRun(
  path: string,
  range: RunRange,
  mark: Buffer,
  { tokens, starts, documents, unfinished }: Tokens,
): void {
  write(path, range, mark, (writer) => {
    if (unfinished.length > 0) writer.token(unfinishedToken)
    for (const document of unfinished) writer.document(document)
    for (const [n, token] of tokens.entries()) {
      writer.token(token)
      for (let at = starts[n]!; at < starts[n + 1]!; at++) writer.document(documents[at]!) // inside bounds
    }
  })
}

function write(path: string, range: RunRange, mark: Buffer, fill: (writer: RunWriter) => void | false): boolean {
  const writer = new RunWriter(path, range)
  try {
    if (fill(writer) !== false) {
      writer.finish(mark)
      return true
    }
  } catch (error) {
    writer.abort()
    throw error
  }
  writer.abort()
  return false
}

/** One of the runs that are merged, and how far it was read. */
interface Source {
  readonly reader: RunReader
  readonly head: RunHead
  at: number
}

function tokenAt({ head, at }: Source): Buffer {
  // Inside bounds: only asked of sources that are not at their end. A line end stands behind the token.
  return head.dictionary.subarray(head.tokenStarts[at], head.tokenStarts[at + 1]! - 1)
}

async function merge({ directory, mark, headers, cancelled }: MergeJob): Promise<boolean> {
  const last = headers.at(-1)
  if (!headers[0] || !last) return true
  const range: RunRange = { ...last, first: headers[0].first }
  const readers: RunReader[] = []
  try {
    const sources: Source[] = []
    for (const header of headers) {
      const reader = new RunReader(join(directory, runName(header)), header)
      readers.push(reader)
      sources.push({ reader, head: await reader.readHead(() => undefined), at: 0 })
    }
    return write(join(directory, runName(range)), range, Buffer.from(mark), (writer) => {
      let open = sources.filter(({ reader }) => reader.header.tokens > 0)
      for (let done = 0; open.length > 0; done++) {
        if (done % lookEvery === 0 && Atomics.load(cancelled, 0) !== 0) return false
        let least: Buffer | undefined
        let smallest: Source[] = []
        for (const source of open) {
          const token = tokenAt(source)
          const order = least ? token.compare(least) : -1
          if (order < 0) least = token
          if (order < 0) smallest = []
          if (order <= 0) smallest.push(source)
        }
        if (!least) break
        writer.token(least)
        let isOver = false
        for (const source of smallest) {
          source.reader.documents(source.head, source.at, (document) => writer.document(document))
          source.at++
          if (source.at === source.reader.header.tokens) isOver = true
        }
        if (isOver) open = open.filter(({ reader, at }) => at < reader.header.tokens)
      }
      return undefined
    })
  } finally {
    for (const reader of readers) reader.close()
  }
}
