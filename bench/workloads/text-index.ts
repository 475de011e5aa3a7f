import { globSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ImapClient } from '../imap-client.ts'
import { atRest, cpuMsOf } from '../process-usage.ts'
import type { Workload } from './workload.ts'

/** Indexing begins this long after a mailbox is opened at the latest, in milliseconds. */
const begunMs = 5000

const indexesIn = (directory: string): readonly string[] => globSync(join(directory, 'data/accounts/*/text'))

/**
 * What the index of the text of all mail costs when it is made anew, by message, and how much of the disk it takes for
 * each octet of mail. Crispin alone: the Dovecot of this benchmark has none.
 */
export const textIndex: Workload = {
  name: 'text-index',
  freshServer: true,
  prepare(directory) {
    for (const index of indexesIn(directory)) rmSync(index, { recursive: true })
  },
  async run({ server, directory, messages }, measure) {
    if (server.name !== 'crispin') return
    const client = await ImapClient.login(server, 'alice')
    const before = cpuMsOf(server.pid)
    await client.command('SELECT INBOX')
    await new Promise((resolve) => setTimeout(resolve, begunMs))
    await atRest(server.pid)
    const cpuMs = (cpuMsOf(server.pid) - before) / messages
    const status = await client.ask('STATUS INBOX (SIZE)')
    const mailOctets = Number(/SIZE (\d+)/.exec(status)?.[1])
    let octets = 0
    for (const index of indexesIn(directory)) {
      for (const file of globSync(join(index, '**'))) octets += statSync(file).isFile() ? statSync(file).size : 0
    }
    measure.note('text index, of each message', { cpuMs, diskShare: octets / mailOctets })
    await client.logout()
  },
}
