import { parentPort } from 'node:worker_threads'
import { bringInWal } from './database.ts'
import type { WalAnswer, WalRequest } from './wal-thread.ts'

parentPort?.on('message', ({ number, path }: WalRequest) => {
  const answer: WalAnswer = { number, complete: bringInWal(path) }
  parentPort?.postMessage(answer)
})
