import { Command, Option } from 'commander'
import type { ImportReport } from '../../transfer/import-mail.ts'
import type { MailFormat, MboxKind } from '../../transfer/source.ts'
import { exitCodes } from '../failures.ts'
import { configFor, configOption, dataOption, jsonOption } from '../options.ts'
import type { DataOptions } from '../options.ts'
import { counted, hint, report } from '../terminal.ts'

interface ImportCommandOptions extends DataOptions {
  readonly user: string
  readonly format: MailFormat | 'auto'
  readonly mboxKind?: MboxKind
  readonly under?: string
  readonly dryRun?: true
  readonly json?: true
}

/** `crispin import` */
export function importCommand(): Command {
  return new Command('import')
    .description('Bring in mail from Maildir, Maildir++, mbox or .eml files. Run again, it brings in only what is new.')
    .argument('<path>', 'folder or file')
    .requiredOption('--user <name>', 'whose mail it becomes')
    .addOption(
      new Option('--format <format>', 'what it is').choices(['auto', 'maildir', 'mbox', 'eml']).default('auto'),
    )
    .addOption(
      new Option('--mbox-kind <kind>', 'how lines beginning with "From " are marked (default: by the file)').choices([
        'mboxo',
        'mboxrd',
        'mboxcl',
        'mboxcl2',
      ]),
    )
    .option('--under <mailbox>', 'put all mailboxes below this one')
    .option('--dry-run', 'read everything and say what would be done')
    .addOption(dataOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action(async (path: string, options: ImportCommandOptions) => {
      const [{ withAccount }, { importMail }, { openSource }, { interruptSignal, progressBar }] = await Promise.all([
        import('../data-directory.ts'),
        import('../../transfer/import-mail.ts'),
        import('../../transfer/open-source.ts'),
        import('../progress-bar.ts'),
      ])
      const { format, mboxKind, under, dryRun = false } = options
      const config = await configFor(options)
      const source = await openSource(path, mboxKind === undefined ? { format } : { format, mboxKind })
      const bar = progressBar()
      const interrupt = interruptSignal()
      try {
        const imported = await withAccount(config, options.user, (account, subscriber) =>
          importMail(source, account, {
            signal: interrupt.signal,
            onProgress: bar.onProgress,
            dryRun,
            subscriber,
            ...(under === undefined ? {} : { under }),
          }),
        )
        bar.stop()
        report(options.json, imported, () => summaryOf(imported, dryRun))
        for (const { where, what } of options.json ? [] : imported.problems) hint(`${where}: ${what}`)
        if (imported.interrupted) process.exitCode = exitCodes.failed
        else if (imported.problemCount > 0) process.exitCode = exitCodes.problems
      } finally {
        bar.stop()
        interrupt.stop()
      }
    })
}

function* summaryOf(imported: ImportReport, dryRun: boolean): Generator<string> {
  const { messages, octets, mailboxes, duplicates, renumbered, newUidValidities, problemCount } = imported
  yield `${dryRun ? 'would import' : 'imported'} ${counted(messages, 'message')} (${counted(octets, 'octet')}) in ${counted(mailboxes, 'mailbox')}`
  if (duplicates > 0) yield `${duplicates} were there already`
  if (renumbered > 0) yield `${renumbered} got another UID, since theirs was taken`
  if (newUidValidities > 0) yield `${counted(newUidValidities, 'mailbox')} could not keep their UIDVALIDITY`
  if (problemCount > 0) yield counted(problemCount, 'problem')
  if (imported.interrupted) yield 'interrupted; the same command goes on'
}

const help = `
Flags, keywords, dates and, where the source has them, UIDs are kept. No server may have the data directory open.
Ctrl-C ends it in order; the same command then goes on. Exits with 3 when something had to be passed over.

Examples:
  crispin import ~/Maildir --user alice
  crispin import archive.mbox --user alice --under Archive --dry-run`
