import { Command, Option } from 'commander'
import type { MailFormat, MboxKind } from '../../transfer/source.ts'
import { exitCodes } from '../failures.ts'
import { configFor, configOption, dataOption, jsonOption } from '../options.ts'
import type { DataOptions } from '../options.ts'
import { counted, hint, report } from '../terminal.ts'

interface ExportCommandOptions extends DataOptions {
  readonly user: string
  readonly format: MailFormat
  readonly mboxKind?: MboxKind
  readonly mailbox?: readonly string[]
  readonly json?: true
}

/** `crispin export` */
export function exportCommand(): Command {
  return new Command('export')
    .description("Write a user's mail to a folder that is empty or not there yet.")
    .argument('<folder>', 'where to')
    .requiredOption('--user <name>', 'whose mail')
    .addOption(new Option('--format <format>', 'what to write').choices(['maildir', 'mbox', 'eml']).default('maildir'))
    .addOption(
      new Option('--mbox-kind <kind>', 'how lines beginning with "From " are marked')
        .choices(['mboxo', 'mboxrd', 'mboxcl', 'mboxcl2'])
        .default('mboxrd'),
    )
    .option('--mailbox <name...>', 'only these mailboxes')
    .addOption(dataOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action(async (folder: string, options: ExportCommandOptions) => {
      const [{ withAccount }, { exportMail }, { interruptSignal, progressBar }] = await Promise.all([
        import('../data-directory.ts'),
        import('../../transfer/export-mail.ts'),
        import('../progress-bar.ts'),
      ])
      const { format, mboxKind, mailbox: mailboxes } = options
      const config = await configFor(options)
      const bar = progressBar()
      const interrupt = interruptSignal()
      try {
        const exported = await withAccount(config, options.user, (account, subscriber) =>
          exportMail(account, folder, {
            format,
            subscriber,
            signal: interrupt.signal,
            onProgress: bar.onProgress,
            ...(mboxKind === undefined ? {} : { mboxKind }),
            ...(mailboxes === undefined ? {} : { mailboxes }),
          }),
        )
        bar.stop()
        report(options.json, exported, () => [
          `exported ${counted(exported.messages, 'message')} (${counted(exported.octets, 'octet')}) of ${counted(exported.mailboxes, 'mailbox')} to ${folder}`,
          ...(exported.interrupted ? ['interrupted: the export is not complete'] : []),
        ])
        for (const { where, what } of options.json ? [] : exported.problems) hint(`${where}: ${what}`)
        if (exported.interrupted) process.exitCode = exitCodes.failed
        else if (exported.problemCount > 0) process.exitCode = exitCodes.problems
      } finally {
        bar.stop()
        interrupt.stop()
      }
    })
}

const help = `
An import of what was exported gives back octets, flags, keywords, dates, UIDs and UIDVALIDITY. No server may have the
data directory open.

Examples:
  crispin export ./backup --user alice
  crispin export ./mbox --user alice --format mbox --mailbox INBOX Sent`
