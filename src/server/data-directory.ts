import { existsSync } from 'node:fs'
import { access, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { UserDirectory } from '../accounts/directory.ts'
import { userDirectory } from '../accounts/user-directory.ts'
import { silentLog } from '../model/log.ts'
import type { Log } from '../model/log.ts'
import type { EmbeddedStoreOptions } from '../store/embedded/index.ts'
import { embeddedStore } from '../store/embedded/index.ts'
import { StoreFailure } from '../store/store.ts'
import type { AccountStore, Store } from '../store/store.ts'
import type { Config } from './config-type.ts'
import { CommandFailure } from './failures.ts'
import { defaultQuotaOf } from './services.ts'

/** Opens the users of a data directory, whether or not a server runs on it. Throws `DirectoryFailure`. */
export async function openUsers({ server }: Config, mode: 'make' | 'existing' = 'make'): Promise<UserDirectory> {
  const file = usersFile(server.dataDirectory)
  if (mode === 'existing') await expectFile(file, server.dataDirectory)
  await mkdir(server.dataDirectory, { recursive: true, mode: 0o700 })
  return userDirectory({ file, localDomains: server.localDomains })
}

/** Tells a folder that holds no users from one that this process may not look into. */
async function expectFile(file: string, dataDirectory: string): Promise<void> {
  try {
    await access(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
    throw new CommandFailure(`${dataDirectory} is no data directory of Crispin (--data names another)`)
  }
}

/** Where the users of a data directory are kept. */
export function usersFile(dataDirectory: string): string {
  return join(dataDirectory, 'users.db')
}

/** Opens the mail of a data directory, for this process alone. Throws `StoreFailure`. */
export async function openStore(config: Config, log: Log = silentLog): Promise<Store> {
  return await embeddedStore(embeddedOptions(config, log))
}

/** How a configuration wants the store. */
export function embeddedOptions(config: Config, log: Log): EmbeddedStoreOptions {
  const { server, limits } = config
  return {
    directory: server.dataDirectory,
    log,
    limits: {
      maxMessageBytes: limits.messageBytes,
      maxMailboxes: limits.mailboxes,
      maxKeywords: limits.keywords,
      quota: defaultQuotaOf(config),
    },
  }
}

/** Whether a failure says that a server has the store open. */
export function isBusy(error: unknown): boolean {
  return error instanceof StoreFailure && error.reason === 'busy'
}

const eraseFolder = 'erase'

/** Notes that an account's mail is to be erased, for the server that has the store. */
export async function markForErasure(dataDirectory: string, account: string): Promise<void> {
  const folder = join(dataDirectory, eraseFolder)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(join(folder, account), '', { flush: true })
}

/**
 * Erases the mail that {@link markForErasure} noted. What is open stays noted; what has an owner after all (the removal
 * was cut short) is kept and the note dropped. The accounts that are gone.
 */
export async function eraseMarked(
  dataDirectory: string,
  { store, users, log }: { readonly store: Store; readonly users: UserDirectory; readonly log: Log },
): Promise<readonly string[]> {
  const folder = join(dataDirectory, eraseFolder)
  if (!existsSync(folder)) return []
  const erased: string[] = []
  const known = new Set(await store.accounts())
  const owned = new Set((await users.list()).map(({ account }) => account))
  for (const account of await readdir(folder)) {
    try {
      if (known.has(account) && !owned.has(account)) {
        await store.removeAccount(account)
        erased.push(account)
      }
      await rm(join(folder, account))
    } catch (error) {
      log.warn({ err: error, account }, 'the mail of a removed user cannot be erased yet')
    }
  }
  return erased
}

/** Does `work` with one user's mail; no server may have the store open. Throws `StoreFailure` (`busy`) if one has. */
export async function withAccount<T>(
  config: Config,
  name: string,
  work: (account: AccountStore, user: string) => Promise<T>,
): Promise<T> {
  await using open = new AsyncDisposableStack()
  const users = open.adopt(await openUsers(config, 'existing'), (directory) => directory.close())
  const user = await users.find(name)
  if (!user) throw new CommandFailure(`there is no user ${JSON.stringify(name)}`)
  const store = open.adopt(await openStore(config), (mail) => mail.close())
  const account = open.adopt(await store.openAccount(user.account), (mail) => mail.close())
  return await work(account, user.name)
}
