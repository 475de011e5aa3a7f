import { availableParallelism } from 'node:os'
import { Refusal } from '../model/refusal.ts'

/** Threads of Node's pool if the environment does not say otherwise. */
const defaultPoolThreads = 4

/** How many hashes run at once: one a core, but one thread of the pool stays free for files and names. */
export function hashConcurrency(): number {
  const threads = Number(process.env['UV_THREADPOOL_SIZE']) || defaultPoolThreads
  return Math.max(1, Math.min(availableParallelism(), threads - 1))
}

/** Runs asynchronous work, some at a time and the rest in order of arrival. */
export class WorkQueue {
  readonly #concurrency: number
  readonly #maxWaiting: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(concurrency: number, maxWaiting: number = Number.POSITIVE_INFINITY) {
    this.#concurrency = concurrency
    this.#maxWaiting = maxWaiting
  }

  /** The result of `work`. Throws `Refusal` with `UNAVAILABLE` when too many wait already, else what `work` throws. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#concurrency) this.#running++
    else await this.#turn()
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }

  /** Waits for the place of one that has ended. */
  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting) throw new Refusal('UNAVAILABLE', 'Too busy, please try again later')
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
