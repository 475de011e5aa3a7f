import { parentPort } from 'node:worker_threads'
import { runJob } from './jobs.ts'
import type { TextAnswer, TextRequest } from './thread.ts'

/** One job after the other: each takes memory. */
let before: Promise<void> = Promise.resolve()

parentPort?.on('message', ({ number, job }: TextRequest) => {
  before = before.then(async () => {
    let answer: TextAnswer
    try {
      answer = { number, done: await runJob(job) }
    } catch (error) {
      answer = { number, done: false, error: error instanceof Error ? error.message : String(error) }
    }
    parentPort?.postMessage(answer)
  })
})
