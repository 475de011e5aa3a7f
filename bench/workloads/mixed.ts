import { ImapClient } from '../imap-client.ts'
import type { Mail } from '../mail.ts'
import { cpuMsOf } from '../process-usage.ts'
import type { Server } from '../servers/server.ts'
import { literal } from './workload.ts'
import type { Workload } from './workload.ts'

const seconds = 8

/** What each client does, over and over: `n` is different every time. */
const commands: readonly ((n: number, messages: number, mail: readonly Mail[]) => string | Buffer)[] = [
  () => 'NOOP',
  (n, messages) => `FETCH ${1 + (n % Math.max(1, messages - 50))}:${50 + (n % Math.max(1, messages - 50))} (UID FLAGS)`,
  (n, messages) => `FETCH ${1 + (n % messages)} (BODY.PEEK[])`,
  (n, messages) => `STORE ${1 + (n % messages)} +FLAGS.SILENT (\\Seen)`,
  (n, messages) => `FETCH ${1 + (n % messages)} (UID ENVELOPE BODYSTRUCTURE)`,
  () => 'STATUS box/m001 (MESSAGES UNSEEN)',
  (n, messages) => `FETCH ${1 + (n % messages)} (BODY.PEEK[1])`,
  () => 'SEARCH KEYWORD $Label1',
  (n, messages) => `STORE ${1 + (n % messages)} -FLAGS.SILENT (\\Flagged)`,
  (n, _, mail) =>
    Buffer.concat([Buffer.from('APPEND mixed '), literal(mail[n % mail.length]?.octets ?? Buffer.alloc(0))]),
]

/** Many clients on one account that read, mark, search and append, each without a pause; costs are those of one command. */
const mixedBy = (clients: number): Workload => ({
  name: `mixed-${clients}`,
  async run({ server, messages, mail }, measure) {
    const opener = await ImapClient.login(server, 'alice')
    const [there] = (await opener.ask('LIST "" mixed')).split('\r\n')
    if (there?.startsWith('* LIST') !== true) await opener.command('CREATE mixed')
    opener.close()
    const connections = await Promise.all(Array.from({ length: clients }, async () => await selecting(server)))
    const delays: number[] = []
    const cpuBefore = cpuMsOf(server.pid)
    const start = performance.now()
    const end = start + seconds * 1000
    const work = async (client: ImapClient, index: number): Promise<void> => {
      for (let n = index * 7919; performance.now() < end; n += 104_729) {
        const begun = performance.now()
        const make = commands[delays.length % commands.length]
        if (make) await client.send([make(n, messages, mail)])
        delays.push(performance.now() - begun)
      }
    }
    await Promise.all(connections.map(work))
    const wallMs = (performance.now() - start) / delays.length
    const cpuMs = (cpuMsOf(server.pid) - cpuBefore) / delays.length
    for (const client of connections) client.close()
    delays.sort((a, b) => a - b)
    measure.note(`mixed load of ${clients} clients`, { wallMs, cpuMs })
    measure.note(`mixed load of ${clients} clients, p99`, { wallMs: delays[Math.floor(0.99 * delays.length)] ?? NaN })
  },
})

export const mixed20: Workload = mixedBy(20)
export const mixed200: Workload = mixedBy(200)

async function selecting(server: Server): Promise<ImapClient> {
  const client = await ImapClient.login(server, 'alice')
  await client.command('SELECT INBOX')
  return client
}
