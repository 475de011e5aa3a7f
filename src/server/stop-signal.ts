import { once } from 'node:events'

/** Resolves to the signal that asks this process to stop. */
export async function stopSignal(): Promise<string> {
  return await Promise.race(
    ['SIGTERM', 'SIGINT'].map(async (signal) => {
      await once(process, signal)
      return signal
    }),
  )
}
