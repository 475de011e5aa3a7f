import { Command } from 'commander'
import { configFor, configOption, dataOption, jsonOption } from '../options.ts'
import type { DataOptions } from '../options.ts'
import { columns, report } from '../terminal.ts'

interface StatsOptions extends DataOptions {
  readonly http?: string
  readonly json?: true
}

/** `crispin stats` */
export function statsCommand(): Command {
  return new Command('stats')
    .description('Count users, messages and octets; with --http, also what the running server does.')
    .option('--http <address>', 'HOST:PORT of the HTTP listener of the running server')
    .addOption(dataOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action(async (options: StatsOptions) => {
      const { dataStats, serverStats } = await import('../stats.ts')
      const config = await configFor(options)
      const data = await dataStats(config)
      const server = options.http === undefined ? undefined : await serverStats(options.http)
      report(options.json, { ...data, server }, () => [
        ...columns([
          ['USER', 'MAILBOXES', 'MESSAGES', 'OCTETS', 'ON DISK'],
          ...data.users.map(({ name, mailboxes, messages, octets, diskBytes }) =>
            [name, mailboxes ?? '-', messages ?? '-', octets ?? '-', diskBytes].map(String),
          ),
        ]),
        ...(data.isInUse ? ['A server has the mail open, so only octets on disk are counted.'] : []),
        ...(server ? columns(Object.entries(server).map(([name, value]) => [name, String(value)])) : []),
      ])
    })
}

const help = `
Messages are counted only while no server has the data directory open; octets on disk always.

Examples:
  crispin stats --data /var/lib/crispin
  crispin stats --http 127.0.0.1:9100 --json`
