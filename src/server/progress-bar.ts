import { SingleBar } from 'cli-progress'
import type { TransferProgress } from '../transfer/progress.ts'

/** Shows how far a transfer is, where somebody looks. */
export interface ProgressBar {
  readonly onProgress: (progress: TransferProgress) => void
  stop(): void
}

/** A bar on standard error with rate and time left; nothing where that is no terminal. */
export function progressBar(): ProgressBar {
  if (!process.stderr.isTTY) return { onProgress: () => {}, stop: () => {} }
  const bar = new SingleBar({
    stream: process.stderr,
    format: '{bar} {percentage}%  {messages} messages, {rate}/s, {eta_formatted} left  {mailbox}',
    hideCursor: true,
    etaBuffer: 200,
  })
  const startedAt = performance.now()
  let isStarted = false
  return {
    onProgress({ mailbox, messages, octets, totalOctets }) {
      const seconds = (performance.now() - startedAt) / 1000
      const payload = { mailbox: mailbox.slice(0, 40), messages, rate: Math.round(messages / Math.max(seconds, 0.001)) }
      if (isStarted) bar.update(octets, payload)
      else bar.start(Math.max(totalOctets, octets), octets, payload)
      isStarted = true
    },
    stop: () => bar.stop(),
  }
}

/** Aborts at SIGINT: the transfer then ends behind the message at hand, and what was done is kept. */
export function interruptSignal(): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  const onInterrupt = (): void => controller.abort()
  process.once('SIGINT', onInterrupt)
  return { signal: controller.signal, stop: () => void process.off('SIGINT', onInterrupt) }
}
