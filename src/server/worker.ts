import type { Log } from '../model/log.ts'
import { joinDirectory } from '../store/embedded/lock.ts'
import type { SharedStore } from '../store/shared/index.ts'
import { sharedStore } from '../store/shared/index.ts'
import { acceptWorkers, connectToWorker } from '../store/shared/sockets.ts'
import type { UserDirectory } from '../accounts/directory.ts'
import { doChores } from './chores.ts'
import type { Config } from './config-type.ts'
import { embeddedOptions, openUsers } from './data-directory.ts'
import { CommandFailure, exitCodes } from './failures.ts'
import { endOnFaults, newLog, type ServerLog } from './server-log.ts'
import { runServer, usesTls } from './run-server.ts'
import type { RunningServer } from './run-server.ts'
import { loadTls } from './tls.ts'
import { version } from './version.ts'
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.ts'

/** Milliseconds that sessions get when the supervisor is gone: its place is wanted. */
const orphanMs = 1000

/** Serves as one of several workers, as the process that started this one says. */
export function runWorker(): void {
  let worker: Promise<Worker> | undefined
  const fail = (error: unknown): void => {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    say({ is: 'failed', name, message })
  }
  process.on('message', (message: ToWorker) => {
    if (message.do === 'start') {
      worker = Worker.start(message.start)
      worker.then(
        () => say({ is: 'ready' }),
        (error: unknown) => {
          fail(error)
          process.disconnect()
        },
      )
    } else worker?.then((running) => running.obey(message)).catch(fail)
  })
  // Whoever sends a signal to all processes means the supervisor, which tells us.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  process.once('disconnect', () => {
    if (!worker) process.exit(exitCodes.failed)
    worker
      .then((running) => running.end(orphanMs))
      .then(
        () => process.exit(exitCodes.ok),
        () => process.exit(exitCodes.failed),
      )
  })
}

function say(message: FromWorker): void {
  if (process.connected) process.send?.(message)
}

/** What a worker has open. */
class Worker {
  #config: Config
  readonly #log: ServerLog
  readonly #open: AsyncDisposableStack
  readonly #users: UserDirectory
  readonly #store: SharedStore
  readonly #server: RunningServer
  #ended = false

  private constructor(
    config: Config,
    log: ServerLog,
    open: AsyncDisposableStack,
    users: UserDirectory,
    store: SharedStore,
    server: RunningServer,
  ) {
    this.#config = config
    this.#log = log
    this.#open = open
    this.#users = users
    this.#store = store
    this.#server = server
  }

  /** Throws what `openUsers`, `sharedStore`, `loadTls` and `runServer` throw. */
  static async start(start: WorkerStart): Promise<Worker> {
    const { config, worker, workers, sockets } = start
    if (start.version !== version)
      throw new CommandFailure('the program was exchanged while it ran: restart the server')
    process.title = `crispin worker ${worker}`
    const log = newLog(config, { worker })
    endOnFaults(log)
    await using open = new AsyncDisposableStack()
    const directory = config.server.dataDirectory
    open.defer(joinDirectory(directory))
    const users = open.adopt(await openUsers(config), (opened) => opened.close())
    const store = open.adopt(
      await sharedStore({
        ...embeddedOptions(config, log),
        worker,
        workers,
        connect: (other) => connectToWorker(sockets, other),
      }),
      (opened) => opened.close(),
    )
    open.defer(await acceptWorkers(sockets, worker, (stream) => store.serve(stream)))
    const server = await serverOf(start, store, users, log)
    open.defer(() => server.stop())
    return new Worker(config, log, open.move(), users, store, server)
  }

  async obey(message: Exclude<ToWorker, { readonly do: 'start' }>): Promise<void> {
    switch (message.do) {
      case 'reload': {
        const { config } = message
        this.#config = config
        this.#log.level = config.log.level
        this.#server.reload(config, usesTls(config) ? await loadTls(config, Date.now()) : undefined)
        return say({ is: 'reloaded' })
      }
      case 'chores':
        return await doChores(this.#config, { store: this.#store, users: this.#users, log: this.#log })
      case 'measure': {
        const sample = await this.#server.sample()
        return sample && say({ is: 'measured', sample })
      }
      case 'hush':
        await this.#server.stop()
        return say({ is: 'hushed' })
      case 'end':
        await this.end()
        process.disconnect()
    }
  }

  /** Closes everything in order; sessions that are left get no more than `sessionsMs`. */
  async end(sessionsMs?: number): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    if (sessionsMs !== undefined) await this.#server.stop(sessionsMs)
    await this.#open.disposeAsync()
  }
}

async function serverOf(
  { config, ticketKeys, measures }: WorkerStart,
  store: SharedStore,
  directory: UserDirectory,
  log: Log,
): Promise<RunningServer> {
  const tls = usesTls(config) ? { ...(await loadTls(config, Date.now())), ticketKeys } : undefined
  return await runServer(config, { store, directory, log, now: Date.now }, tls, { measures })
}
