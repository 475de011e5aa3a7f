import type { Command } from 'commander'
import { type QuotaResource, quotaResources, type QuotaRoot } from '../../model/quota.ts'
import { CommandFailure, exitCodes } from '../failures.ts'
import type { QuotaRequest } from '../quota-requests.ts'
import { columns, hint, report } from '../terminal.ts'
import { usersSubcommand, withUsers } from './users.ts'
import type { UsersOptions } from './users.ts'

type QuotaOptions = UsersOptions & Readonly<Partial<Record<QuotaResource, string>>> & { readonly default?: true }

/** `crispin user quota` */
export function quotaCommand(): Command {
  return usersSubcommand(
    'quota',
    "Show what a user's account holds and may hold, or set its limits; the others stay as they are.",
    `  crispin user quota alice
  crispin user quota alice --storage 5GB --messages 100000
  crispin user quota alice --messages none
  crispin user quota alice --default`,
  )
    .argument('<user>', 'the user')
    .option('--storage <octets>', 'octets of all messages: 5GB, 500M, 1000000, or none')
    .option('--messages <number>', 'messages of all mailboxes, or none')
    .option('--mailboxes <number>', 'mailboxes, or none')
    .option('--annotations <octets>', 'octets of all annotations, or none')
    .option('--default', 'what the configuration says holds again')
    .action(async (name: string, options: QuotaOptions) => {
      const wanted = requestOf(options)
      if (wanted === undefined) return await show(name, options)
      await withUsers(options, 'existing', async (users, config) => {
        const user = await users.find(name)
        if (!user) throw new CommandFailure(`there is no user ${JSON.stringify(name)}`)
        const { isBusy, openStore } = await import('../data-directory.ts')
        const { applyQuotaRequests, noteQuotaRequest } = await import('../quota-requests.ts')
        const { defaultQuotaOf } = await import('../services.ts')
        const { silentLog } = await import('../../model/log.ts')
        const { dataDirectory } = config.server
        // Noted first, so that it is done whoever has the mail open.
        await noteQuotaRequest(dataDirectory, user.account, wanted)
        try {
          const store = await openStore(config)
          try {
            await applyQuotaRequests(dataDirectory, defaultQuotaOf(config), { store, users, log: silentLog })
          } finally {
            await store.close()
          }
        } catch (error) {
          if (!isBusy(error)) throw error
          hint('a server has the mail open: it takes the limits over at its next start or SIGHUP')
        }
        report(options.json, { user: user.name, limits: wanted }, () => [`set the limits of ${user.name}`])
      })
    })
}

/** What the options ask for; undefined: nothing but to be shown. Throws `CommandFailure`. */
function requestOf(options: QuotaOptions): QuotaRequest | undefined {
  const limits: Partial<Record<QuotaResource, number | null>> = {}
  for (const resource of quotaResources) {
    const text = options[resource]
    if (text !== undefined) limits[resource] = amountOf(text, resource)
  }
  const isNamed = Object.keys(limits).length > 0
  if (options.default && isNamed) throw new CommandFailure('--default leaves no other limits', exitCodes.usage)
  if (options.default) return 'default'
  return isNamed ? limits : undefined
}

const powers = ['', 'K', 'M', 'G', 'T']

/** A number, of octets with a unit of 1,024, 1,024² ... octets; `none` is null. Throws `CommandFailure`. */
export function amountOf(text: string, resource: QuotaResource): number | null {
  if (text === 'none') return null
  const hasUnits = resource === 'storage' || resource === 'annotations'
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*(?:([KMGT]?)i?B?)?$/i.exec(text) ?? []
  const value = Math.floor(Number(digits) * 1024 ** powers.indexOf(unit.toUpperCase()))
  const isPlain = /^\d+$/.test(text)
  if (digits === undefined || (!hasUnits && !isPlain) || !Number.isSafeInteger(value)) {
    const form = hasUnits ? '5GB, 500M or 1000000' : 'a whole number'
    throw new CommandFailure(`${text} is no limit: write it as ${form}, or none`, exitCodes.usage)
  }
  return value
}

async function show(name: string, options: QuotaOptions): Promise<void> {
  const { configFor } = await import('../options.ts')
  const { withAccount } = await import('../data-directory.ts')
  const root = await withAccount(await configFor(options), name, async (account) => (await account.quotas())[0])
  if (!root) throw new Error('an account is a quota root')
  report(options.json, root, () => lines(root))
}

function lines({ limits, usage, set }: QuotaRoot): string[] {
  const rows = quotaResources.map((resource) => [resource, String(usage[resource]), String(limits[resource] ?? 'none')])
  return [...columns([['RESOURCE', 'USED', 'LIMIT'], ...rows]), set ? 'set for this account' : 'by default']
}
