import { constants } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'

/**
 * Files of a source. A path is latin1 text, one char an octet, since names of files need not be UTF-8. Links are never
 * followed below the path that the user named: a source from elsewhere must not lead out of itself or in circles.
 */

/** One name in a folder. */
export interface FolderEntry {
  readonly name: string
  readonly kind: 'file' | 'folder' | 'link' | 'other'
}

/** What is known of a file without reading it. */
export interface FileFacts {
  readonly bytes: number
  /** Whole seconds since 1970. */
  readonly modified: number
}

/** Octets read from a file at a time. */
export const readBytes: number = 128 * 1024
/** Folders inside folders, at most. */
export const maxFolderDepth = 40

/** A path as the user gave it, in the form that the functions here take. */
export function sourcePath(path: string): string {
  return Buffer.from(path).toString('latin1')
}

/** A name for people: UTF-8 where it is that, else one char an octet. */
export function readableName(path: string): string {
  const octets = Buffer.from(path, 'latin1')
  const text = new StringDecoder('utf8').end(octets)
  return text.includes('�') ? path : text
}

/** What is in a folder, by name. */
export async function listFolder(path: string): Promise<FolderEntry[]> {
  const entries = await readdir(onDisk(path), { withFileTypes: true, encoding: 'latin1' })
  return entries
    .map((entry): FolderEntry => {
      const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : 'other'
      return { name: entry.name, kind }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The kind of a path, which may be a link here since the user named it; `undefined` when nothing is there. */
export async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const facts = await lstat(onDisk(path)).catch(() => undefined) // nothing there is an answer, too
  return facts?.isDirectory() ? 'folder' : facts?.isFile() ? 'file' : undefined
}

/** Thrown for what has a name like a file and is none: a pipe, a device, a folder. */
export class NotAFile extends Error {
  constructor() {
    super('not a regular file')
    this.name = 'NotAFile'
  }
}

/** Opens a file to read it; refuses links, and does not wait for pipes or devices. */
export async function openFile(path: string): Promise<FileHandle> {
  const file = await open(onDisk(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  const facts = await file.stat()
  if (facts.isFile()) return file
  await file.close()
  throw new NotAFile()
}

/** Size and time of a file. */
export async function fileFacts(path: string): Promise<FileFacts> {
  const facts = await lstat(onDisk(path))
  return { bytes: facts.size, modified: Math.floor(facts.mtimeMs / 1000) }
}

/** The octets of a file up to `end`, in pieces. */
export async function* readOctets(path: string, end: number = Infinity): AsyncGenerator<Buffer> {
  const file = await openFile(path)
  try {
    yield* readRange(file, 0, Math.min(end, (await file.stat()).size))
  } finally {
    await file.close()
  }
}

/** The octets of an open file from `start` to below `end`, in pieces. */
export async function* readRange(file: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end;) {
    const piece = Buffer.allocUnsafe(Math.min(readBytes, end - at))
    const { bytesRead } = await file.read(piece, 0, piece.length, at)
    if (bytesRead === 0) return
    yield piece.subarray(0, bytesRead)
    at += bytesRead
  }
}

/** The first octets of a file. */
export async function readStart(path: string, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of readOctets(path, maxBytes)) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** A file of facts about mail, as UTF-8; `undefined` when it is not there, cannot be read or is over `maxBytes`. */
export async function readSideFile(path: string, maxBytes: number): Promise<string | undefined> {
  try {
    const octets = await readStart(path, maxBytes + 1)
    return octets.length > maxBytes ? undefined : octets.toString('utf8')
  } catch {
    return undefined // side files are optional, and mail is imported without them, too
  }
}

function onDisk(path: string): Buffer {
  return Buffer.from(path, 'latin1')
}
