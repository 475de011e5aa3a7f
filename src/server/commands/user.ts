import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import type { UserDirectory } from '../../accounts/directory.ts'
import type { Config } from '../config-type.ts'
import { CommandFailure, exitCodes } from '../failures.ts'
import { appPasswordCommand } from './app-password.ts'
import { capabilitiesCommand } from './user-capabilities.ts'
import { quotaCommand } from './user-quota.ts'
import { usersSubcommand, withUsers } from './users.ts'
import type { UsersOptions } from './users.ts'
import { columns, confirmed, counted, hint, readStandardInput, report } from '../terminal.ts'

interface UserOptions extends UsersOptions {
  readonly passwordStdin?: true
  readonly fromFile?: string
  readonly yes?: true
}

/** `crispin user` */
export function userCommand(): Command {
  return new Command('user')
    .description('Manage who can sign in; works whether or not the server runs.')
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(passwordCommand())
    .addCommand(appPasswordCommand())
    .addCommand(capabilitiesCommand())
    .addCommand(quotaCommand())
    .addCommand(removeCommand())
}

function addCommand(): Command {
  return usersSubcommand(
    'add',
    'Add a user, or many. Without an option the password is made up and printed.',
    `  crispin user add alice@example.org
  echo "$PASSWORD" | crispin user add alice --data /var/lib/crispin --password-stdin
  crispin user add --from-file users.txt`,
  )
    .argument('[name]', 'alice, or alice@example.org')
    .option('--password-stdin', 'read the password from standard input')
    .option('--from-file <file>', 'add many: one NAME PASSWORD a line, all or none')
    .action(async (name: string | undefined, options: UserOptions) => {
      if ((name === undefined) === (options.fromFile === undefined)) {
        throw new CommandFailure('name either a user or --from-file', exitCodes.usage)
      }
      if (options.fromFile !== undefined) await addFromFile(options.fromFile, options)
      else if (name !== undefined) await addOne(name, options)
    })
}

async function addOne(name: string, options: UserOptions): Promise<void> {
  const { password, isGenerated } = await passwordFor(options)
  const user = await withUsers(options, 'make', (users) => users.add(name, password))
  report(options.json, isGenerated ? { ...user, password } : user, () => [
    `added ${user.name}`,
    ...(isGenerated ? [`password: ${password}`] : []),
  ])
}

async function addFromFile(file: string, options: UserOptions): Promise<void> {
  const users = parseUsers(await readFile(file, 'utf8'), file)
  const showProgress = process.stderr.isTTY && users.length > 50
  const added = await withUsers(options, 'make', (directory) =>
    directory.addMany(users, (done) => {
      if (showProgress) process.stderr.write(`\r${done} of ${users.length}${done === users.length ? '\n' : ''}`)
    }),
  )
  report(options.json, added, () => [`added ${counted(added.length, 'user')}`])
}

/** One `NAME PASSWORD` a line; the password is the rest of the line. Empty lines and those with `#` first are skipped. */
export function parseUsers(text: string, file: string): { readonly name: string; readonly password: string }[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return []
    const [, name, password] = /^(\S+)[ \t]+(.+)$/.exec(line) ?? []
    if (name === undefined || password === undefined) {
      throw new CommandFailure(`${file} line ${index + 1}: NAME PASSWORD is expected`, exitCodes.usage)
    }
    return [{ name, password }]
  })
}

async function passwordFor(
  options: UserOptions,
): Promise<{ readonly password: string; readonly isGenerated: boolean }> {
  if (options.passwordStdin) {
    return { password: (await readStandardInput()).replace(/\r?\n$/, ''), isGenerated: false }
  }
  const { randomPassword } = await import('../first-start.ts')
  return { password: randomPassword(), isGenerated: true }
}

function listCommand(): Command {
  return usersSubcommand('list', 'List all users.', '  crispin user list --json').action(
    async (options: UserOptions) => {
      const users = await withUsers(options, 'existing', (directory) => directory.list())
      report(options.json, users, () =>
        columns([['NAME', 'ACCOUNT'], ...users.map((user) => [user.name, user.account])]),
      )
    },
  )
}

function passwordCommand(): Command {
  return usersSubcommand(
    'password',
    'Give a user another password. Without --password-stdin it is made up and printed.',
    '  crispin user password alice',
  )
    .argument('<name>', 'the user')
    .option('--password-stdin', 'read the password from standard input')
    .action(async (name: string, options: UserOptions) => {
      const { password, isGenerated } = await passwordFor(options)
      const user = await withUsers(options, 'existing', (users) => users.setPassword(name, password))
      report(options.json, isGenerated ? { ...user, password } : user, () => [
        `changed the password of ${user.name}`,
        ...(isGenerated ? [`password: ${password}`] : []),
      ])
    })
}

function removeCommand(): Command {
  return usersSubcommand('remove', 'Remove a user and erase the mail.', '  crispin user remove alice --yes')
    .argument('<name>', 'the user')
    .option('--yes', 'do not ask')
    .action(async (name: string, options: UserOptions) => {
      if (!options.yes && !(await confirmed(`Remove ${name} and erase all their mail?`))) {
        throw new CommandFailure('nothing was removed (--yes answers the question)')
      }
      await withUsers(options, 'existing', async (users, config) => {
        const { markForErasure } = await import('../data-directory.ts')
        const found = (await users.list()).find((user) => user.name === users.nameOf(name))
        // Noted first: mail that nobody can reach must not be left behind by a crash in between.
        if (found) await markForErasure(config.server.dataDirectory, found.account)
        const user = await users.remove(name)
        const erased = await eraseNow(config, users)
        report(options.json, { ...user, erased }, () => [`removed ${user.name}`])
        if (!erased) hint('a server has the mail open: it erases it at its next start or SIGHUP')
      })
    })
}

/** Erases what is to be erased, if no server has the store open. */
async function eraseNow(config: Config, users: UserDirectory): Promise<boolean> {
  const { eraseMarked, isBusy, openStore } = await import('../data-directory.ts')
  const { silentLog } = await import('../../model/log.ts')
  try {
    const store = await openStore(config)
    try {
      await eraseMarked(config.server.dataDirectory, { store, users, log: silentLog })
      return true
    } finally {
      await store.close()
    }
  } catch (error) {
    if (isBusy(error)) return false
    throw error
  }
}
