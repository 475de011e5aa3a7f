import { Command } from 'commander'
import type { Group } from '../../accounts/people.ts'
import { CommandFailure } from '../failures.ts'
import { columns, report } from '../terminal.ts'
import { usersSubcommand, withUsers } from './users.ts'
import type { UsersOptions } from './users.ts'

/** `crispin group` */
export function groupCommand(): Command {
  return new Command('group')
    .description('Manage groups of users, to whom mailboxes can be shared as $NAME.')
    .addCommand(setCommand())
    .addCommand(listCommand())
    .addCommand(removeCommand())
}

function setCommand(): Command {
  return usersSubcommand(
    'set',
    'Say who is in a group; who was in it before and is not named is no longer.',
    '  crispin group set team alice bob@example.org',
  )
    .argument('<group>', 'the name of the group, without $')
    .argument('<members...>', 'names of users')
    .action(async (group: string, members: readonly string[], options: UsersOptions) => {
      const made = await withUsers(options, 'existing', ({ people }) => people.setMembers(group, members))
      report(options.json, made, () => [`$${made.name}: ${made.members.join(' ')}`])
    })
}

function listCommand(): Command {
  return usersSubcommand('list', 'List all groups.', '  crispin group list --json').action(
    async (options: UsersOptions) => {
      const groups = await withUsers(options, 'existing', ({ people }) => people.groups())
      report(options.json, groups, () => columns([['GROUP', 'MEMBERS'], ...groups.map(rowOf)]))
    },
  )
}

const rowOf = ({ name, members }: Group): string[] => [`$${name}`, members.join(' ')]

function removeCommand(): Command {
  return usersSubcommand(
    'remove',
    'Remove a group; what it was granted is kept for one of its name.',
    '  crispin group remove team',
  )
    .argument('<group>', 'the name of the group, without $')
    .action(async (group: string, options: UsersOptions) => {
      await withUsers(options, 'existing', async ({ people }) => {
        const known = await people.groups()
        const removed = await people.setMembers(group, [])
        if (!known.some(({ name }) => name === removed.name)) throw new CommandFailure(`there is no group ${group}`)
        report(options.json, removed, () => [`removed $${removed.name}`])
      })
    })
}
