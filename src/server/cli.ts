import { Command, CommanderError } from 'commander'
import { checkCommand } from './commands/check.ts'
import { configCommand } from './commands/config.ts'
import { exportCommand } from './commands/export.ts'
import { groupCommand } from './commands/group.ts'
import { importCommand } from './commands/import.ts'
import { serveCommand } from './commands/serve.ts'
import { sharedCommand } from './commands/shared.ts'
import { startCommand } from './commands/start.ts'
import { statsCommand } from './commands/stats.ts'
import { userCommand } from './commands/user.ts'
import { exitCodeOf, exitCodes, sentenceOf } from './failures.ts'
import { hint } from './terminal.ts'
import { version } from './version.ts'

/** Runs the program with its arguments; the exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  process.umask(0o077) // mail is its owner's alone
  const program = makeProgram()
  process.exitCode = exitCodes.ok
  try {
    await program.parseAsync(args, { from: 'user' })
    return Number(process.exitCode)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    hint(`crispin: ${sentenceOf(error)}`)
    if (args.includes('--verbose') && error instanceof Error) hint(stackOf(error))
    return exitCodeOf(error)
  }
}

/** All commands, for the command line and for tests of its help. */
export function makeProgram(): Command {
  const program = new Command('crispin')
    .description('A mail store: IMAP, LMTP, one command to start.')
    .version(version)
    .showHelpAfterError('(crispin COMMAND --help shows how it is used)')
    .addHelpText('after', exitCodeHelp)
  const commands = [
    startCommand(),
    serveCommand(),
    userCommand(),
    groupCommand(),
    sharedCommand(),
    importCommand(),
    exportCommand(),
    checkCommand(),
    configCommand(),
    statsCommand(),
  ]
  for (const command of commands) program.addCommand(prepared(command))
  return program.exitOverride()
}

/** What all commands have: an exception instead of an exit, and --verbose. */
function prepared(command: Command): Command {
  command.exitOverride().showHelpAfterError('(--help shows how it is used)')
  if (command.commands.length === 0) command.option('--verbose', 'show where in the program a failure arose')
  for (const inferior of command.commands) prepared(inferior)
  return command
}

const exitCodeHelp = `
Exit codes: 0 done, 1 failed, 2 wrong use or wrong configuration, 3 problems found (check, config check, import, export).
Documentation: docs/operating.md, docs/configuration.md`

function stackOf(error: Error): string {
  const own = error.stack ?? error.message
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own
}
