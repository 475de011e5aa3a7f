import { Command } from 'commander'
import type { Holder } from '../../accounts/people.ts'
import { columns, report } from '../terminal.ts'
import { usersSubcommand, withUsers } from './users.ts'
import type { UsersOptions } from './users.ts'

/** `crispin shared` */
export function sharedCommand(): Command {
  return new Command('shared')
    .description("Manage accounts that are nobody's own: their owners use them together.")
    .addCommand(addCommand())
    .addCommand(ownersCommand())
    .addCommand(listCommand())
    .addHelpText('after', '\ncrispin user remove NAME removes one with all its mail.')
}

function addCommand(): Command {
  return usersSubcommand(
    'add',
    'Make an account that receives mail and to which nobody signs in.',
    `  crispin shared add info@example.org alice bob
  crispin shared add info '$team'`,
  )
    .argument('<name>', 'info, or info@example.org')
    .argument('<owners...>', 'names of users, and of groups with a $ before them')
    .action(async (name: string, owners: readonly string[], options: UsersOptions) => {
      const made = await withUsers(options, 'make', (users) => users.addShared(name, owners))
      report(options.json, made, () => [`added ${textOf(made)}`])
    })
}

function ownersCommand(): Command {
  return usersSubcommand(
    'owners',
    'Say who owns a shared account; who owned it before and is not named no longer does.',
    "  crispin shared owners info alice '$team'",
  )
    .argument('<name>', 'the account')
    .argument('<owners...>', 'names of users, and of groups with a $ before them')
    .action(async (name: string, owners: readonly string[], options: UsersOptions) => {
      const changed = await withUsers(options, 'existing', ({ people }) => people.setOwners(name, owners))
      report(options.json, changed, () => [textOf(changed)])
    })
}

function listCommand(): Command {
  return usersSubcommand('list', 'List all shared accounts.', '  crispin shared list --json').action(
    async (options: UsersOptions) => {
      const found = await withUsers(options, 'existing', async (users) => {
        const entries = await users.list()
        const holders = await Promise.all(entries.map(({ name }) => users.people.holderNamed(name)))
        return holders.filter((holder) => holder?.isShared === true) as Holder[] // those that are none are left out
      })
      const rows = found.map(({ name, owners }) => [name, owners.join(' ')])
      report(options.json, found, () => columns([['NAME', 'OWNERS'], ...rows]))
    },
  )
}

const textOf = ({ name, owners }: Holder): string => `${name}, owned by ${owners.join(' ')}`
