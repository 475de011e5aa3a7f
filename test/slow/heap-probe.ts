/** Loaded into a server that is measured: who connects to the socket named by `HEAP_PROBE` is told the heap in use. */
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const path = process.env['HEAP_PROBE']
if (path !== undefined) {
  const server = createServer((socket) => {
    socket.on('error', () => {}) // whoever asked has gone
    void heapInUse().then((bytes) => socket.end(String(bytes)))
  })
  server.listen(path).unref()
}

/** Octets of the V8 heap once several collections, and what they set free in turn, are over. */
async function heapInUse(): Promise<number> {
  for (let n = 0; n < 6; n++) {
    globalThis.gc?.()
    await sleep(30)
  }
  return process.memoryUsage().heapUsed
}
