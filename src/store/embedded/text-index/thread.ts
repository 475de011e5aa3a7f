import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { BuildJob, MergeJob } from './jobs.ts'

/** What the thread is asked. */
export interface TextRequest {
  readonly number: number
  readonly job: BuildJob | MergeJob
}

/** What it answers. */
export interface TextAnswer {
  readonly number: number
  /** Whether the job was done; false when it was cancelled. */
  readonly done: boolean
  /** Why it could not be done. */
  readonly error?: string
}

/** Megabytes that the thread's heap may take; buffers are not part of it. */
const maxHeapMb = 256

/** Milliseconds without a job after which the thread ends, and gives back its memory. */
const idleMs = 10_000

/** A thread that indexes the text of mail, one job after the other. It is there while it is needed. */
export class TextThread {
  readonly #waiting = new Map<number, { done: (done: boolean) => void; failed: (error: Error) => void }>()
  #worker: Worker | undefined
  #idleTimer: NodeJS.Timeout | undefined
  #last = 0
  #closed = false

  /** Resolves to whether the job was done; it was not when it was cancelled or the thread was closed. */
  run(job: BuildJob | MergeJob): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false)
    return new Promise((done, failed) => {
      const request: TextRequest = { number: ++this.#last, job }
      this.#waiting.set(request.number, { done, failed })
      clearTimeout(this.#idleTimer)
      this.#worker ??= this.#start()
      this.#worker.ref()
      this.#worker.postMessage(request)
    })
  }

  #start(): Worker {
    // The name of the file ends as this one's does: in .ts, or in .js once it is compiled.
    const worker = new Worker(new URL(`./worker${extname(import.meta.filename)}`, import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    })
    worker.on('message', ({ number, done, error }: TextAnswer) => {
      const waiting = this.#waiting.get(number)
      this.#waiting.delete(number)
      if (this.#waiting.size === 0) this.#rest(worker)
      if (error === undefined) waiting?.done(done)
      else waiting?.failed(new Error(error))
    })
    worker.on('error', (error) => this.#giveUp(worker, error))
    worker.on('exit', () => this.#giveUp(worker, undefined))
    return worker
  }

  #rest(worker: Worker): void {
    worker.unref()
    this.#idleTimer = setTimeout(() => {
      this.#worker = undefined
      void worker.terminate() // it has no job, and nobody waits for it
    }, idleMs).unref()
  }

  /** Tells everybody who waits that it did not happen; the next to ask starts another thread. */
  #giveUp(worker: Worker, error: Error | undefined): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const { done, failed } of this.#waiting.values()) {
      if (error) failed(error)
      else done(false)
    }
    this.#waiting.clear()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idleTimer)
    await this.#worker?.terminate()
  }
}
