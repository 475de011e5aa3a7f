import { Command } from 'commander'
import type { UserDirectory } from '../../accounts/directory.ts'
import type { Config } from '../config-type.ts'
import { configFor, configOption, dataOption, jsonOption } from '../options.ts'
import type { DataOptions } from '../options.ts'

/** Options of everything below `crispin user`. */
export interface UsersOptions extends DataOptions {
  readonly json?: true
}

/** A command below `crispin user`, with the options and the form of help that all of them have. */
export function usersSubcommand(name: string, description: string, examples: string): Command {
  return new Command(name)
    .description(description)
    .addOption(dataOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText('after', `\nExamples:\n${examples}`)
}

/** Does `work` with the users of the data directory that the options name. */
export async function withUsers<T>(
  options: UsersOptions,
  mode: 'make' | 'existing',
  work: (users: UserDirectory, config: Config) => Promise<T>,
): Promise<T> {
  const config = await configFor(options)
  const { openUsers } = await import('../data-directory.ts')
  const users = await openUsers(config, mode)
  try {
    return await work(users, config)
  } finally {
    await users.close()
  }
}
