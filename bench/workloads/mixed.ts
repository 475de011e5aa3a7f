import { ImapClient } from '../imap-client.ts'
import type { Mail } from '../mail.ts'
import type { Server } from '../servers/server.ts'
import { literal } from './workload.ts'
import type { Workload } from './workload.ts'

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
  async run({ server, messages, mail, options: { mixedSeconds } }, measure) {
    const opener = await ImapClient.login(server, 'alice')
    const [there] = (await opener.ask('LIST "" mixed')).split('\r\n')
    if (there?.startsWith('* LIST') !== true) await opener.command('CREATE mixed')
    opener.close()
    const connections = await Promise.all(Array.from({ length: clients }, async () => await selecting(server)))
    const delays: number[] = []
    const ended = measure.begin()
    const end = performance.now() + mixedSeconds * 1000
    const work = async (client: ImapClient, index: number): Promise<void> => {
      for (let n = index * 7919; performance.now() < end; n += 104_729) {
        const begun = performance.now()
        const make = commands[delays.length % commands.length]
        if (make) await client.send([make(n, messages, mail)])
        delays.push(performance.now() - begun)
      }
    }
    await Promise.all(connections.map(work))
    const { wallMs, cpuMs } = await ended()
    for (const client of connections) client.close()
    const count = delays.length
    delays.sort((a, b) => a - b)
    const perSecond = (1000 * count) / wallMs
    measure.note(`mixed load, ${clients} clients`, { wallMs: wallMs / count, cpuMs: cpuMs / count, perSecond })
    measure.note(`mixed load, p99, ${clients} clients`, { wallMs: delays[Math.floor(0.99 * count)] ?? NaN })
  },
})

export const mixed20: Workload = mixedBy(20)
export const mixed200: Workload = mixedBy(200)

async function selecting(server: Server): Promise<ImapClient> {
  const client = await ImapClient.login(server, 'alice')
  await client.command('SELECT INBOX')
  return client
}
