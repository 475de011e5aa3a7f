import { Command } from 'commander'
import { ConfigFailure } from '../config.ts'
import { exitCodes } from '../failures.ts'
import { configFor, configOption, dataOption, jsonOption } from '../options.ts'
import type { DataOptions } from '../options.ts'
import { report, say } from '../terminal.ts'

/** `crispin config` */
export function configCommand(): Command {
  return new Command('config')
    .description('Look at the configuration.')
    .addCommand(checkCommand())
    .addCommand(showCommand())
    .addCommand(docsCommand(), { hidden: true })
}

function checkCommand(): Command {
  return new Command('check')
    .description('Name what is wrong in a configuration, with its line.')
    .argument('[file]', 'the configuration (default: the file that CRISPIN_CONFIG names)')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExits with 3 when something is wrong.\n\nExample:\n  crispin config check /etc/crispin.toml',
    )
    .action(async (file: string | undefined, { json }: { json?: true }) => {
      try {
        await configFor(file === undefined ? {} : { config: file })
        report(json, { ok: true, problems: [] }, () => ['The configuration is in order.'])
      } catch (error) {
        if (!(error instanceof ConfigFailure)) throw error
        process.exitCode = exitCodes.problems
        report(json, { ok: false, problems: error.problems }, () => [error.message])
      }
    })
}

function showCommand(): Command {
  return new Command('show')
    .description('Print the whole configuration that holds, as TOML.')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  CRISPIN_LIMITS_CONNECTIONS=100 crispin config show')
    .action(async (options: DataOptions & { json?: true }) => {
      const config = await configFor(options)
      const { stringify } = await import('smol-toml')
      report(options.json, config, () => [stringify(config).trimEnd()])
    })
}

function docsCommand(): Command {
  return new Command('docs').description('Print docs/configuration.md.').action(async () => {
    const { configurationPage } = await import('../config-docs.ts')
    say(configurationPage().trimEnd())
  })
}
