import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../../model/log.ts'
import { StoreFailure } from '../store.ts'

/** The format of a data directory that this version writes. */
export const storeFormat = 3

/** Brings a data directory from one format to the next. May be called again after it was interrupted. */
export interface Migration {
  /** The format it starts from; the one after it is what it makes. */
  readonly from: number
  run(directory: string): Promise<void>
}

/** All steps from old formats to this one. */
const migrations: readonly Migration[] = [
  // Since 2 segments may be compacted; none of an older store is.
  { from: 1, run: () => Promise.resolve() },
  // Since 3 the log may tell of annotations, limits and rights; none of an older store does.
  { from: 2, run: () => Promise.resolve() },
]

const fileName = 'store.json'

/**
 * Makes sure that a data directory has the format of this version: a new one is marked, an older one migrated step by
 * step. Throws `StoreFailure`: `newer-version` when a later version has written it, and then nothing is touched.
 */
export async function prepareFormat(
  directory: string,
  log: Log,
  { format = storeFormat, steps = migrations }: { format?: number; steps?: readonly Migration[] } = {},
): Promise<void> {
  const path = join(directory, fileName)
  if (!existsSync(path)) {
    if (existsSync(join(directory, 'accounts'))) {
      log.warn({ path }, 'the file that names the format was missing and was made anew')
    }
    mkdirSync(join(directory, 'accounts'), { recursive: true })
    writeFormat(path, format)
    return
  }
  for (let found = readFormat(path); found !== format; found++) {
    if (found > format) {
      throw new StoreFailure(
        'newer-version',
        `${directory} was written by a newer version (format ${found}; this version knows ${format}): start that version`,
      )
    }
    const step = steps.find(({ from }) => from === found)
    if (!step) throw new StoreFailure('damaged', `${directory} has the format ${found}, from which no way leads here`)
    log.info({ from: found, to: found + 1 }, 'migrating the store')
    await step.run(directory)
    writeFormat(path, found + 1)
  }
}

function readFormat(path: string): number {
  try {
    const stored: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof stored === 'object' && stored && 'format' in stored && Number.isInteger(stored.format)) {
      return Number(stored.format)
    }
  } catch (error) {
    throw new StoreFailure('damaged', `${path} cannot be read`, { cause: error })
  }
  throw new StoreFailure('damaged', `${path} does not name a format`)
}

function writeFormat(path: string, format: number): void {
  const temporary = `${path}.new`
  rmSync(temporary, { force: true })
  writeFileSync(temporary, JSON.stringify({ format }) + '\n', { flush: true })
  renameSync(temporary, path)
}
