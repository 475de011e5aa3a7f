import type { FileHandle } from 'node:fs/promises'
import { parseDate } from '../mime/index.ts'
import { FileWindow } from './file-window.ts'
import { flagsOfFields } from './flags-in-files.ts'
import { FromLines } from './from-lines.ts'
import type { FromQuoting } from './from-lines.ts'
import { readManifest } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import { detectMboxKind, looksLikeMbox, scanMbox } from './mbox-scan.ts'
import type { MboxExtent } from './mbox-scan.ts'
import { fileFacts, listFolder, maxFolderDepth, openFile, readableName, readRange, readStart } from './source-files.ts'
import type { MailSource, MboxKind, ReportProblem, SourceMailbox, SourceMessage } from './source.ts'
import { WireForm } from './wire-form.ts'

interface MboxFile {
  readonly path: string
  /** Relative to what the user named. */
  readonly relative: string
  readonly name: string
}

/**
 * One mbox file, or a folder of them, also as Thunderbird (`Name.sbd` holds what is below `Name`) and Apple Mail
 * (`Name.mbox/mbox`) keep them. Without a `kind` each file's own is found out.
 */
export async function mboxSource(path: string, isFolder: boolean, kind?: MboxKind): Promise<MailSource> {
  const manifest = isFolder ? await readManifest(path) : undefined
  return {
    format: 'mbox',
    async totals() {
      let octets = 0
      for await (const file of mboxFiles(path, isFolder, () => {})) octets += (await fileFacts(file.path)).bytes
      return { octets, messages: undefined }
    },
    async *mailboxes(report) {
      for await (const file of mboxFiles(path, isFolder, report)) yield await mailboxOf(file, kind, manifest, report)
    },
  }
}

async function* mboxFiles(path: string, isFolder: boolean, report: ReportProblem): AsyncGenerator<MboxFile> {
  if (isFolder) yield* filesBelow(path, '', '', 0, report)
  else yield { path, relative: '', name: nameOfFile(path.slice(path.lastIndexOf('/') + 1)) }
}

async function* filesBelow(
  root: string,
  relative: string,
  above: string,
  depth: number,
  report: ReportProblem,
): AsyncGenerator<MboxFile> {
  const entries = await listFolder(root + relative)
  // Files first, so that a mailbox comes before those below it.
  for (const { name, kind } of entries) {
    const below = `${relative}/${name}`
    const path = root + below
    if (kind === 'link') report(readableName(below), 'is a link, which is not followed')
    if (kind !== 'file' || name.startsWith('.')) continue
    try {
      const { bytes } = await fileFacts(path)
      const isMbox = bytes === 0 ? name.endsWith('.mbox') : looksLikeMbox(await readStart(path, 5))
      // What Apple Mail calls `mbox` is the mail of the folder around it.
      const own = name === 'mbox' && relative.endsWith('.mbox') ? above.slice(0, -1) : above + nameOfFile(name)
      if (isMbox) yield { path, relative: below.slice(1), name: own }
    } catch (failure) {
      report(readableName(below), String(failure)) // one file that cannot be read is no reason to leave the others
    }
  }
  for (const { name, kind } of entries) {
    if (kind !== 'folder' || depth >= maxFolderDepth || name.startsWith('.')) continue
    const below = `${relative}/${name}`
    try {
      yield* filesBelow(root, below, above + nameOfFile(name) + '/', depth + 1, report)
    } catch (failure) {
      report(readableName(below), String(failure)) // as above
    }
  }
}

function nameOfFile(file: string): string {
  const name = readableName(file).replace(/\.(?:mbox|mbx|sbd)$/i, '')
  return /^(?:mbox|inbox)$/i.test(name) ? 'INBOX' : name
}

async function mailboxOf(
  { path, relative, name }: MboxFile,
  kind: MboxKind | undefined,
  manifest: Manifest | undefined,
  report: ReportProblem,
): Promise<SourceMailbox> {
  const known = manifest?.get(readableName(relative))
  const base = await uidBase(path).catch((failure: unknown) => {
    report(readableName(path), String(failure))
    return undefined
  })
  return {
    name: known?.name ?? name,
    uidValidity: known?.uidValidity ?? base,
    specialUse: known?.specialUse ?? [],
    subscribed: known?.subscribed ?? false,
    messages: () => messagesOf(path, kind),
  }
}

/** UIDVALIDITY as the first message tells it in X-IMAPbase or X-IMAP. */
async function uidBase(path: string): Promise<number | undefined> {
  return withWindow(path, async (file) => {
    for await (const { fields } of scanMbox(file, 'mboxcl2')) {
      const [validity] = (fields.get('x-imapbase') ?? fields.get('x-imap') ?? '').split(' ')
      return /^\d{1,10}$/.test(validity ?? '') ? Number(validity) : undefined
    }
    return undefined
  })
}

async function* messagesOf(path: string, kind: MboxKind | undefined): AsyncGenerator<SourceMessage> {
  const handle = await openFile(path)
  try {
    const file = new FileWindow(handle, (await handle.stat()).size)
    const ownKind = kind ?? (await detectMboxKind(file))
    let number = 0
    for await (const extent of scanMbox(file, ownKind)) {
      number++
      if (!isInternalData(extent)) yield messageOf(path, handle, number, extent, ownKind)
    }
  } finally {
    await handle.close()
  }
}

function messageOf(path: string, file: FileHandle, number: number, extent: MboxExtent, kind: MboxKind): SourceMessage {
  const { fromLine, start, end, marker, fields } = extent
  const uid = fields.get('x-uid') ?? ''
  const quoting = marker?.quoting ?? quotingOf[kind]
  return {
    label: `${readableName(path)}, message ${number} at octet ${start}`,
    flags: flagsOfFields(fields),
    internalDate: marker?.date ?? dateOf(fromLine) ?? parseDate(fields.get('date') ?? '')?.seconds,
    uid: /^\d{1,10}$/.test(uid) && Number(uid) > 0 ? Number(uid) : undefined,
    fileBytes: end - start,
    octets: () => octetsOf(file, start, end, quoting, marker?.lineEnds === 'exact'),
  }
}

async function* octetsOf(
  file: FileHandle,
  start: number,
  end: number,
  quoting: FromQuoting,
  exact: boolean,
): AsyncGenerator<Buffer> {
  const lines = new FromLines('unquote', quoting)
  const wire = new WireForm()
  for await (const piece of readRange(file, start, end)) {
    const unquoted = lines.push(piece)
    yield exact ? unquoted : wire.push(unquoted)
  }
  const rest = lines.finish()
  yield exact ? rest : wire.push(rest)
}

const quotingOf: Readonly<Record<MboxKind, FromQuoting>> = { mboxo: 'o', mboxrd: 'rd', mboxcl: 'o', mboxcl2: 'none' }

/** The date of a `From ` line, which is in UTC (RFC 4155 §A) unless it names a zone. */
function dateOf(fromLine: string): number | undefined {
  const [, , ...rest] = fromLine.split(' ')
  return parseDate(rest.join(' '))?.seconds
}

/** The message that the University of Washington's servers keep at the start of a file for themselves. */
function isInternalData({ fields }: MboxExtent): boolean {
  return fields.has('x-imap') && /FOLDER INTERNAL DATA/.test(fields.get('subject') ?? '')
}

async function withWindow<T>(path: string, use: (file: FileWindow) => Promise<T>): Promise<T> {
  const handle = await openFile(path)
  try {
    return await use(new FileWindow(handle, (await handle.stat()).size))
  } finally {
    await handle.close()
  }
}
