import { ImapClient } from '../imap-client.ts'
import { atRest } from '../process-usage.ts'
import type { Workload } from './workload.ts'

/** Single STOREs before time is taken, so that a server's code is as warm as it is in service for months. */
const warmUp = 2000
const single = 500

/** STORE of all and of single messages. */
export const flags: Workload = {
  name: 'store',
  async run({ server, messages }, measure) {
    const client = await ImapClient.login(server, 'alice')
    await client.command('SELECT INBOX')
    await measure.timeAgain('STORE 1:* twice, silent', async () => {
      await client.command('STORE 1:* +FLAGS.SILENT ($Bench)')
      await client.command('STORE 1:* -FLAGS.SILENT ($Bench)')
      return undefined
    })
    await measure.timeAgain('STORE 1:* twice', async () => {
      await client.command('STORE 1:* +FLAGS ($Bench)')
      await client.command('STORE 1:* -FLAGS ($Bench)')
      return undefined
    })
    for (let i = 0; i < warmUp; i++) {
      const sign = Math.floor(i / messages) % 2 === 0 ? '+' : '-'
      await client.command(`STORE ${1 + (i % messages)} ${sign}FLAGS ($Warm)`)
    }
    await measure.time('single STOREs', single, async () => {
      for (let i = 0; i < single; i++) await client.command(`STORE ${1 + ((i * 7919) % messages)} +FLAGS ($Single)`)
      return undefined
    })
    const found = await client.ask('SEARCH KEYWORD $Single')
    measure.note('single STOREs, found', {}, (/^\* SEARCH ([\d ]+)/m.exec(found)?.[1] ?? '').split(' ').length)
    await client.logout()
  },
}

/** How often COPY, MOVE and EXPUNGE are done before, not counted, and to how many messages. */
const warmUpRounds = 50
const warmUpMessages = 100

/** COPY and MOVE of a tenth, EXPUNGE of what was copied; alice's INBOX has a tenth less afterwards. */
export const copies: Workload = {
  name: 'copy',
  async run({ server, messages }, measure) {
    const client = await ImapClient.login(server, 'alice')
    const count = Math.max(1, Math.floor(messages / 10))
    await warmUpCopies(client, Math.min(count, warmUpMessages))
    await atRest(server.pid)
    await client.command('CREATE copied')
    await client.command('CREATE moved')
    await client.command('SELECT INBOX')
    await measure.time(`COPY ${count}`, 1, async () => {
      await client.command(`COPY 1:${count} copied`)
      return undefined
    })
    await measure.time(`MOVE ${count}`, 1, async () => {
      await client.command(`MOVE 1:${count} moved`)
      return undefined
    })
    await client.command('SELECT copied')
    await client.command('STORE 1:* +FLAGS.SILENT (\\Deleted)')
    await measure.time(`EXPUNGE ${count}`, 1, async () => {
      await client.command('EXPUNGE')
      return undefined
    })
    const there = await client.ask('STATUS INBOX (MESSAGES)', 'STATUS moved (MESSAGES)', 'STATUS copied (MESSAGES)')
    measure.note(
      'COPY, MOVE, EXPUNGE: what is left',
      {},
      [...there.matchAll(/MESSAGES (\d+)/g)].map((m) => m[1]).join(),
    )
    await client.logout()
  },
}

/** The same commands on copies of some messages, in mailboxes of their own that are gone afterwards. */
async function warmUpCopies(client: ImapClient, count: number): Promise<void> {
  await client.command('CREATE warm')
  await client.command('CREATE warmer')
  for (let i = 0; i < warmUpRounds; i++) {
    await client.command('SELECT INBOX')
    await client.command(`COPY 1:${count} warm`)
    await client.command('SELECT warm')
    await client.command('MOVE 1:* warmer')
    await client.command('SELECT warmer')
    await client.command('STORE 1:* +FLAGS.SILENT (\\Deleted)')
    await client.command('EXPUNGE')
  }
  await client.command('CLOSE')
  await client.command('DELETE warm')
  await client.command('DELETE warmer')
}
