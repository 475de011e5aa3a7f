import { existsSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { StoreFailure } from '../store.ts'

/** The file on which processes that were started by the one that has the directory hold a lock. */
const workersFile = 'workers.db'
/** Milliseconds for which whoever takes a directory waits for processes of one that was killed. */
const defaultOrphanTimeoutMs = 5000

/**
 * Takes a data directory for this process, until the returned function is called or the process ends, however it ends:
 * the lock is the operating system's, on a file that SQLite locks for us. Throws `StoreFailure` (`busy`).
 */
export function lockDirectory(directory: string, orphanTimeoutMs: number = defaultOrphanTimeoutMs): () => void {
  const unlock = lock(directory, 'lock.db', 'BEGIN EXCLUSIVE', 0)
  try {
    // Whoever had it before may have been killed, and not yet those that it had started.
    if (existsSync(join(directory, workersFile))) lock(directory, workersFile, 'BEGIN EXCLUSIVE', orphanTimeoutMs)()
    return unlock
  } catch (error) {
    unlock()
    throw error
  }
}

/**
 * Says that this process works in a directory that the one which started it has taken; others that want to take it will
 * wait for both. Lasts until the returned function is called or the process ends. Throws `StoreFailure`.
 */
export function joinDirectory(directory: string): () => void {
  return lock(directory, workersFile, 'BEGIN; SELECT count(*) FROM sqlite_master', 0)
}

function lock(directory: string, name: string, begin: string, timeout: number): () => void {
  const path = join(directory, name)
  let database: Sqlite.Database | undefined
  try {
    database = new Sqlite(path, { timeout })
    database.pragma('journal_mode = MEMORY')
    database.exec(begin)
  } catch (error) {
    database?.close()
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const isClosedToUs = code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_READONLY')
    if (isClosedToUs) throw new StoreFailure('io', `${directory} may not be written by this user`, { cause: error })
    if (!code.startsWith('SQLITE_BUSY')) throw new StoreFailure('io', `cannot lock ${directory}`, { cause: error })
    throw new StoreFailure('busy', `${directory} is in use by another process: only one may have it open at a time`)
  }
  const held = database
  return () => held.close()
}
