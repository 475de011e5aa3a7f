import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../../model/log.ts'
import type { QuotaLimits } from '../../model/quota.ts'
import { AccountState, type AccountStateOptions } from '../state/account-state.ts'
import { StoreFailure } from '../store.ts'
import type { StoredAccount } from './checkpoint.ts'
import { readCheckpoint } from './checkpoint.ts'
import type { ChunkCache, Unindexed } from './computed.ts'
import { ComputedBytes } from './computed.ts'
import { Database } from './database.ts'
import type { Disk } from './disk.ts'
import { Garbage } from './garbage.ts'
import { Locations } from './locations.ts'
import { recordsOf } from './log-reader.ts'
import type { LogPosition } from './log-writer.ts'
import { readMailbox } from './mailbox-pages.ts'
import { decodeRecordHeader, encodeSegmentHeader, markBytes, recordHeaderBytes, segmentHeaderBytes } from './record.ts'
import type { Replayed } from './replay.ts'
import { replay } from './replay.ts'
import type { OpenFiles } from './segments.ts'
import { Segments } from './segments.ts'
import { Staged } from './staging.ts'
import { StoredThreads } from './thread-index.ts'

/** What all accounts of a store share. */
export interface AccountSurroundings {
  readonly disk: Disk
  readonly files: OpenFiles
  readonly chunks: ChunkCache
  readonly unindexed: Unindexed
  readonly log: Log
  readonly maxMailboxes: number
  readonly maxKeywords: number
  /** Of accounts that no limits were set for. */
  readonly quota: QuotaLimits
}

/** An account brought up to date with its log. */
export interface OpenedAccount {
  readonly segments: Segments
  readonly mark: Buffer
  readonly database: Database
  readonly state: AccountState
  readonly locations: Locations
  readonly computed: ComputedBytes
  readonly threads: StoredThreads
  readonly garbage: Garbage
  /** Large messages by the number of their file. */
  readonly ownFiles: Map<number, number>
  readonly replayed: Replayed
}

const databaseFiles = ['account.db', 'account.db-wal', 'account.db-shm']

/** Opens what is in an account's directory, making it when it is not there. Throws `StoreFailure`. */
export async function openAccountFiles(
  directory: string,
  id: string,
  surroundings: AccountSurroundings,
): Promise<OpenedAccount> {
  const { disk, files, log } = surroundings
  mkdirSync(directory, { recursive: true })
  const segments = new Segments(join(directory, 'segments'), disk, files)
  const mark = markOf(segments) ?? randomBytes(markBytes)
  await writeMissingHeader(segments, mark, id)
  const path = join(directory, 'account.db')
  segments.removeSuperseded()
  try {
    return await bringUp(path, id, surroundings, segments, mark)
  } catch (error) {
    if (!(error instanceof StoreFailure) || error.reason !== 'damaged') throw error
    log.error({ account: id, cause: error.message }, 'account.db is damaged and is made anew from the segments')
    setAside(directory)
    return bringUp(path, id, surroundings, segments, mark)
  }
}

/**
 * Opens the database at `path`, which may be new, and brings it up to date with the log. Throws `StoreFailure`.
 */
export async function bringUp(
  path: string,
  id: string,
  surroundings: AccountSurroundings,
  segments: Segments,
  mark: Buffer,
): Promise<OpenedAccount> {
  const { chunks, unindexed, log, maxMailboxes, maxKeywords, quota } = surroundings
  const database = new Database(path)
  try {
    const stored = readCheckpoint(database)
    const threads = new StoredThreads(database, mark)
    const locations = new Locations(database)
    const computed = new ComputedBytes(database, chunks, id, unindexed, log)
    const ownFiles = new Map(stored?.ownFiles)
    const options = { threads, factsOf, maxMailboxes, maxKeywords, quota }
    const state = restored(options, () => database, stored)
    const garbage = new Garbage(database, segments, locations)
    const target = { segments, mark, state, locations, computed, threads, garbage, database, ownFiles }
    const moved = stored ? await garbage.findMoved(mark) : garbage.begin()
    const replayed = await replay(target, startOf(stored, moved))
    if (!stored && replayed.sawCheckpoint) {
      log.warn({ account: id, changeSets: replayed.changeSets }, 'account.db was missing and was made anew')
    }
    return { ...target, replayed }
  } catch (error) {
    database.close()
    throw error
  }
}

/** Where the replay begins: in a segment whose records have moved since, at its start, but not with what came before. */
function startOf(stored: StoredAccount | undefined, moved: ReadonlySet<number>): LogPosition {
  if (!stored) return { segment: 0, offset: 0, sequence: 0 }
  const { position } = stored
  return moved.has(position.segment) ? { ...position, offset: segmentHeaderBytes } : position
}

/** The state as of a checkpoint, or of an account that has none; columns are read when they are needed. */
export function restored(
  options: AccountStateOptions,
  database: () => Database,
  stored: StoredAccount | undefined,
): AccountState {
  return new AccountState(options, stored?.catalogue, (mailbox) => {
    const rows = database().value("SELECT head ->> 'messages' FROM mailbox WHERE id = ?", mailbox)
    return readMailbox(database(), mailbox, Number(rows ?? 0))
  })
}

/** The facts of a message that this engine staged. */
function factsOf(staged: object): Pick<Staged, 'size' | 'keys'> {
  if (!(staged instanceof Staged) || !staged.isUsable) {
    throw new Error('a message was named that is not staged, or twice') // a mistake of the caller, not of a client
  }
  return staged
}

/**
 * The last segment may have lost its header with the power while records behind it were already on the disk. It says
 * with which record the segment begins; they tell.
 */
async function writeMissingHeader(segments: Segments, mark: Buffer, account: string): Promise<void> {
  const number = segments.logs.at(-1)
  if (number === undefined || segments.header(number)) return
  const first = recordsOf(segments.file(number), mark, segmentHeaderBytes).next()
  if (first.done === true) return
  const firstSequence = first.value.header.sequence
  const file = segments.disk.open(segments.path(number), 'write')
  try {
    await file.write([encodeSegmentHeader({ mark, number, firstSequence, account })], 0)
    await file.sync()
  } finally {
    file.close()
  }
}

/** Moves a database that cannot be read out of the way; what an earlier one left there goes. */
export function setAside(directory: string): void {
  for (const name of databaseFiles) {
    const path = join(directory, name)
    if (!existsSync(path)) continue
    if (name === 'account.db') renameSync(path, path + '.damaged')
    else rmSync(path)
  }
}

/** The account's mark, as the segments have it. */
export function markOf(segments: Segments): Buffer | undefined {
  for (const number of [...segments.logs, ...segments.ownFiles]) {
    const mark = segments.header(number)?.mark
    if (mark) return mark
  }
  for (const number of segments.logs) {
    // With every header gone, the first record still starts with the mark and proves it by its checksum.
    const bytes = Buffer.alloc(recordHeaderBytes)
    segments.file(number).read(bytes, segmentHeaderBytes)
    const mark = bytes.subarray(0, markBytes)
    if (decodeRecordHeader(mark, bytes, 0)) return Buffer.from(mark)
  }
  return undefined
}
