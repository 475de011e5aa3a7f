import { Command } from 'commander'
import type { AppPassword } from '../../accounts/app-password.ts'
import { CommandFailure, exitCodes } from '../failures.ts'
import { columns, report } from '../terminal.ts'
import { usersSubcommand, withUsers } from './users.ts'
import type { UsersOptions } from './users.ts'

interface AppPasswordOptions extends UsersOptions {
  readonly name: string
  readonly expires?: string
  readonly disable?: readonly string[]
}

/** `crispin user app-password` */
export function appPasswordCommand(): Command {
  return new Command('app-password')
    .description('Passwords for single programs: made by the server, taken back one by one.')
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(removeCommand())
}

function addCommand(): Command {
  return usersSubcommand(
    'add',
    "Make an app password and print it, once. It signs in with PLAIN and LOGIN, beside the user's own password.",
    `  crispin user app-password add alice --name phone
  crispin user app-password add alice --name scanner --expires 2027-06-30
  crispin user app-password add alice --name "old client" --disable QRESYNC COMPRESS=DEFLATE`,
  )
    .argument('<user>', 'the user')
    .requiredOption('--name <name>', 'what the user calls it')
    .option('--expires <date>', 'the day from whose beginning (UTC) it is not good any more, or an ISO time')
    .option('--disable <capability...>', 'capabilities that its sessions do not have')
    .action(async (user: string, options: AppPasswordOptions) => {
      const expires = options.expires === undefined ? undefined : secondsOf(options.expires)
      const made = await withUsers(options, 'existing', (users) =>
        users.addAppPassword(user, { label: options.name, expires, disabledCapabilities: options.disable ?? [] }),
      )
      report(options.json, { user, ...shown(made), password: made.password }, () => [`password: ${made.password}`])
    })
}

function listCommand(): Command {
  return usersSubcommand(
    'list',
    'List the app passwords of a user, without their secrets.',
    '  crispin user app-password list alice',
  )
    .argument('<user>', 'the user')
    .action(async (user: string, options: UsersOptions) => {
      const all = (await withUsers(options, 'existing', (users) => users.appPasswords(user))).map(shown)
      report(options.json, all, () =>
        columns([
          ['NAME', 'MADE', 'EXPIRES', 'WITHOUT'],
          ...all.map(({ name, created, expires, disabledCapabilities }) => [
            name,
            created,
            expires ?? 'never',
            disabledCapabilities.join(' '),
          ]),
        ]),
      )
    })
}

function removeCommand(): Command {
  return usersSubcommand(
    'remove',
    'Take an app password back; sessions that it began go on until they end.',
    '  crispin user app-password remove alice --name phone',
  )
    .argument('<user>', 'the user')
    .requiredOption('--name <name>', 'what the user calls it')
    .action(async (user: string, options: AppPasswordOptions) => {
      await withUsers(options, 'existing', (users) => users.removeAppPassword(user, options.name))
      report(options.json, { user, name: options.name }, () => [`removed ${options.name}`])
    })
}

/** An app password as people and scripts are shown it. */
interface ShownAppPassword {
  readonly name: string
  readonly created: string
  readonly expires: string | null
  readonly disabledCapabilities: readonly string[]
}

function shown({ label, created, expires, disabledCapabilities }: AppPassword): ShownAppPassword {
  return {
    name: label,
    created: timeText(created),
    expires: expires === undefined ? null : timeText(expires),
    disabledCapabilities,
  }
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

function secondsOf(date: string): number {
  const milliseconds = Date.parse(date)
  if (Number.isNaN(milliseconds)) {
    throw new CommandFailure(`${date} is no date: write it as 2027-06-30 or 2027-06-30T12:00Z`, exitCodes.usage)
  }
  return Math.floor(milliseconds / 1000)
}
