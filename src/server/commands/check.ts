import { Command } from 'commander'
import { exitCodes } from '../failures.ts'
import { configFor, configOption, dataOption, jsonOption } from '../options.ts'
import type { DataOptions } from '../options.ts'
import { counted, report } from '../terminal.ts'

interface CheckCommandOptions extends DataOptions {
  readonly user?: string
  readonly rebuild?: true
  readonly json?: true
}

/** `crispin check` */
export function checkCommand(): Command {
  return new Command('check')
    .description('Verify all mail: checksums, UIDs, counters, references; --rebuild restores from the message files.')
    .option('--rebuild', 'make the databases anew from the message files, then check')
    .option('--user <name>', "only this user's mail")
    .addOption(dataOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action(async (options: CheckCommandOptions) => {
      const { checkStore } = await import('../../store/embedded/check.ts')
      const config = await configFor(options)
      const account = options.user === undefined ? undefined : await accountOf(config, options.user)
      const found = await checkStore(config.server.dataDirectory, {
        rebuild: options.rebuild ?? false,
        ...(account === undefined ? {} : { account }),
        onProgress: (id, done, of) => {
          if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${done + 1} of ${of}: ${id}\r`)
        },
      })
      if (process.stderr.isTTY) process.stderr.write('\u001b[K')
      report(options.json, found, () => [
        ...found.problems.map(
          ({ account: id, text, repairable }) => `${id}: ${text}${repairable ? ' (repairable)' : ''}`,
        ),
        ...found.notes.map((text) => `note: ${text}`),
        [
          counted(found.accounts, 'account'),
          counted(found.mailboxes, 'mailbox'),
          counted(found.messages, 'message'),
        ].join(', ') +
          ': ' +
          (found.problems.length === 0 ? 'all in order' : counted(found.problems.length, 'problem')),
        ...(found.rebuilt.length > 0 ? [`rebuilt: ${counted(found.rebuilt.length, 'account')}`] : []),
      ])
      if (found.problems.length > 0) process.exitCode = exitCodes.problems
    })
}

async function accountOf(config: Awaited<ReturnType<typeof configFor>>, name: string): Promise<string> {
  const { openUsers } = await import('../data-directory.ts')
  const { CommandFailure } = await import('../failures.ts')
  const users = await openUsers(config, 'existing')
  try {
    const user = await users.find(name)
    if (!user) throw new CommandFailure(`there is no user ${JSON.stringify(name)}`)
    return user.account
  } finally {
    await users.close()
  }
}

const help = `
No server may have the data directory open. Exits with 3 when something is not in order.

Examples:
  crispin check --data /var/lib/crispin
  crispin check --rebuild --user alice`
