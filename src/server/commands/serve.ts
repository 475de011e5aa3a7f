import { Command } from 'commander'
import type { RawConfig } from '../config.ts'
import type { Config } from '../config-type.ts'
import { configFor, configOption, dataOption } from '../options.ts'
import type { DataOptions } from '../options.ts'
import { hint, say } from '../terminal.ts'

interface ServeOptions extends DataOptions {
  readonly imap?: string
  readonly imaps?: string
  readonly lmtp?: string
  readonly http?: string
  readonly allowPlaintextLogin?: true
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly json?: true
}

/** `crispin serve` */
export function serveCommand(): Command {
  return new Command('serve')
    .description('Serve mail until SIGTERM. A listener that is not named is off.')
    .addOption(dataOption())
    .option('--imap <address>', 'IMAP with STARTTLS')
    .option('--imaps <address>', 'IMAP over TLS')
    .option('--lmtp <address>', 'LMTP, where mail comes in; HOST:PORT or unix:PATH')
    .option('--http <address>', 'metrics and health')
    .option('--allow-plaintext-login', 'take passwords without TLS')
    .option('--tls-cert <file>', 'certificate, PEM (default: one made at the first start)')
    .option('--tls-key <file>', 'its key, PEM')
    .addOption(configOption())
    .option('--json', 'instead of "ready", print one line of JSON with the addresses')
    .addHelpText('after', help)
    .action(async (options: ServeOptions) => {
      const load = async (): Promise<Config> => withServiceDefaults(await configFor(options, overridesOf(options)))
      const { serveUntilStopped } = await import('../serve-until-stopped.ts')
      await serveUntilStopped(load, ({ addresses, certificate }) => {
        if (certificate?.made) hint(`made a certificate, SHA-256 ${certificate.fingerprint}`)
        for (const [table, open] of Object.entries(addresses)) {
          for (const address of open) hint(`listening: ${table} ${address}`)
        }
        say(options.json ? JSON.stringify({ ready: true, ...addresses }) : 'ready')
      })
    })
}

const help = `
An address is HOST:PORT, [IPV6]:PORT or *:PORT; port 0 is any free one, and standard error tells which.
When all listen, one line "ready" is printed. With no listener named, neither here nor in the configuration,
IMAP is served on ports 143 and 993 of all addresses. SIGTERM ends in order, SIGHUP reads configuration and
certificates again.

Examples:
  crispin serve --data /var/lib/crispin --imaps '*:993' --lmtp unix:/run/crispin/lmtp --http 127.0.0.1:9100
  crispin serve --data ./data --imap 127.0.0.1:1143 --allow-plaintext-login
  crispin serve --config /etc/crispin.toml`

function overridesOf(options: ServeOptions): RawConfig {
  const { imap, imaps, lmtp, http, allowPlaintextLogin, tlsCert, tlsKey } = options
  const named = imap ?? imaps ?? lmtp ?? http
  // Naming one listener is naming them all: the others are off, whatever the file says.
  const listen = (address: string | undefined): Record<string, unknown> =>
    named === undefined ? {} : { listen: address === undefined ? [] : [address] }
  return {
    imap: { ...listen(imap), ...(allowPlaintextLogin ? { allowPlaintextLogin } : {}) },
    imaps: listen(imaps),
    lmtp: listen(lmtp),
    http: listen(http),
    tls: {
      ...(tlsCert === undefined ? {} : { certFile: tlsCert }),
      ...(tlsKey === undefined ? {} : { keyFile: tlsKey }),
    },
  }
}

function withServiceDefaults(config: Config): Config {
  const { imap, imaps, lmtp, http } = config
  if ([imap, imaps, lmtp, http].some(({ listen }) => listen.length > 0)) return config
  return { ...config, imap: { ...imap, listen: ['*:143'] }, imaps: { ...imaps, listen: ['*:993'] } }
}
