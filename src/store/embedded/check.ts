import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { defaultMaxKeywords, defaultMaxMailboxes } from '../../model/limits.ts'
import type { Log } from '../../model/log.ts'
import { silentLog } from '../../model/log.ts'
import { checkState } from '../state/check-state.ts'
import { StoreFailure } from '../store.ts'
import { differences } from './compare-states.ts'
import { realDisk } from './disk.ts'
import { prepareFormat } from './format.ts'
import { embeddedStore } from './index.ts'
import { recordsOf } from './log-reader.ts'
import { lockDirectory } from './lock.ts'
import type { AccountSurroundings, OpenedAccount } from './open-account.ts'
import { bringUp, markOf, setAside } from './open-account.ts'
import { messagesIn } from './replay.ts'
import { OpenFiles, Segments } from './segments.ts'

/** Something that is not as it should be. */
export interface CheckProblem {
  readonly account: string
  /** A sentence. */
  readonly text: string
  /** Whether a rebuild, or opening the account, puts it right without losing anything. */
  readonly repairable: boolean
}

/** What a check found. */
export interface CheckReport {
  readonly accounts: number
  readonly mailboxes: number
  /** Messages that mailboxes refer to. */
  readonly messages: number
  /** Records of the logs that were read. */
  readonly changeSets: number
  readonly problems: readonly CheckProblem[]
  /** Losses of the past that were made good as far as can be, in sentences with the account in front. */
  readonly notes: readonly string[]
  /** Files of messages that were never committed or are expunged; opening the account removes them. */
  readonly leftovers: readonly string[]
  /** Accounts that were rebuilt. */
  readonly rebuilt: readonly string[]
}

/** How a store is checked. */
export interface CheckOptions {
  /** Make the database of each account anew from its segments, and then check. */
  readonly rebuild?: boolean
  /** Only this account. */
  readonly account?: string
  /** Called before each account. */
  readonly onProgress?: (account: string, done: number, of: number) => void
  readonly log?: Log
}

/**
 * Looks at everything in a data directory that no process has open: every record and its checksum, the invariants of
 * the state, and whether database and log agree. Throws `StoreFailure`: `busy`, `newer-version`, `io`.
 */
export async function checkStore(directory: string, options: CheckOptions = {}): Promise<CheckReport> {
  const { rebuild = false, account, onProgress = () => {}, log = silentLog } = options
  if (!existsSync(directory)) throw new StoreFailure('io', `there is no store in ${directory}`)
  const ids = await lockedAccounts(directory, log)
  const wanted = account === undefined ? ids : ids.filter((id) => id === account)
  if (account !== undefined && wanted.length === 0) {
    throw new StoreFailure('io', `there is no account ${account} in ${directory}`)
  }
  // Looked for first: a rebuild takes messages whose octets are gone out of their mailboxes, and then nobody misses them.
  const lost = rebuild ? await losses(directory, wanted) : []
  if (rebuild) await rebuildAccounts(directory, wanted, log)
  const unlock = lockDirectory(directory)
  const found = { mailboxes: 0, messages: 0, changeSets: 0 }
  const problems: CheckProblem[] = [...lost]
  const notes: string[] = []
  const leftovers: string[] = []
  try {
    for (const [n, id] of wanted.entries()) {
      onProgress(id, n, wanted.length)
      const result = await new AccountCheck(join(directory, 'accounts', id), id).run()
      found.mailboxes += result.mailboxes
      found.messages += result.messages
      found.changeSets += result.changeSets
      const isKnown = (text: string): boolean => lost.some((one) => one.account === id && one.text === text)
      problems.push(...result.problems.filter(({ text }) => !isKnown(text)))
      notes.push(...result.notes)
      leftovers.push(...result.leftovers)
    }
  } finally {
    unlock()
  }
  return { accounts: wanted.length, ...found, problems, notes, leftovers, rebuilt: rebuild ? wanted : [] }
}

