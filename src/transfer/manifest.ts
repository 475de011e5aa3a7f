import { specialUses } from '../model/mailbox.ts'
import type { SpecialUse } from '../model/mailbox.ts'
import { readSideFile } from './source-files.ts'

/** What an export knows of a mailbox and no format of mail can say. */
export interface ManifestEntry {
  /** The folder or file, relative to the manifest's folder, with `/`. Only compared, never opened. */
  readonly path: string
  readonly name: string
  readonly uidValidity: number
  readonly specialUse: readonly SpecialUse[]
  readonly subscribed: boolean
}

/** The entries by path. */
export type Manifest = ReadonlyMap<string, ManifestEntry>

/** The file at the root of each export. */
export const manifestName = 'crispin-export.json'

/** Octets of a manifest, at most. */
const maxManifestBytes = 64 * 1024 * 1024

/** The text of a manifest. */
export function writeManifest(format: string, mailboxes: readonly ManifestEntry[]): string {
  return JSON.stringify({ crispinExport: 1, format, mailboxes }, undefined, 1) + '\n'
}

/** The manifest in a folder; `undefined` when there is none that can be read. Entries that are not as they should be are left out. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readSideFile(`${folder}/${manifestName}`, maxManifestBytes)
  if (text === undefined) return undefined
  const content = parseJson(text)
  if (!isRecord(content) || !Array.isArray(content['mailboxes'])) return undefined
  const entries = content['mailboxes'].flatMap((value: unknown) => entryOf(value) ?? [])
  return new Map(entries.map((entry) => [entry.path, entry]))
}

function entryOf(value: unknown): ManifestEntry | undefined {
  if (!isRecord(value)) return undefined
  const { path, name, uidValidity, specialUse, subscribed } = value
  if (typeof path !== 'string' || typeof name !== 'string' || !isNumber(uidValidity)) return undefined
  const uses = Array.isArray(specialUse) ? specialUses.filter((use) => specialUse.includes(use)) : []
  return { path, name, uidValidity, specialUse: uses, subscribed: subscribed === true }
}

/** JSON from outside as a value; `undefined` when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // JSON.parse has no other way to say that the text is none
  }
}

/** Whether a value from outside is an object with keys. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a value from outside can be a UID, a UIDVALIDITY or a date. */
export function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value)
}
