import { fieldValue, headerFields, parseDate } from '../mime/index.ts'
import { flagSetOf, noFlags } from '../model/flags.ts'
import type { FlagSet } from '../model/flags.ts'
import { possibleKeyword } from './flags-in-files.ts'
import { isNumber, isRecord, parseJson, readManifest } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import {
  fileFacts,
  listFolder,
  maxFolderDepth,
  readableName,
  readOctets,
  readSideFile,
  readStart,
} from './source-files.ts'
import type { MailSource, ReportProblem, SourceMailbox, SourceMessage } from './source.ts'
import { WireForm } from './wire-form.ts'

/** What an export knows of an .eml file: one line of JSON each, in the file below beside them. */
export interface EmlFacts {
  readonly file: string
  readonly uid: number
  readonly flags: readonly string[]
  /** Whole seconds since 1970. */
  readonly date: number
}

/** The file with {@link EmlFacts}. */
export const emlFactsName = 'crispin-messages.jsonl'

/** Octets of that file, at most. */
const maxFactsBytes = 64 * 1024 * 1024
/** Octets of a header that are searched for a date. */
const maxHeaderBytes = 64 * 1024

interface Folder {
  readonly path: string
  readonly relative: string
  readonly name: string
  /** The one file that is meant, where it is not all of the folder's. */
  readonly file?: string
}

/** One .eml file, or a folder of them with folders in it, each of which is a mailbox. */
export async function emlSource(path: string, isFolder: boolean): Promise<MailSource> {
  const manifest = isFolder ? await readManifest(path) : undefined
  const slash = path.lastIndexOf('/')
  const alone: Folder = {
    path: slash === -1 ? '.' : path.slice(0, slash),
    relative: '',
    name: 'INBOX',
    file: path.slice(slash + 1),
  }
  return {
    format: 'eml',
    async totals() {
      const total = { octets: 0, messages: 0 }
      for await (const folder of isFolder ? foldersBelow(path, '', '', 0, () => {}) : [alone]) {
        for (const file of await filesOf(folder)) {
          const facts = await fileFacts(`${folder.path}/${file}`).catch(() => undefined) // gone: counts for nothing
          total.octets += facts?.bytes ?? 0
          total.messages++
        }
      }
      return total
    },
    async *mailboxes(report) {
      for await (const folder of isFolder ? foldersBelow(path, '', '', 0, report) : [alone]) {
        if ((await filesOf(folder)).length > 0 || manifest?.has(readableName(folder.relative)))
          yield mailboxOf(folder, manifest)
      }
    },
  }
}

async function* foldersBelow(
  root: string,
  relative: string,
  name: string,
  depth: number,
  report: ReportProblem,
): AsyncGenerator<Folder> {
  const path = root + relative
  const entries = await listFolder(path)
  for (const entry of entries) {
    if (entry.kind === 'link') report(readableName(`${relative}/${entry.name}`), 'is a link, which is not followed')
  }
  yield { path, relative: relative.slice(1), name: name === '' ? 'INBOX' : name }
  if (depth >= maxFolderDepth) return
  for (const entry of entries) {
    if (entry.kind !== 'folder' || entry.name.startsWith('.')) continue
    const below = `${relative}/${entry.name}`
    try {
      const own = (name === '' ? '' : name + '/') + readableName(entry.name)
      yield* foldersBelow(root, below, own, depth + 1, report)
    } catch (failure) {
      report(readableName(below), String(failure)) // one folder that cannot be read is no reason to leave the others
    }
  }
}

/** Names of the .eml files in a folder. */
async function filesOf({ path, file }: Folder): Promise<string[]> {
  if (file !== undefined) return [file]
  const entries = await listFolder(path)
  return entries.filter(({ name, kind }) => kind === 'file' && /\.eml$/i.test(name)).map(({ name }) => name)
}

function mailboxOf(folder: Folder, manifest: Manifest | undefined): SourceMailbox {
  const known = manifest?.get(readableName(folder.relative))
  return {
    name: known?.name ?? folder.name,
    uidValidity: known?.uidValidity,
    specialUse: known?.specialUse ?? [],
    subscribed: known?.subscribed ?? false,
    messages: (report) => messagesOf(folder, report),
  }
}

async function* messagesOf(folder: Folder, report: ReportProblem): AsyncGenerator<SourceMessage> {
  const { path } = folder
  const files = await filesOf(folder)
  const facts = readFacts((await readSideFile(`${path}/${emlFactsName}`, maxFactsBytes)) ?? '')
  const sorted = files.map((file) => ({ file, known: facts.get(readableName(file)) }))
  sorted.sort((a, b) => (a.known?.uid ?? Infinity) - (b.known?.uid ?? Infinity) || (a.file < b.file ? -1 : 1))
  for (const { file, known } of sorted) {
    const whole = `${path}/${file}`
    try {
      const { bytes, modified } = await fileFacts(whole)
      yield {
        label: readableName(whole),
        flags: known ? flagsOf(known) : noFlags,
        internalDate: known?.date ?? (await headerDate(whole)) ?? modified,
        uid: known?.uid,
        fileBytes: bytes,
        octets: () => octetsOf(whole, known !== undefined),
      }
    } catch (failure) {
      report(readableName(whole), String(failure)) // the others can be imported all the same
    }
  }
}

/** When the message came, as its newest Received field says, or else when it was sent. */
async function headerDate(path: string): Promise<number | undefined> {
  const header = await readStart(path, maxHeaderBytes)
  let sent: number | undefined
  for (const field of headerFields(header)) {
    if (field.name === 'received') {
      const value = fieldValue(header, field)
      const received = parseDate(value.slice(value.lastIndexOf(';') + 1))
      if (received) return received.seconds
    }
    if (field.name === 'date') sent ??= parseDate(fieldValue(header, field))?.seconds
  }
  return sent
}

function flagsOf({ flags }: EmlFacts): FlagSet {
  return flagSetOf(flags.flatMap((flag) => (flag.startsWith('\\') ? flag : (possibleKeyword(flag) ?? []))))
}

function readFacts(text: string): ReadonlyMap<string, EmlFacts> {
  const facts = new Map<string, EmlFacts>()
  for (const line of text.split('\n')) {
    const value = parseJson(line)
    if (!isRecord(value)) continue
    const { file, uid, flags, date } = value
    if (typeof file !== 'string' || !isNumber(uid) || !isNumber(date) || !Array.isArray(flags)) continue
    facts.set(file, { file, uid, date, flags: flags.filter((flag: unknown) => typeof flag === 'string') })
  }
  return facts
}

async function* octetsOf(file: string, exact: boolean): AsyncGenerator<Buffer> {
  const wire = new WireForm()
  for await (const piece of readOctets(file)) yield exact ? piece : wire.push(piece)
}
