import { ImapClient } from '../imap-client.ts'
import { cpuMsOf, memoryKibOf } from '../process-usage.ts'
import type { Server } from '../servers/server.ts'
import { literal } from './workload.ts'
import type { Workload } from './workload.ts'

/** Connections that are brought up together. */
const atOnce = 50
/** Connections before memory is first looked at, so that what is loaded for the first one is not counted. */
const few = 4
/** Until what a server gives back after a crowd has signed in is given back, in milliseconds. */
const restMs = 1500

/** Sessions that idle on a mailbox: what each adds to the memory of a server just started, and what bringing it up costs. */
const idleBy = (tls: boolean): Workload => ({
  name: tls ? 'idle-tls' : 'idle',
  freshServer: true,
  async run({ server, connections }, measure) {
    const first = await idling(server, few, tls)
    await rest()
    const memoryBefore = memoryKibOf(server.pid)
    const cpuBefore = cpuMsOf(server.pid)
    const start = performance.now()
    const clients = await idling(server, connections, tls)
    const wallMs = (performance.now() - start) / connections
    await rest()
    const cpuMs = (cpuMsOf(server.pid) - cpuBefore) / connections
    const memoryKib = (memoryKibOf(server.pid) - memoryBefore) / connections
    measure.note(`an idle connection, ${tls ? 'TLS' : 'plain'}`, { wallMs, cpuMs, memoryKib })
    for (const client of [...first, ...clients]) client.close()
  },
})

export const idle: Workload = idleBy(false)
export const idleTls: Workload = idleBy(true)

const listeners = 100
const appends = 10

/** From sending an APPEND to EXISTS at every one of many sessions that idle on the mailbox. */
export const push: Workload = {
  name: 'push',
  async run({ server, mail }, measure) {
    const appender = await ImapClient.login(server, 'bob')
    await appender.command('CREATE pushed')
    const clients = await idling(server, listeners, false, 'bob', 'pushed')
    const octets = mail[0]?.octets ?? Buffer.from('\r\n')
    const delays: number[] = []
    for (let n = 1; n <= appends; n++) {
      const start = performance.now()
      const heard = clients.map(
        async (client) =>
          await new Promise<void>((resolve) => {
            client.onUnasked = (text) => {
              if (!text.includes(`* ${n} EXISTS`)) return
              delays.push(performance.now() - start)
              resolve()
            }
          }),
      )
      await appender.send([Buffer.concat([Buffer.from('APPEND pushed '), literal(octets)])])
      await Promise.all(heard)
    }
    for (const client of [...clients, appender]) client.close()
    delays.sort((a, b) => a - b)
    const at = (share: number): number => delays[Math.floor(share * (delays.length - 1))] ?? NaN
    measure.note(`APPEND to EXISTS on ${listeners} sessions, p50`, { wallMs: at(0.5) }, delays.length)
    measure.note(`APPEND to EXISTS on ${listeners} sessions, p99`, { wallMs: at(0.99) })
  },
}

async function idling(
  server: Server,
  count: number,
  tls: boolean,
  user = 'alice',
  box = 'INBOX',
): Promise<ImapClient[]> {
  const clients: ImapClient[] = []
  while (clients.length < count) {
    const some = Array.from({ length: Math.min(atOnce, count - clients.length) }, async () => {
      const client = await ImapClient.login(server, user, tls)
      await client.command(`SELECT ${box}`)
      await client.idle()
      return client
    })
    clients.push(...(await Promise.all(some)))
  }
  return clients
}

const rest = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, restMs))
