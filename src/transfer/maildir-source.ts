import { flagSet } from '../model/flags.ts'
import type { FlagSet } from '../model/flags.ts'
import { flagsOfLetters, possibleKeyword } from './flags-in-files.ts'
import { readManifest } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import { mailboxOfFolder, readKeywords, readUidList, splitFileName } from './maildir-names.ts'
import type { UidList } from './maildir-names.ts'
import {
  fileFacts,
  kindOf,
  listFolder,
  maxFolderDepth,
  readableName,
  readOctets,
  readSideFile,
} from './source-files.ts'
import type { MailSource, ReportProblem, SourceMailbox, SourceMessage } from './source.ts'
import { WireForm } from './wire-form.ts'

interface Folder {
  readonly path: string
  /** Relative to what the user named, '' for that itself. */
  readonly relative: string
  readonly name: string
}

/** Octets of a list of UIDs or keywords, at most. */
const maxListBytes = 64 * 1024 * 1024
/** In the name of a file whose octets are exactly the message's: nothing of them is changed. */
export const exactMark = ',X=exact'
/** Keywords beyond those that have letters, one message a line: `<unique> keyword keyword`. */
export const moreKeywordsName = 'crispin-keywords'

/** Whether a folder is a Maildir. */
export async function isMaildir(path: string): Promise<boolean> {
  return (await kindOf(`${path}/cur`)) === 'folder'
}

/**
 * A Maildir, with the folders of Maildir++ in it (`.Work.2024`), or a folder with Maildirs at any depth, whose names then
 * are the mailboxes'.
 */
export async function maildirSource(path: string): Promise<MailSource> {
  const manifest = await readManifest(path)
  return {
    format: 'maildir',
    async totals() {
      const total = { octets: 0, messages: 0 }
      for await (const folder of foldersBelow(path, '', '', 0, () => {})) {
        for (const file of await filesOf(folder.path)) {
          const facts = await fileFacts(file).catch(() => undefined) // a file that went away counts for nothing
          total.octets += facts?.bytes ?? 0
          total.messages++
        }
      }
      return total
    },
    async *mailboxes(report) {
      for await (const folder of foldersBelow(path, '', '', 0, report)) yield await mailboxOf(folder, manifest)
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
  const isMail = await isMaildir(path)
  if (isMail) yield { path, relative: relative.slice(1), name: name === '' ? 'INBOX' : name }
  if (depth >= maxFolderDepth) return
  for (const entry of await listFolder(path)) {
    const below = `${relative}/${entry.name}`
    if (entry.kind === 'link') report(readableName(below), 'is a link, which is not followed')
    if (entry.kind !== 'folder' || (isMail && partsOfMaildir.has(entry.name))) continue
    const above = name === '' ? '' : name + '/'
    const isPlusPlus = entry.name.startsWith('.') && entry.name !== '.'
    if (isPlusPlus && !(await isMaildir(root + below))) continue
    const own = isPlusPlus ? mailboxOfFolder(entry.name) : readableName(entry.name)
    try {
      yield* foldersBelow(root, below, above + own, depth + 1, report)
    } catch (failure) {
      report(readableName(below), String(failure)) // one folder that cannot be read is no reason to leave the others
    }
  }
}

const partsOfMaildir = new Set(['cur', 'new', 'tmp'])

/** The paths of all files with mail in a Maildir; `tmp` has only what is not finished. */
async function filesOf(path: string, report?: ReportProblem): Promise<string[]> {
  const files: string[] = []
  for (const part of ['cur', 'new']) {
    const folder = `${path}/${part}`
    if ((await kindOf(folder)) !== 'folder') continue
    for (const { name, kind } of await listFolder(folder)) {
      if (name.startsWith('.')) continue
      if (kind === 'file') files.push(`${folder}/${name}`)
      else
        report?.(readableName(`${folder}/${name}`), kind === 'link' ? 'is a link, which is not followed' : 'is no file')
    }
  }
  return files
}

async function mailboxOf({ path, relative, name }: Folder, manifest: Manifest | undefined): Promise<SourceMailbox> {
  const known = manifest?.get(readableName(relative))
  const uidList = await uidListOf(path)
  return {
    name: known?.name ?? name,
    uidValidity: uidList?.uidValidity ?? known?.uidValidity,
    specialUse: known?.specialUse ?? [],
    subscribed: known?.subscribed ?? false,
    messages: (report) => messagesOf(path, report),
  }
}

async function uidListOf(path: string): Promise<UidList | undefined> {
  for (const file of ['dovecot-uidlist', 'courierimapuiddb']) {
    const text = await readSideFile(`${path}/${file}`, maxListBytes)
    if (text !== undefined) return readUidList(Buffer.from(text).toString('latin1'))
  }
  return undefined
}

async function* messagesOf(path: string, report: ReportProblem): AsyncGenerator<SourceMessage> {
  const uidList = await uidListOf(path)
  const keywords = readKeywords((await readSideFile(`${path}/dovecot-keywords`, maxListBytes)) ?? '').map((keyword) =>
    keyword === undefined ? undefined : possibleKeyword(keyword),
  )
  const more = moreKeywords((await readSideFile(`${path}/${moreKeywordsName}`, maxListBytes)) ?? '')
  const files = (await filesOf(path, report)).map((file) => {
    const { unique, letters } = splitFileName(file.slice(file.lastIndexOf('/') + 1))
    return { file, unique, letters, uid: uidList?.uids.get(unique) }
  })
  files.sort(
    (a, b) => (a.uid ?? Infinity) - (b.uid ?? Infinity) || arrival(a.unique) - arrival(b.unique) || byText(a, b),
  )
  for (const { file, unique, letters, uid } of files) {
    try {
      const facts = await fileFacts(file)
      yield {
        label: readableName(file),
        flags: withKeywords(flagsOfLetters(letters, keywords), more.get(unique)),
        internalDate: facts.modified,
        uid,
        fileBytes: facts.bytes,
        octets: () => octetsOf(file, unique.includes(exactMark)),
      }
    } catch (failure) {
      report(readableName(file), String(failure)) // a mail program may have moved it just now
    }
  }
}

/** The time that starts the name of a Maildir file, so that messages without UIDs come in the order of their arrival. */
function arrival(unique: string): number {
  const time = Number.parseInt(unique, 10)
  return Number.isFinite(time) ? time : Number.MAX_SAFE_INTEGER
}

function byText(a: { readonly unique: string }, b: { readonly unique: string }): number {
  return a.unique < b.unique ? -1 : 1
}

function moreKeywords(text: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    text.split('\n').map((line) => {
      const [unique = '', ...keywords] = line.split(' ')
      return [unique, keywords.flatMap((keyword) => possibleKeyword(keyword) ?? [])]
    }),
  )
}

function withKeywords(flags: FlagSet, more: readonly string[] | undefined): FlagSet {
  return more === undefined ? flags : flagSet(flags.system, [...flags.keywords, ...more])
}

async function* octetsOf(file: string, exact: boolean): AsyncGenerator<Buffer> {
  const wire = new WireForm()
  for await (const piece of readOctets(file)) yield exact ? piece : wire.push(piece)
}