async function lockedAccounts(directory: string, log: Log): Promise<string[]> {
  const unlock = lockDirectory(directory)
  try {
    await prepareFormat(directory, log)
    const entries = readdirSync(join(directory, 'accounts'), { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .toSorted()
  } finally {
    unlock()
  }
}

/** What is lost by the logs and files of accounts, whatever their databases say. */
async function losses(directory: string, ids: readonly string[]): Promise<CheckProblem[]> {
  const unlock = lockDirectory(directory)
  try {
    const found: CheckProblem[] = []
    for (const id of ids) {
      const { problems } = await new AccountCheck(join(directory, 'accounts', id), id).run(false)
      found.push(...problems)
    }
    return found
  } finally {
    unlock()
  }
}

/** Throws the databases of accounts away and opens each once, which makes them anew and repairs what can be. */
async function rebuildAccounts(directory: string, ids: readonly string[], log: Log): Promise<void> {
  const unlock = lockDirectory(directory)
  for (const id of ids) setAside(join(directory, 'accounts', id))
  unlock()
  const store = await embeddedStore({ directory, log, limits: { idleAccounts: 0 } })
  try {
    for (const id of ids) await (await store.openAccount(id)).close()
  } finally {
    await store.close()
  }
}

class AccountCheck {
  readonly #directory: string
  readonly #id: string
  readonly #problems: CheckProblem[] = []
  readonly #notes: string[] = []
  readonly #leftovers: string[] = []

  constructor(directory: string, id: string) {
    this.#directory = directory
    this.#id = id
  }

  async run(withDatabase = true): Promise<Omit<CheckReport, 'accounts' | 'rebuilt'>> {
    const scratch = mkdtempSync(join(tmpdir(), 'crispin-check-'))
    const files = new OpenFiles(realDisk, 64)
    try {
      const segments = new Segments(join(this.#directory, 'segments'), realDisk, files)
      const mark = markOf(segments)
      if (!mark) {
        if (segments.logs.length > 0) this.#report('no segment has a header or record that can be read', false)
        return { mailboxes: 0, messages: 0, changeSets: 0, problems: this.#problems, notes: [], leftovers: [] }
      }
      this.#checkHeaders(segments, mark)
      const replayed = await bringUp(join(scratch, 'replay.db'), this.#id, surroundings(files), segments, mark)
      try {
        this.#checkLog(replayed, segments)
        if (withDatabase) await this.#checkDatabase(replayed, segments, mark, files)
        return {
          mailboxes: replayed.state.tree().byId.size,
          messages: messagesIn(replayed.state).size,
          changeSets: replayed.replayed.changeSets,
          problems: this.#problems,
          notes: this.#notes,
          leftovers: this.#leftovers,
        }
      } finally {
        replayed.database.close()
      }
    } finally {
      files.close()
      rmSync(scratch, { recursive: true, force: true })
    }
  }

  #report(text: string, repairable: boolean): void {
    this.#problems.push({ account: this.#id, text, repairable })
  }

  #checkHeaders(segments: Segments, mark: Buffer): void {
    for (const number of [...segments.logs, ...segments.ownFiles]) {
      const header = segments.header(number)
      // One without records was about to be taken into use when the power failed.
      if (!header && !segments.ownFiles.has(number) && !recordsOf(segments.file(number), mark, 0).next().done) {
        this.#report(`the header of ${segments.path(number)} is damaged; its records are read nevertheless`, false)
      } else if (header && header.account !== this.#id) {
        this.#report(`${segments.path(number)} belongs to the account ${header.account}`, false)
      }
    }
  }

  #checkLog(replayed: OpenedAccount, segments: Segments): void {
    const { lost, mended, missing } = replayed.replayed
    for (const [n, { segment, offset, first, last }] of lost.entries()) {
      const what = first === last ? `record ${first} is` : `records ${first} to ${last} are`
      const gone = missingFiles(segments, segment, replayed)
      const text =
        gone.length > 0
          ? `${gone.join(', ')} ${gone.length === 1 ? 'is' : 'are'} missing: ${what} lost`
          : `${segments.path(segment)}: ${what} damaged or lost, at or behind octet ${offset}`
      if (n < mended) this.#notes.push(`${this.#id}: ${text}; this was made good as far as it can be`)
      else this.#report(text, false)
    }
    for (const { id, name } of missing.size > 0 ? replayed.state.tree().byId.values() : []) {
      const { uids, messages, sizes } = replayed.state.snapshot(id)
      for (const [row, message] of messages.entries()) {
        if (!missing.has(message)) continue
        this.#report(`UID ${uids[row]} in ${name} (${sizes[row]} octets): its octets are damaged or lost`, false)
      }
    }
    for (const wrong of checkState(replayed.state)) this.#report(`by the log alone: ${wrong}`, false)
    for (const number of segments.ownFiles) {
      if (!replayed.ownFiles.has(number)) this.#leftovers.push(segments.path(number))
    }
    this.#leftovers.push(...segments.superseded)
  }

  async #checkDatabase(replayed: OpenedAccount, segments: Segments, mark: Buffer, files: OpenFiles): Promise<void> {
    const path = join(this.#directory, 'account.db')
    if (!existsSync(path)) return
    try {
      const stored = await bringUp(path, this.#id, surroundings(files), segments, mark)
      try {
        for (const text of stored.database.integrity()) this.#report(`account.db: ${text}`, true)
        for (const wrong of checkState(stored.state)) this.#report(wrong, true)
        for (const wrong of await differences(stored, replayed))
          this.#report(wrong, replayed.replayed.lost.length === 0)
      } finally {
        stored.database.close()
      }
    } catch (error) {
      if (!(error instanceof StoreFailure) || error.reason !== 'damaged') throw error
      this.#report(`${error.message}; it is made anew from the segments`, true)
    }
  }
}

/** Files of the log that are not there between the segment `behind` and the one that follows it. */
function missingFiles(segments: Segments, behind: number, { ownFiles, replayed }: OpenedAccount): string[] {
  const next = segments.logs.find((number) => number > behind) ?? behind
  const names: string[] = []
  for (let number = behind + 1; number < next; number++) {
    if (segments.ownFiles.has(number) || ownFiles.has(number) || replayed.expungedFiles.has(number)) continue
    names.push(segments.path(number))
  }
  return names
}

function surroundings(files: OpenFiles): AccountSurroundings {
  return {
    disk: realDisk,
    files,
    chunks: new LRUCache<string, Buffer>({ maxSize: 16 * 1024 * 1024, sizeCalculation: ({ length }) => length + 1 }),
    unindexed: { octets: 0, messages: 0 },
    log: silentLog,
    maxMailboxes: defaultMaxMailboxes,
    maxKeywords: defaultMaxKeywords,
    quota: {},
  }
}
