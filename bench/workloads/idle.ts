import { ImapClient } from '../imap-client.ts'
import { memoryKibOf } from '../process-usage.ts'
import type { Server } from '../servers/server.ts'
import { literal } from './workload.ts'
import type { Workload } from './workload.ts'

/** Connections that are brought up together. */
const atOnce = 50
/** Connections before memory is first looked at, so that what is loaded for the first one is not counted. */
const few = 4
/** Until what a server gives back after a crowd has signed in is given back, in milliseconds. */
const restMs = 1500

/** Connections from one address of loopback: each address has some 28,000 ports, and ports rest for a minute. */
const perAddress = 4000

/** Sessions that idle on a mailbox: what each adds to the memory of a server just started, and what bringing it up costs. */
export const idleWith = (connections: number, tls: boolean): Workload => ({
  name: `${tls ? 'idle-tls' : 'idle'}-${connections}`,
  freshServer: true,
  async run({ server, options: { idleDovecot } }, measure) {
    const fewer = Math.min(connections, idleDovecot)
    const count = server.name === 'dovecot' ? fewer : connections
    const first = await idling(server, few, tls)
    await rest()
    const memoryBefore = memoryKibOf(server.pid)
    const ended = measure.begin()
    const clients = await idling(server, count, tls)
    const { wallMs, cpuMs } = await ended()
    await rest()
    const memoryKib = (memoryKibOf(server.pid) - memoryBefore) / count
    const there = fewer === connections ? '' : ` (Dovecot ${fewer})`
    const row = `idle, ${tls ? 'TLS' : 'plain'}, each of ${connections}${there}`
    measure.note(row, { wallMs: wallMs / count, cpuMs: cpuMs / count, memoryKib })
    for (const client of [...first, ...clients]) client.close()
  },
})

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
    measure.note(`APPEND to EXISTS, p50, ${listeners} sessions`, { wallMs: at(0.5) }, delays.length)
    measure.note(`APPEND to EXISTS, p99, ${listeners} sessions`, { wallMs: at(0.99) })
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
    const from = `127.0.0.${1 + Math.floor(clients.length / perAddress)}`
    const some = Array.from({ length: Math.min(atOnce, count - clients.length) }, async () => {
      const client = await ImapClient.login(server, user, tls, from)
      await client.command(`SELECT ${box}`)
      await client.idle()
      return client
    })
    clients.push(...(await Promise.all(some)))
  }
  return clients
}

const rest = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, restMs))
