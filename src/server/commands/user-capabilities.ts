import type { Command } from 'commander'
import { report } from '../terminal.ts'
import { usersSubcommand, withUsers } from './users.ts'
import type { UsersOptions } from './users.ts'

interface CapabilitiesOptions extends UsersOptions {
  readonly disable?: readonly string[]
}

/** `crispin user capabilities` */
export function capabilitiesCommand(): Command {
  return usersSubcommand(
    'capabilities',
    'Say which capabilities the sessions of a user do not have; the rest is switched on.',
    `  crispin user capabilities alice --disable QRESYNC NOTIFY
  crispin user capabilities alice`,
  )
    .argument('<user>', 'the user')
    .option('--disable <capability...>', 'what to switch off, as CAPABILITY prints it; without it, nothing')
    .action(async (user: string, options: CapabilitiesOptions) => {
      const disabledCapabilities = await withUsers(options, 'existing', (users) =>
        users.setDisabledCapabilities(user, options.disable ?? []),
      )
      report(options.json, { user, disabledCapabilities }, () => [
        disabledCapabilities.length === 0
          ? `${user} has all capabilities`
          : `${user} has all capabilities but ${disabledCapabilities.join(' ')}`,
      ])
    })
}
