import { doChores } from './chores.ts'
import type { Config } from './config-type.ts'
import { openStore, openUsers } from './data-directory.ts'
import { exitCodes, sentenceOf } from './failures.ts'
import { endOnFaults, newLog } from './server-log.ts'
import { stopSignal } from './stop-signal.ts'
import { superviseUntilStopped } from './supervise.ts'
import { runServer, usesTls } from './run-server.ts'
import type { ServerAddresses } from './run-server.ts'
import { loadTls } from './tls.ts'

/** What is known when all listeners are open. */
export interface ReadyServer {
  readonly config: Config
  readonly addresses: ServerAddresses
  /** SHA-256 of the certificate that is shown first, and whether it was made just now. */
  readonly certificate: { readonly fingerprint: string; readonly made: boolean } | undefined
}

/**
 * Serves a data directory until SIGTERM or SIGINT, and closes it in order. `load` gives the configuration, now and at
 * each SIGHUP. Throws what `openStore`, `openUsers`, `loadTls` and `runServer` throw.
 */
export async function serveUntilStopped(
  load: () => Promise<Config>,
  onReady: (server: ReadyServer) => void,
): Promise<void> {
  const config = await load()
  if (config.server.workers > 1) return await superviseUntilStopped(config, load, onReady)
  const log = newLog(config)
  endOnFaults(log)
  const now = Date.now
  const stopping = stopSignal()
  await using open = new AsyncDisposableStack()
  const directory = open.adopt(await openUsers(config), (users) => users.close())
  const store = open.adopt(await openStore(config, log), (mail) => mail.close())
  await doChores(config, { store, users: directory, log })
  const tls = usesTls(config) ? await loadTls(config, now()) : undefined
  const certificate = tls && { fingerprint: tls.certificates[0].fingerprint, made: tls.made }
  const server = open.adopt(await runServer(config, { store, directory, log, now }, tls), (running) => running.stop())
  log.info({ addresses: server.addresses }, 'ready')

  const reload = async (): Promise<void> => {
    const next = await load()
    log.level = next.log.level
    const needRestart = server.reload(next, tls && (await loadTls(next, now())))
    if (needRestart.length > 0) log.warn({ tables: needRestart }, 'changes in these tables need a restart')
    await doChores(config, { store, users: directory, log })
    log.info({}, 'reloaded')
  }
  const onHangUp = (): void => {
    reload().catch((error: unknown) =>
      log.error({ err: error }, `not reloaded, all stays as it was: ${sentenceOf(error)}`),
    )
  }
  process.on('SIGHUP', onHangUp)
  open.defer(() => void process.off('SIGHUP', onHangUp))
  onReady({ config, addresses: server.addresses, certificate })

  log.info({ signal: await stopping }, 'stopping')
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Asked twice, in a hurry: nothing acknowledged is lost by it, only politeness.
    process.once(signal, () => process.exit(exitCodes.failed))
  }
}
