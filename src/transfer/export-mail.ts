import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Mailbox } from '../model/mailbox.ts'
import type { MailboxSnapshot } from '../model/snapshot.ts'
import type { AccountStore } from '../store/store.ts'
import { storedOctets } from './duplicates.ts'
import { emlTarget } from './eml-target.ts'
import { maildirTarget } from './maildir-target.ts'
import { manifestName, writeManifest } from './manifest.ts'
import type { ManifestEntry } from './manifest.ts'
import { mboxTarget } from './mbox-target.ts'
import { TransferTally } from './progress.ts'
import type { TransferOptions } from './progress.ts'
import type { MailFormat, MboxKind, TransferProblem } from './source.ts'
import type { MailTarget, OutgoingMessage } from './target.ts'

export interface ExportOptions extends TransferOptions {
  readonly format: MailFormat
  /** Absent: `mboxrd`, which all programs read about right. */
  readonly mboxKind?: MboxKind
  /** Names of the mailboxes to export. Absent: all. */
  readonly mailboxes?: readonly string[]
  /** Whose subscriptions are noted. Absent: nobody's. */
  readonly subscriber?: string
}

export interface ExportReport {
  readonly mailboxes: number
  readonly messages: number
  /** Octets of the messages as they are stored. */
  readonly octets: number
  readonly problems: readonly TransferProblem[]
  readonly problemCount: number
  readonly interrupted: boolean
}

/**
 * Writes mailboxes to a folder that is empty or not there yet. An import of it gives back octets, flags, keywords, dates,
 * UIDs and UIDVALIDITY. Throws an `Error` when the folder has something in it, and what the file system throws.
 */
export async function exportMail(account: AccountStore, folder: string, options: ExportOptions): Promise<ExportReport> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if ((await readdir(folder)).length > 0) throw new Error(`${folder} is not empty`)
  const tree = await account.tree()
  const chosen = [...tree.byName.values()]
    .filter(({ name }) => options.mailboxes?.includes(name) ?? true)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const status = await account.status(chosen.map(({ id }) => id))
  const tally = new TransferTally(
    {
      octets: status.reduce((sum, { size }) => sum + size, 0),
      messages: status.reduce((sum, { messages }) => sum + messages, 0),
    },
    options.onProgress,
  )
  for (const name of options.mailboxes ?? []) {
    if (!tree.byName.has(name)) tally.report(name, 'there is no such mailbox')
  }

  const target = targetOf(folder, options)
  const subscriptions = options.subscriber === undefined ? new Set<string>() : tree.subscriptions(options.subscriber)
  const manifest: ManifestEntry[] = []
  const counts = { mailboxes: 0, messages: 0, octets: 0 }
  for (const mailbox of chosen) {
    if (options.signal?.aborted) break
    const path = await exportMailbox(account, mailbox, target, tally, counts, options.signal)
    const { name, uidValidity, specialUse } = mailbox
    manifest.push({ path, name, uidValidity, specialUse, subscribed: subscriptions.has(name) })
  }
  await writeFile(join(folder, manifestName), writeManifest(options.format, manifest), { mode: 0o600 })
  const { problems, problemCount } = tally
  return { ...counts, problems, problemCount, interrupted: options.signal?.aborted ?? false }
}

function targetOf(folder: string, { format, mboxKind = 'mboxrd' }: ExportOptions): MailTarget {
  switch (format) {
    case 'maildir':
      return maildirTarget(folder)
    case 'mbox':
      return mboxTarget(folder, mboxKind)
    case 'eml':
      return emlTarget(folder)
  }
}

/** Where the mailbox was written to. */
async function exportMailbox(
  account: AccountStore,
  { id, name, uidValidity }: Mailbox,
  target: MailTarget,
  tally: TransferTally,
  counts: { mailboxes: number; messages: number; octets: number },
  signal: AbortSignal | undefined,
): Promise<string> {
  const snapshot = await account.snapshot(id)
  const { uidNext, keywords } = snapshot
  const writer = await target.openMailbox({ name, uidValidity, uidNext, keywords }, tally.report)
  try {
    for (let row = 0; row < snapshot.uids.length && !signal?.aborted; row++) {
      await writer.write(outgoing(account, snapshot, row))
      const size = snapshot.sizes[row]! // inside bounds
      counts.messages++
      counts.octets += size
      tally.passed(name, size)
    }
  } finally {
    await writer.finish()
  }
  counts.mailboxes++
  return writer.path
}

function outgoing(account: AccountStore, snapshot: MailboxSnapshot, row: number): OutgoingMessage {
  const message = snapshot.messages[row]! // inside bounds, as in all lines below
  const flags = snapshot.flagSets[snapshot.flags.at(row)]
  if (!flags) throw new Error(`row ${row} has a set of flags that is not there`)
  const size = snapshot.sizes[row]!
  return {
    uid: snapshot.uids[row]!,
    flags,
    internalDate: snapshot.internalDates[row]!,
    size,
    octets: () => storedOctets(account, message, size),
  }
}
