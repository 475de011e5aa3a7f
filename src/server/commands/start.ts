import { Command } from 'commander'
import { configFor, configOption, dataOption } from '../options.ts'
import type { DataOptions } from '../options.ts'
import { say } from '../terminal.ts'

/** `crispin start`, which is also `npm start` */
export function startCommand(): Command {
  return new Command('start')
    .description('Try Crispin: serve on loopback with a first account, without any configuration.')
    .addOption(dataOption())
    .addOption(configOption())
    .addHelpText('after', help)
    .action(async (options: DataOptions) => {
      const { ensureFirstUser, welcome } = await import('../first-start.ts')
      const { serveUntilStopped } = await import('../serve-until-stopped.ts')
      const load = (): ReturnType<typeof configFor> =>
        configFor(options, {
          imap: { listen: ['127.0.0.1:1143'] },
          imaps: { listen: ['127.0.0.1:1993'] },
          lmtp: { listen: ['127.0.0.1:1024'] },
          ...(process.env['CRISPIN_LOG_LEVEL'] === undefined ? { log: { level: 'warn' } } : {}),
        })
      const firstUser = await ensureFirstUser(await load())
      await serveUntilStopped(load, (server) => {
        for (const line of welcome(server, firstUser)) say(line)
      })
    })
}

const help = `
IMAP listens on 127.0.0.1:1143 (STARTTLS) and 127.0.0.1:1993 (TLS), LMTP on 127.0.0.1:1024. The first start makes an
account and prints its password, once. A later start finds everything as it was.

Examples:
  npm start
  crispin start --data ~/mail`
