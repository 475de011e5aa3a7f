import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { UserDirectory } from '../accounts/directory.ts'
import type { Log } from '../model/log.ts'
import { type QuotaLimits, type QuotaResource, quotaResources } from '../model/quota.ts'
import type { AccountStore, Store } from '../store/store.ts'

/**
 * What is to become of an account's limits: each resource that is named gets another limit, or with `null` none; the
 * others stay. `default`: the account is to have none of its own.
 */
export type QuotaRequest = 'default' | Readonly<Partial<Record<QuotaResource, number | null | undefined>>>

const limit = z.int().min(0).nullable().optional()
const request: z.ZodType<QuotaRequest> = z.union([
  z.literal('default'),
  z.strictObject({ storage: limit, messages: limit, mailboxes: limit, annotations: limit }),
])

/** Gives an account other limits. Where it has none of its own so far, it keeps what the default was (`defaults`). */
export async function changeQuota(
  account: AccountStore,
  wanted: QuotaRequest,
  defaults: QuotaLimits,
): Promise<QuotaLimits | undefined> {
  const limits = wanted === 'default' ? undefined : merged((await account.quotas())[0]?.set ?? defaults, wanted)
  await account.commit([{ op: 'setQuota', limits }])
  return limits
}

function merged(before: QuotaLimits, wanted: Exclude<QuotaRequest, 'default'>): QuotaLimits {
  const limits: Partial<Record<QuotaResource, number>> = {}
  for (const resource of quotaResources) {
    const value = wanted[resource] === undefined ? before[resource] : wanted[resource]
    if (value !== undefined && value !== null) limits[resource] = value
  }
  return limits
}

const folderName = 'quota'

/** Notes what is to become of an account's limits, for the server that has the store. A later note replaces it. */
export async function noteQuotaRequest(dataDirectory: string, account: string, wanted: QuotaRequest): Promise<void> {
  const folder = join(dataDirectory, folderName)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, account)
  await writeFile(`${path}.new`, JSON.stringify(wanted) + '\n', { flush: true })
  await rename(`${path}.new`, path)
}

/**
 * Does what {@link noteQuotaRequest} noted, also for users who have no mail yet. What cannot be done stays noted; what is
 * about an account that nobody has any more goes.
 */
export async function applyQuotaRequests(
  dataDirectory: string,
  defaults: QuotaLimits,
  { store, users, log }: { readonly store: Store; readonly users: UserDirectory; readonly log: Log },
): Promise<void> {
  const folder = join(dataDirectory, folderName)
  if (!existsSync(folder)) return
  const owned = new Set((await users.list()).map(({ account }) => account))
  for (const id of await readdir(folder)) {
    if (id.endsWith('.new')) continue // about to be noted, or left by a crash in between
    const path = join(folder, id)
    try {
      const note = await readFile(path, 'utf8')
      const wanted = request.parse(JSON.parse(note))
      if (owned.has(id)) {
        const account = await store.openAccount(id)
        try {
          await changeQuota(account, wanted, defaults)
        } finally {
          await account.close()
        }
        log.info({ account: id }, 'limits of an account were set')
      }
      // One that has taken its place meanwhile is still to be done.
      if ((await readFile(path, 'utf8')) === note) await rm(path)
    } catch (error) {
      log.warn({ err: error, account: id }, 'limits of an account could not be set')
    }
  }
}
