import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'

/** What the thread is asked. */
export interface WalRequest {
  readonly number: number
  readonly path: string
}

/** What it answers. */
export interface WalAnswer {
  readonly number: number
  /** Whether the whole log was brought in, and synced. */
  readonly complete: boolean
}

/**
 * A thread that brings SQLite's write-ahead logs into their databases: the one thing that would make the event loop
 * wait for the disk. It is started when it is first needed.
 */
export class WalThread {
  readonly #waiting = new Map<number, (complete: boolean) => void>()
  #worker: Worker | undefined
  #last = 0

  /** Resolves to whether all that was written to the database at `path` is now synced. Never rejects. */
  bringIn(path: string): Promise<boolean> {
    return new Promise((resolve) => {
      const request: WalRequest = { number: ++this.#last, path }
      this.#waiting.set(request.number, resolve)
      this.#worker ??= this.#start()
      this.#worker.ref()
      this.#worker.postMessage(request)
    })
  }

  #start(): Worker {
    // The name of the file ends as this one's does: in .ts, or in .js once it is compiled.
    const worker = new Worker(new URL(`./wal-worker${extname(import.meta.filename)}`, import.meta.url))
    worker.on('message', ({ number, complete }: WalAnswer) => {
      this.#waiting.get(number)?.(complete)
      this.#waiting.delete(number)
      if (this.#waiting.size === 0) worker.unref()
    })
    worker.on('error', () => this.#giveUp(worker))
    worker.on('exit', () => this.#giveUp(worker))
    return worker
  }

  /** Tells everybody who waits that it did not happen; the next to ask starts another thread. */
  #giveUp(worker: Worker): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const resolve of this.#waiting.values()) resolve(false)
    this.#waiting.clear()
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }
}
