import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { AccountStore, Store } from '../store/store.ts'
import type { Config } from './config-type.ts'
import { isBusy, openStore, openUsers } from './data-directory.ts'
import { CommandFailure } from './failures.ts'

/** What is kept for one user. */
export interface UserStats {
  readonly name: string
  /** Counted only while no server has the store open. */
  readonly mailboxes?: number
  readonly messages?: number
  /** Of all messages, each copy counted. */
  readonly octets?: number
  readonly diskBytes: number
}

/** What a data directory holds. */
export interface DataStats {
  readonly users: readonly UserStats[]
  /** Whether another process has the store open. */
  readonly isInUse: boolean
}

/** Counts what is in a data directory, as far as a running server allows. */
export async function dataStats(config: Config): Promise<DataStats> {
  await using open = new AsyncDisposableStack()
  const directory = open.adopt(await openUsers(config, 'existing'), (users) => users.close())
  const store = await openStore(config).catch((error: unknown) => {
    if (isBusy(error)) return undefined
    throw error
  })
  if (store) open.defer(() => store.close())
  const known = new Set(store ? await store.accounts() : [])
  const users: UserStats[] = []
  for (const { name, account } of await directory.list()) {
    const diskBytes = await bytesBelow(join(config.server.dataDirectory, 'accounts', account))
    const counts = store ? (known.has(account) ? await accountCounts(store, account) : noMail) : {}
    users.push({ name, ...counts, diskBytes })
  }
  return { users, isInUse: store === undefined }
}

/** A user who has not signed in or received anything yet has no account in the store. */
const noMail = { mailboxes: 0, messages: 0, octets: 0 }

async function accountCounts(store: Store, id: string): Promise<typeof noMail> {
  const account: AccountStore = await store.openAccount(id)
  try {
    const { byId } = await account.tree()
    const counters = await account.status([...byId.keys()])
    return {
      mailboxes: byId.size,
      messages: counters.reduce((sum, { messages }) => sum + messages, 0),
      octets: counters.reduce((sum, { size }) => sum + size, 0),
    }
  } finally {
    await account.close()
  }
}

/** Octets that the files of a folder take; 0 where there is none. Files that go while we look count nothing. */
async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  let bytes = 0
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined)
    bytes += found ? found.blocks * 512 : 0
  }
  return bytes
}

/** The server's own counters, by the name of the metric with its labels. Throws `CommandFailure`. */
export async function serverStats(address: string): Promise<Readonly<Record<string, number>>> {
  const page = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined)
  if (!page?.ok) throw new CommandFailure(`no server of Crispin answers at http://${address}/metrics`)
  const wanted = /^crispin_(?:connections_open|sessions_total|sign_ins_total|imap_commands_total|process_resident_\w+)/
  const lines = (await page.text()).split('\n').filter((line) => wanted.test(line))
  return Object.fromEntries(
    lines.map((line) => {
      const space = line.lastIndexOf(' ')
      return [line.slice('crispin_'.length, space), Number(line.slice(space + 1))]
    }),
  )
}
