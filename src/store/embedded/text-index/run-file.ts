/**
 * A run: the tokens of a range of messages in one file that never changes. A header; then for each token the documents
 * it is in; then the head, which is read as a whole: where each token and its documents start, a checksum for each
 * block of the documents, and the dictionary, all tokens with a line end before and behind each. Numbers are
 * little-endian. Document `2 * n` is the text of message n without its headers, `2 * n + 1` is its headers.
 */
import { closeSync, fdatasyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { type Breathe, StoreFailure } from '../../store.ts'

/** Octets of the header. */
const headerBytes = 64
/** The kind of file, and which way its tokens were made. */
const magic = 'crsptxt2'
/** Octets of documents that have a checksum of their own. */
export const blockBytes: number = 16 * 1024
/** Octets of a head that are read in one go. */
const sliceBytes = 1024 * 1024
/** The name in the dictionary for documents of which not all was looked at: no text has such a token. */
export const unfinishedToken: Buffer = Buffer.of(1)
const lineFeed = 0x0a

/** What the header says. */
export interface RunHeader {
  /** Messages from this number... */
  readonly first: number
  /** ... to below this one. */
  readonly end: number
  readonly tokens: number
  readonly postingBytes: number
  readonly dictionaryBytes: number
  readonly headCrc: number
  /** The last message that was there, and the checksum of its octets: they say whether the run is of this mail. */
  readonly lastMessage: number
  readonly lastCrc: number
}

/** What a run is written from. */
export type RunRange = Pick<RunHeader, 'first' | 'end' | 'lastMessage' | 'lastCrc'>

function encodeHeader(mark: Buffer, header: RunHeader): Buffer {
  const bytes = Buffer.alloc(headerBytes)
  bytes.write(magic, 'latin1')
  mark.copy(bytes, 8, 0, 8)
  const { first, end, tokens, postingBytes, dictionaryBytes, headCrc, lastMessage, lastCrc } = header
  const numbers = [first, end, tokens, postingBytes, dictionaryBytes, headCrc, lastMessage, lastCrc]
  numbers.forEach((number, n) => bytes.writeUInt32LE(number, 16 + 4 * n))
  bytes.writeUInt32LE(crc32(bytes.subarray(0, headerBytes - 4)), headerBytes - 4)
  return bytes
}

function decodeHeader(mark: Buffer, bytes: Buffer): RunHeader | undefined {
  if (bytes.toString('latin1', 0, 8) !== magic || mark.compare(bytes, 8, 16) !== 0) return undefined
  if (crc32(bytes.subarray(0, headerBytes - 4)) !== bytes.readUInt32LE(headerBytes - 4)) return undefined
  const number = (n: number): number => bytes.readUInt32LE(16 + 4 * n)
  return {
    first: number(0),
    end: number(1),
    tokens: number(2),
    postingBytes: number(3),
    dictionaryBytes: number(4),
    headCrc: number(5),
    lastMessage: number(6),
    lastCrc: number(7),
  }
}

function blocksIn({ postingBytes }: RunHeader): number {
  return Math.ceil(postingBytes / blockBytes)
}

function headBytes(header: RunHeader): number {
  return 8 * (header.tokens + 1) + 4 * blocksIn(header) + header.dictionaryBytes
}

/** The name of the file for these messages. */
export function runName({ first, end }: Pick<RunHeader, 'first' | 'end'>): string {
  return `${String(first).padStart(10, '0')}-${String(end).padStart(10, '0')}.run`
}

/** Reads a run's header; undefined when the file is not whole, or not one of this account. Throws what `fs` throws. */
export function readRunHeader(path: string, mark: Buffer): RunHeader | undefined {
  const bytes = Buffer.alloc(headerBytes + 1)
  const fd = openSync(path, 'r')
  try {
    if (readSync(fd, bytes, 0, headerBytes, 0) < headerBytes) return undefined
    const header = decodeHeader(mark, bytes.subarray(0, headerBytes))
    if (!header || header.first >= header.end) return undefined
    // The last octet is there, and none behind it.
    const last = headerBytes + header.postingBytes + headBytes(header) - 1
    return readSync(fd, bytes, 0, 2, last) === 1 ? header : undefined
  } finally {
    closeSync(fd)
  }
}

/** The head of a run, which is what a search goes through. */
export interface RunHead {
  /** Everything, to be kept. */
  readonly bytes: Buffer
  /** By token, where it starts in the dictionary; one more at the end. */
  readonly tokenStarts: Uint32Array
  /** By token, where its documents start among all; one more at the end. */
  readonly postingStarts: Uint32Array
  readonly blockCrcs: Uint32Array
  readonly dictionary: Buffer
}

/** The parts of a head. `bytes` start at a place that is a multiple of four. */
export function runHead(header: RunHeader, bytes: Buffer): RunHead {
  const { tokens } = header
  const numbers = (at: number, count: number): Uint32Array =>
    new Uint32Array(bytes.buffer, bytes.byteOffset + at, count)
  const blocks = blocksIn(header)
  return {
    bytes,
    tokenStarts: numbers(0, tokens + 1),
    postingStarts: numbers(4 * (tokens + 1), tokens + 1),
    blockCrcs: numbers(8 * (tokens + 1), blocks),
    dictionary: bytes.subarray(8 * (tokens + 1) + 4 * blocks),
  }
}

/** A run that is open for reading. */
export class RunReader {
  readonly path: string
  readonly header: RunHeader
  readonly #fd: number
  readonly #block: Buffer = Buffer.allocUnsafe(blockBytes)
  #blockNumber = -1

  /** Throws what `fs` throws. */
  constructor(path: string, header: RunHeader) {
    this.path = path
    this.header = header
    this.#fd = openSync(path, 'r')
  }

  /** Reads the head. Throws `StoreFailure` (`damaged`), and whatever `breathe` rejects with. */
  async readHead(breathe: Breathe): Promise<RunHead> {
    const bytes = Buffer.allocUnsafeSlow(headBytes(this.header))
    let crc = 0
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      const slice = bytes.subarray(at, at + sliceBytes)
      this.#read(slice, headerBytes + this.header.postingBytes + at)
      crc = crc32(slice, crc)
      const turn = breathe()
      if (turn) await turn
    }
    if (crc !== this.header.headCrc) throw this.#damage()
    return runHead(this.header, bytes)
  }

  /** The documents of a token, ascending, handed to `take`. Throws `StoreFailure` (`damaged`). */
  documents(head: RunHead, token: number, take: (document: number) => void): void {
    let at = head.postingStarts[token]! // inside bounds by contract
    const end = head.postingStarts[token + 1]!
    let document = 2 * this.header.first
    for (let delta = 0, shift = 0; at < end;) {
      const number = Math.floor(at / blockBytes)
      if (number !== this.#blockNumber) this.#readBlock(head, number)
      const blockStart = number * blockBytes
      const stop = Math.min(end, blockStart + blockBytes)
      for (; at < stop; at++) {
        const octet = this.#block[at - blockStart]!
        delta += (octet & 0x7f) * 2 ** shift
        if (octet >= 0x80) {
          shift += 7
          continue
        }
        document += delta
        take(document)
        delta = shift = 0
      }
    }
  }

  #readBlock(head: RunHead, number: number): void {
    this.#blockNumber = -1
    const length = Math.min(blockBytes, this.header.postingBytes - number * blockBytes)
    const block = this.#block.subarray(0, length)
    this.#read(block, headerBytes + number * blockBytes)
    if (crc32(block) !== head.blockCrcs[number]) throw this.#damage()
    this.#blockNumber = number
  }

  #read(into: Buffer, position: number): void {
    for (let done = 0; done < into.length;) {
      const got = readSync(this.#fd, into, done, into.length - done, position + done)
      if (got === 0) throw this.#damage()
      done += got
    }
  }

  #damage(): StoreFailure {
    return new StoreFailure('damaged', `${this.path} is damaged`)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** Writes a run: token after token, ascending, and for each of them its documents. */
export class RunWriter {
  readonly #path: string
  readonly #range: RunRange
  readonly #fd: number
  #block: Buffer = Buffer.allocUnsafe(blockBytes)
  #inBlock = 0
  #postings = 0
  readonly #blockCrcs: number[] = []
  #tokens = 0
  #tokenStarts: Uint32Array = new Uint32Array(4096)
  #postingStarts: Uint32Array = new Uint32Array(4096)
  #dictionary: Buffer = Buffer.allocUnsafe(64 * 1024)
  #filled = 1
  #lastDocument = 0

  /** The file gets its name when it is complete. Throws what `fs` throws, as all methods do. */
  constructor(path: string, range: RunRange) {
    this.#path = path
    this.#range = range
    this.#fd = openSync(`${path}.new`, 'w', 0o600)
    this.#dictionary[0] = lineFeed
  }

  token(octets: Buffer): void {
    if (this.#tokens + 2 > this.#tokenStarts.length) {
      this.#tokenStarts = doubled(this.#tokenStarts)
      this.#postingStarts = doubled(this.#postingStarts)
    }
    if (this.#filled + octets.length + 1 > this.#dictionary.length) {
      const larger = Buffer.allocUnsafe(2 * this.#dictionary.length)
      this.#dictionary.copy(larger, 0, 0, this.#filled)
      this.#dictionary = larger
    }
    this.#tokenStarts[this.#tokens] = this.#filled
    this.#postingStarts[this.#tokens++] = this.#postings
    this.#filled += octets.copy(this.#dictionary, this.#filled)
    this.#dictionary[this.#filled++] = lineFeed
    this.#lastDocument = 2 * this.#range.first
  }

  /** A document of the token that came last; they are ascending. */
  document(number: number): void {
    let delta = number - this.#lastDocument
    this.#lastDocument = number
    for (; delta >= 0x80; delta = Math.floor(delta / 0x80)) this.#octet((delta % 0x80) | 0x80)
    this.#octet(delta)
  }

  #octet(octet: number): void {
    if (this.#inBlock === blockBytes) this.#endBlock()
    this.#block[this.#inBlock++] = octet
    this.#postings++
  }

  #endBlock(): void {
    const block = this.#block.subarray(0, this.#inBlock)
    this.#blockCrcs.push(crc32(block))
    writeSync(this.#fd, block, 0, block.length, headerBytes + this.#postings - block.length)
    this.#inBlock = 0
  }

  /** Completes the file and makes it durable. */
  finish(mark: Buffer): void {
    if (this.#inBlock > 0) this.#endBlock()
    this.#tokenStarts[this.#tokens] = this.#filled
    this.#postingStarts[this.#tokens] = this.#postings
    const head = Buffer.concat([
      octetsOf(this.#tokenStarts.subarray(0, this.#tokens + 1)),
      octetsOf(this.#postingStarts.subarray(0, this.#tokens + 1)),
      octetsOf(Uint32Array.from(this.#blockCrcs)),
      this.#dictionary.subarray(0, this.#filled),
    ])
    writeSync(this.#fd, head, 0, head.length, headerBytes + this.#postings)
    const header = encodeHeader(mark, {
      ...this.#range,
      tokens: this.#tokens,
      postingBytes: this.#postings,
      dictionaryBytes: this.#filled,
      headCrc: crc32(head),
    })
    writeSync(this.#fd, header, 0, header.length, 0)
    fdatasyncSync(this.#fd)
    renameSync(`${this.#path}.new`, this.#path)
    closeSync(this.#fd)
  }

  /** Gives the file up, unless it is complete. */
  abort(): void {
    closeSync(this.#fd)
    rmSync(`${this.#path}.new`, { force: true })
  }
}

function doubled(numbers: Uint32Array): Uint32Array {
  const larger = new Uint32Array(2 * numbers.length)
  larger.set(numbers)
  return larger
}

function octetsOf(numbers: Uint32Array): Buffer {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}
