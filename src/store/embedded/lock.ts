import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { StoreFailure } from '../store.ts'

/**
 * Takes a data directory for this process, until the returned function is called or the process ends, however it ends:
 * the lock is the operating system's, on a file that SQLite locks for us. Throws `StoreFailure` (`busy`).
 */
export function lockDirectory(directory: string): () => void {
  const path = join(directory, 'lock.db')
  let lock: Sqlite.Database | undefined
  try {
    lock = new Sqlite(path, { timeout: 0 })
    lock.pragma('journal_mode = MEMORY')
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock?.close()
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const isClosedToUs = code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_READONLY')
    if (isClosedToUs) throw new StoreFailure('io', `${directory} may not be written by this user`, { cause: error })
    if (!code.startsWith('SQLITE_BUSY')) throw new StoreFailure('io', `cannot lock ${directory}`, { cause: error })
    throw new StoreFailure('busy', `${directory} is in use by another process: only one may have it open at a time`)
  }
  const held = lock
  return () => held.close()
}
