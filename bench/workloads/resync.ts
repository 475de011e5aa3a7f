import { ImapClient } from '../imap-client.ts'
import { countOf } from './workload.ts'
import type { Workload } from './workload.ts'

const mailboxes = 200

/** A client that comes back after a hundredth has changed. */
export const resync: Workload = {
  name: 'qresync',
  async run({ server, messages }, measure) {
    const client = await ImapClient.login(server, 'alice')
    await client.command('ENABLE QRESYNC')
    const selected = await client.ask('SELECT INBOX')
    const known = `${/UIDVALIDITY (\d+)/.exec(selected)?.[1]} ${/HIGHESTMODSEQ (\d+)/.exec(selected)?.[1]}`
    const changed = Array.from({ length: Math.ceil(messages / 100) }, (_, i) => 1 + i * 100)
    await client.command(`STORE ${changed.join()} +FLAGS.SILENT ($Changed)`)
    const command = `SELECT INBOX (QRESYNC (${known}))`
    const fetches = async (text: string): Promise<number> => countOf(await client.ask(text), /^\* \d+ FETCH /gm)
    await measure.timeAgain('QRESYNC, 1% changed', async () => await fetches(command))
    const fetch = `FETCH 1:* (FLAGS) (CHANGEDSINCE ${known.split(' ')[1]})`
    await measure.timeAgain('FETCH CHANGEDSINCE, 1% changed', async () => await fetches(fetch))
    await client.logout()
  },
}

/** What a client asks about all its mailboxes. */
export const status: Workload = {
  name: 'status',
  async run({ server }, measure) {
    const client = await ImapClient.login(server, 'alice')
    const wanted = '(MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)'
    const commands = Array.from({ length: mailboxes }, (_, i) => `STATUS ${mailboxNamed(i)} ${wanted}`)
    const all = `LIST "" box/* RETURN (STATUS ${wanted})`
    const count = (text: string): number => countOf(text, /^\* STATUS .*MESSAGES 3 /gm)
    await client.send(commands)
    await measure.timeAgain(`STATUS of ${mailboxes} mailboxes`, async () => count(await client.ask(...commands)))
    await measure.timeAgain(`LIST-STATUS of ${mailboxes} mailboxes`, async () => count(await client.ask(all)))
    await client.logout()
  },
}

/** The small mailboxes, of three messages each. */
export const mailboxNamed = (index: number): string => `box/m${String(index).padStart(3, '0')}`
export const smallMailboxes: number = mailboxes
