import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Log } from '../model/log.ts'
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.ts'

/** Milliseconds until a worker that has ended is replaced: at first, and at most when it ends again and again. */
const [minPauseMs, maxPauseMs] = [50, 10_000]
/** Milliseconds that a worker must live for its end to count as the first. */
const steadyMs = 60_000
/** Milliseconds that a worker has to answer. */
const answerMs = 5000

// The name of the file ends as this one's does: in .ts, or in .js once it is compiled.
const program = fileURLToPath(new URL(`./worker-main${extname(import.meta.filename)}`, import.meta.url))

/** One worker, in one process after another: one that ends without being told to is replaced. */
export class WorkerProcess {
  readonly worker: number
  readonly #log: Log
  readonly #startOf: () => WorkerStart
  readonly #waiting = new Set<(message: FromWorker | undefined) => void>()
  #child: ChildProcess | undefined
  #isReady = false
  #isEnding = false
  #pauseMs = minPauseMs
  #timer: NodeJS.Timeout | undefined

  /** `startOf` gives what the next process is to know. */
  constructor(worker: number, startOf: () => WorkerStart, log: Log) {
    this.worker = worker
    this.#startOf = startOf
    this.#log = log
  }

  /** Whether it serves. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Starts the first process. Throws what it fails with; then there will be no other. */
  async start(): Promise<void> {
    try {
      await this.#start()
    } catch (error) {
      this.#isEnding = true
      throw error
    }
  }

  async #start(): Promise<void> {
    const began = performance.now()
    const child = fork(program, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization: 'advanced' })
    this.#child = child
    child.on('message', (message: FromWorker) => this.#tell(message))
    child.on('error', (error) => this.#log.error({ err: error, worker: this.worker }, 'a worker cannot be reached'))
    const isServing = this.#next(Infinity)
    child.once('exit', (code, signal) => {
      this.#child = undefined
      const wasReady = this.#isReady
      this.#isReady = false
      this.#tell(undefined)
      if (this.#isEnding) return
      if (wasReady) this.#log.error({ worker: this.worker, code, signal }, 'a worker has ended and is replaced')
      if (performance.now() - began > steadyMs) this.#pauseMs = minPauseMs
    })
    child.send({ do: 'start', start: this.#startOf() } satisfies ToWorker)
    const said = await isServing
    if (said?.is === 'ready') {
      this.#isReady = true
      child.once('exit', () => this.#replaceLater())
      return
    }
    child.kill('SIGKILL')
    if (said?.is === 'failed') throw Object.assign(new Error(said.message), { name: said.name })
    throw new Error(`worker ${this.worker} has ended before it served`)
  }

  #replaceLater(): void {
    if (this.#isEnding) return
    this.#timer = setTimeout(() => {
      this.#start().then(
        () => this.#log.info({ worker: this.worker, pid: this.#child?.pid }, 'a worker was replaced'),
        (error: unknown) => {
          this.#log.error({ err: error, worker: this.worker }, 'a worker could not be replaced and is tried again')
          this.#replaceLater()
        },
      )
    }, this.#pauseMs)
    this.#pauseMs = Math.min(2 * this.#pauseMs, maxPauseMs)
  }

  /** Says something, if there is a process. */
  say(message: ToWorker): void {
    if (this.#child?.connected) this.#child.send(message)
  }

  /** Says something and gives the answer; undefined when there is none within `ms`. */
  async ask(message: ToWorker, is: FromWorker['is'], ms: number = answerMs): Promise<FromWorker | undefined> {
    if (!this.#isReady) return undefined
    const end = performance.now() + ms
    this.say(message)
    for (;;) {
      const answer = await this.#next(end - performance.now())
      if (!answer || answer.is === is || answer.is === 'failed') return answer
    }
  }

  /** What the process says next; undefined when it ends, or says nothing for `ms`. */
  #next(ms: number): Promise<FromWorker | undefined> {
    return new Promise((resolve) => {
      const timer = ms < Infinity ? setTimeout(() => done(undefined), ms) : undefined
      const done = (message: FromWorker | undefined): void => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve(message)
      }
      this.#waiting.add(done)
    })
  }

  #tell(message: FromWorker | undefined): void {
    for (const waiting of this.#waiting) waiting(message)
  }

  /** From now on it is not replaced. */
  noMore(): void {
    this.#isEnding = true
    clearTimeout(this.#timer)
  }

  /** Ends the process in order, or by force after `ms`. */
  async end(ms: number): Promise<void> {
    this.noMore()
    const child = this.#child
    if (!child) return
    const gone = once(child, 'exit')
    this.say({ do: 'end' })
    const timer = setTimeout(() => {
      this.#log.error({ worker: this.worker }, 'a worker does not end and is killed')
      child.kill('SIGKILL')
    }, ms)
    await gone
    clearTimeout(timer)
  }
}
