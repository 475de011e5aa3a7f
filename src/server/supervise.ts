import { createServer } from 'node:net'
import type { Log } from '../model/log.ts'
import { parseListenAddress, writeListenAddress } from '../net/address.ts'
import { bind } from '../net/listener.ts'
import { newTicketKeys } from '../net/tls-contexts.ts'
import { takeDirectory } from '../store/embedded/index.ts'
import { makeSocketDirectory } from '../store/shared/sockets.ts'
import type { Config } from './config-type.ts'
import { openUsers } from './data-directory.ts'
import { exitCodes, sentenceOf } from './failures.ts'
import type { MetricsSample } from './metrics.ts'
import { fixedTables, needsRestart, usesTls } from './run-server.ts'
import type { ServerAddresses } from './run-server.ts'
import type { ReadyServer } from './serve-until-stopped.ts'
import { endOnFaults, newLog } from './server-log.ts'
import { stopSignal } from './stop-signal.ts'
import { loadTls } from './tls.ts'
import { version } from './version.ts'
import { workerConfig } from './worker-messages.ts'
import { WorkerProcess } from './worker-process.ts'

/** Milliseconds that a worker has to close the store. */
const closeMs = 20_000

/**
 * Has a data directory served by several processes until SIGTERM or SIGINT. This one serves nobody: it has the directory,
 * starts the workers, replaces those that end, and shows what they count.
 */
export async function superviseUntilStopped(
  config: Config,
  load: () => Promise<Config>,
  onReady: (server: ReadyServer) => void,
): Promise<void> {
  const log = newLog(config)
  endOnFaults(log)
  const stopping = stopSignal()
  await using open = new AsyncDisposableStack()
  const { dataDirectory } = config.server
  open.defer(await takeDirectory(dataDirectory, log))
  // What is made at the first start is made once, and not by all workers at a time.
  await (await openUsers(config)).close()
  const tls = usesTls(config) ? await loadTls(config, Date.now()) : undefined
  const sockets = makeSocketDirectory(dataDirectory)
  open.defer(() => sockets.remove())
  const addresses = await findPorts(config)
  const team = new Team(config, addresses, sockets.path, log)
  open.defer(() => team.end())
  await team.start()
  const http = await openHttp(config, team, open)
  team.doChores()
  log.info({ addresses: { ...addresses, http }, workers: config.server.workers }, 'ready')

  const onHangUp = (): void => {
    load()
      .then(async (next) => {
        log.level = next.log.level
        const tables = needsRestart(config, next)
        if (tables.length > 0) log.warn({ tables }, 'changes in these tables need a restart')
        await team.reload(next)
        team.doChores()
        log.info({}, 'reloaded')
      })
      .catch((error: unknown) => log.error({ err: error }, `not reloaded, all stays as it was: ${sentenceOf(error)}`))
  }
  process.on('SIGHUP', onHangUp)
  open.defer(() => void process.off('SIGHUP', onHangUp))
  const certificate = tls && { fingerprint: tls.certificates[0].fingerprint, made: tls.made }
  onReady({ config, addresses: { ...addresses, http }, certificate })

  log.info({ signal: await stopping }, 'stopping')
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Asked twice, in a hurry: workers end when this process has.
    process.once(signal, () => process.exit(exitCodes.failed))
  }
}

/** Where the listeners are to be: ports that are free, nobody else's, and the same for all workers. */
async function findPorts({ imap, imaps, lmtp }: Config): Promise<ServerAddresses> {
  const found = async (listen: readonly string[]): Promise<string[]> =>
    await Promise.all(
      listen.map(async (text) => {
        const address = parseListenAddress(text)
        if (address.kind !== 'tcp') return text
        // Alone on the port for a moment: two servers that share one would not be told otherwise.
        const probe = createServer()
        const free = writeListenAddress(await bind(probe, address))
        await new Promise((resolve) => probe.close(resolve))
        return free
      }),
    )
  return { imap: await found(imap.listen), imaps: await found(imaps.listen), lmtp: await found(lmtp.listen), http: [] }
}

async function openHttp({ http }: Config, team: Team, open: AsyncDisposableStack): Promise<string[]> {
  if (http.listen.length === 0) return []
  const { createHttpServer } = await import('./http.ts')
  const { metricsOfAll } = await import('./metrics.ts')
  const addresses: string[] = []
  for (const address of http.listen) {
    const server = createHttpServer({ metrics: metricsOfAll(() => team.samples()), isReady: () => team.isReady })
    addresses.push(writeListenAddress(await bind(server, parseListenAddress(address))))
    open.defer(() => server.close().closeAllConnections())
  }
  return addresses
}

/** All workers of a server. */
class Team {
  readonly #members: readonly WorkerProcess[]
  readonly #addresses: ServerAddresses
  readonly #graceMs: number
  #config: Config

  constructor(config: Config, addresses: ServerAddresses, sockets: string, log: Log) {
    const { workers, shutdownSeconds } = config.server
    this.#config = config
    this.#addresses = addresses
    this.#graceMs = shutdownSeconds * 1000 + closeMs
    const ticketKeys = newTicketKeys()
    this.#members = Array.from({ length: workers }, (_, worker) => {
      const measures = config.http.listen.length > 0
      return new WorkerProcess(
        worker,
        () => ({ worker, workers, sockets, version, ticketKeys, measures, config: this.#configOf(worker) }),
        log,
      )
    })
  }

  #configOf(worker: number): Config {
    return workerConfig(this.#config, this.#addresses, worker, this.#config.server.workers)
  }

  get isReady(): boolean {
    return this.#members.some(({ isReady }) => isReady)
  }

  /** Throws what any of them fails with. */
  async start(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.start()))
  }

  /** Throws when a worker cannot use the configuration. */
  async reload(config: Config): Promise<void> {
    const before = this.#config
    const kept = Object.fromEntries(fixedTables.map((table) => [table, before[table]]))
    // What needs a restart stays, also for workers that are replaced.
    this.#config = {
      ...config,
      ...kept,
      imap: { ...before.imap, disabledCapabilities: config.imap.disabledCapabilities },
      imaps: { ...before.imaps, disabledCapabilities: config.imaps.disabledCapabilities },
    }
    const answers = await Promise.all(
      this.#members.map((member) => member.ask({ do: 'reload', config: this.#configOf(member.worker) }, 'reloaded')),
    )
    for (const answer of answers) {
      if (answer?.is === 'failed') throw Object.assign(new Error(answer.message), { name: answer.name })
    }
  }

  /** Has done, once, what other commands left to the server. */
  doChores(): void {
    this.#members[0]?.say({ do: 'chores' })
  }

  async samples(): Promise<MetricsSample[]> {
    const answers = await Promise.all(this.#members.map((member) => member.ask({ do: 'measure' }, 'measured')))
    return answers.flatMap((answer) => (answer?.is === 'measured' ? [answer.sample] : []))
  }

  /** First no worker has clients any more, then all close the store: what one has begun may need another. */
  async end(): Promise<void> {
    for (const member of this.#members) member.noMore()
    await Promise.all(this.#members.map((member) => member.ask({ do: 'hush' }, 'hushed', this.#graceMs)))
    await Promise.all(this.#members.map((member) => member.end(closeMs)))
  }
}
