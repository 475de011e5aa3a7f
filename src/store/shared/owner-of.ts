import { hash } from 'node:crypto'

/** Which of `workers` processes owns an account: always the same one, and each about as many as any other. */
export function ownerOf(account: string, workers: number): number {
  return Number.parseInt(hash('sha1', account).slice(0, 8), 16) % workers
}
