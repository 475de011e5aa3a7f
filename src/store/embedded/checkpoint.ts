import {
  type AllMetadata,
  isEmptyMetadata,
  type MailboxOrAccount,
  type Metadata,
  noMetadata,
  theAccount,
  withMetadata,
} from '../../model/metadata.ts'
import { asMailboxId, asModSeq, asUid } from '../../model/numbers.ts'
import type { QuotaLimits } from '../../model/quota.ts'
import type { AccountCounters, CatalogueImage, Checkpoint, MailboxHead } from '../state/images.ts'
import { StoreFailure } from '../store.ts'
import { BytesReader, BytesWriter } from './bytes.ts'
import { readMetadata, writeMetadata } from './change-codec.ts'
import { type Database, type SqlValue, withChecksum } from './database.ts'
import type { LogPosition } from './log-writer.ts'
import { removeMailbox, writeMailbox } from './mailbox-pages.ts'

/** What the database says of the account as of its last checkpoint. */
export interface StoredAccount {
  readonly catalogue: CatalogueImage
  /** The place in the log up to which the database has everything. */
  readonly position: LogPosition
  /** Large messages by the number of their file. */
  readonly ownFiles: ReadonlyMap<number, number>
}

/** Writes what changed since the last checkpoint, inside the caller's transaction. */
export function writeCheckpoint(
  database: Database,
  checkpoint: Checkpoint,
  position: LogPosition,
  ownFiles: ReadonlyMap<number, number>,
): void {
  for (const mailbox of checkpoint.deleted) removeMailbox(database, mailbox)
  for (const delta of checkpoint.mailboxes) writeMailbox(database, delta)
  if (checkpoint.subscriptions) {
    database.run('DELETE FROM subscription')
    for (const [user, names] of checkpoint.subscriptions) {
      database.run('INSERT INTO subscription (user, names) VALUES (?, ?)', user, JSON.stringify([...names]))
    }
  }
  for (const [target, metadata] of checkpoint.metadata) {
    if (isEmptyMetadata(metadata)) database.run('DELETE FROM metadata WHERE mailbox = ?', target)
    else {
      const entries = withChecksum(encodeMetadata(metadata))
      database.run('INSERT OR REPLACE INTO metadata (mailbox, entries) VALUES (?, ?)', target, entries)
    }
  }
  if (checkpoint.quotas) putMeta(database, 'quotas', [...checkpoint.quotas])
  writeReferences(database, checkpoint.references)
  database.run('DELETE FROM own_file')
  for (const [segment, message] of ownFiles) {
    database.run('INSERT INTO own_file (segment, message) VALUES (?, ?)', segment, message)
  }
  putMeta(database, 'counters', checkpoint.counters)
  putMeta(database, 'position', position)
}

/** Keeps a plain value under a name, inside the caller's transaction. */
export function putMeta(database: Database, key: string, value: object): void {
  database.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', key, JSON.stringify(value))
}

/** What {@link putMeta} kept; undefined when there is none. */
export function meta(database: Database, key: string): unknown {
  const value = database.value('SELECT value FROM meta WHERE key = ?', key)
  return typeof value === 'string' ? JSON.parse(value) : undefined
}

/** Reads the last checkpoint; undefined when there is none. Throws `StoreFailure` (`damaged`). */
export function readCheckpoint(database: Database): StoredAccount | undefined {
  try {
    const counters = meta(database, 'counters') as AccountCounters | undefined // as `writeCheckpoint` wrote it
    const position = meta(database, 'position') as LogPosition | undefined // likewise
    if (!counters || !position) return undefined
    return {
      catalogue: {
        counters,
        mailboxes: database.rows('SELECT head FROM mailbox ORDER BY id').map(headOf),
        subscriptions: new Map(
          database
            .rows('SELECT user, names FROM subscription')
            .map(([user, names]) => [String(user), new Set<string>(JSON.parse(String(names)))]),
        ),
        metadata: readAllMetadata(database),
        quotas: new Map((meta(database, 'quotas') ?? []) as [MailboxOrAccount, QuotaLimits][]), // as `writeCheckpoint` wrote it
        references: readReferences(database),
      },
      position,
      ownFiles: numbers(database.rows('SELECT segment, message FROM own_file')),
    }
  } catch (error) {
    if (error instanceof StoreFailure) throw error
    throw new StoreFailure('damaged', `${database.path} holds a catalogue that cannot be read`, { cause: error })
  }
}

/** The shared entries, then those of each user. */
function encodeMetadata({ shared, private: ofUsers }: Metadata): Buffer {
  const out = new BytesWriter()
  writeMetadata(out, [...shared])
  out.number(ofUsers.size)
  for (const [user, entries] of ofUsers) {
    out.text(user)
    writeMetadata(out, [...entries])
  }
  return out.finish()
}

function decodeMetadata(bytes: Buffer): Metadata {
  const from = new BytesReader(bytes)
  let metadata = withMetadata(noMetadata, undefined, readMetadata(from))
  for (let users = from.number(); users > 0; users--) {
    metadata = withMetadata(metadata, from.text(), readMetadata(from))
  }
  return metadata
}

function readAllMetadata(database: Database): AllMetadata {
  const all = new Map<MailboxOrAccount, Metadata>()
  for (const [number, entries] of database.rows('SELECT mailbox, entries FROM metadata ORDER BY mailbox')) {
    if (!(entries instanceof Buffer)) throw database.damage(`metadata ${String(number)}`)
    const target = number === theAccount ? theAccount : asMailboxId(Number(number))
    all.set(target, decodeMetadata(database.checked(entries, `metadata ${String(number)}`)))
  }
  return all
}

/** Messages whose counts of entries are kept in one octet string. */
const referencePage = 1024

function writeReferences(database: Database, references: ReadonlyMap<number, number>): void {
  const pages = Map.groupBy(references, ([message]) => Math.floor(message / referencePage))
  for (const [page, changed] of pages) {
    const counts = referencesIn(database, page)
    for (const [message, entries] of changed) counts[message % referencePage] = entries > 1 ? entries : 0
    database.putBlob('reference', page, Buffer.from(counts.buffer))
  }
}

function referencesIn(database: Database, page: number): Uint32Array {
  const counts = new Uint32Array(referencePage)
  const stored = database.blob('reference', page)
  if (stored) Buffer.from(counts.buffer).set(stored)
  return counts
}

function readReferences(database: Database): Map<number, number> {
  const references = new Map<number, number>()
  for (const [page] of database.rows('SELECT key FROM reference ORDER BY key')) {
    referencesIn(database, Number(page)).forEach((entries, n) => {
      if (entries > 0) references.set(Number(page) * referencePage + n, entries)
    })
  }
  return references
}

function numbers(rows: readonly SqlValue[][]): Map<number, number> {
  return new Map(rows.map(([key, value]) => [Number(key), Number(value)]))
}

/** A head as JSON has it: without maps. */
type StoredHead = Omit<MailboxHead, 'acl' | 'seenCounts'> & {
  readonly acl: [string, string][]
  readonly seenCounts: [string, number][]
}

function headOf([json]: SqlValue[]): MailboxHead {
  const stored = JSON.parse(String(json)) as StoredHead // as `writeMailbox` wrote it
  return {
    ...stored,
    id: asMailboxId(stored.id),
    uidNext: asUid(stored.uidNext),
    highestModSeq: asModSeq(stored.highestModSeq),
    firstRecentUid: asUid(stored.firstRecentUid),
    acl: new Map(stored.acl),
    seenCounts: new Map(stored.seenCounts),
  }
}
