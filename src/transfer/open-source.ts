import { emlSource } from './eml-source.ts'
import { isMaildir, maildirSource } from './maildir-source.ts'
import { looksLikeMbox } from './mbox-scan.ts'
import { mboxSource } from './mbox-source.ts'
import { kindOf, listFolder, readStart, sourcePath } from './source-files.ts'
import type { MailFormat, MailSource, MboxKind } from './source.ts'
import { realpath } from 'node:fs/promises'

/** What to read a path as; what is not said is found out. */
export interface OpenOptions {
  readonly format?: MailFormat | 'auto'
  readonly mboxKind?: MboxKind
}

/** Folders below each other that are looked into to find the format. */
const detectDepth = 6

/** Opens mail outside the store. Throws an `Error` with one clear sentence when there is none to be read. */
export async function openSource(path: string, { format = 'auto', mboxKind }: OpenOptions = {}): Promise<MailSource> {
  const real = await realpath(path).catch(() => {
    throw new Error(`${path}: no such file or folder`)
  })
  const source = sourcePath(real)
  const kind = await kindOf(source)
  if (kind === undefined) throw new Error(`${path} is neither a file nor a folder`)
  const isFolder = kind === 'folder'
  switch (format === 'auto' ? await detectFormat(source, isFolder) : format) {
    case 'maildir':
      if (!isFolder) throw new Error(`${path} is a file, and a Maildir is a folder`)
      return maildirSource(source)
    case 'mbox':
      return mboxSource(source, isFolder, mboxKind)
    case 'eml':
      return emlSource(source, isFolder)
    case undefined:
      throw new Error(`${path} has no mail that could be found: no Maildir, no mbox, no .eml`)
  }
}

async function detectFormat(path: string, isFolder: boolean): Promise<MailFormat | undefined> {
  if (isFolder) return detectInFolder(path, 0)
  return looksLikeMbox(await readStart(path, 5)) ? 'mbox' : 'eml'
}

/** The format of the first mail that is found. */
async function detectInFolder(path: string, depth: number): Promise<MailFormat | undefined> {
  if (await isMaildir(path)) return 'maildir'
  const entries = await listFolder(path).catch(() => []) // a folder that cannot be read has no mail for us
  for (const { name, kind } of entries) {
    if (kind !== 'file') continue
    if (/\.eml$/i.test(name)) return 'eml'
    const start = await readStart(`${path}/${name}`, 5).catch(() => Buffer.alloc(0)) // as above
    if (looksLikeMbox(start)) return 'mbox'
  }
  for (const { name, kind } of entries) {
    const found =
      kind === 'folder' && depth < detectDepth ? await detectInFolder(`${path}/${name}`, depth + 1) : undefined
    if (found) return found
  }
  return undefined
}
