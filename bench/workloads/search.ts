import { createHash } from 'node:crypto'
import { ImapClient } from '../imap-client.ts'
import { needles } from '../mail.ts'
import type { Workload } from './workload.ts'

const quick: readonly (readonly [row: string, command: string])[] = [
  ['SEARCH UNSEEN', 'SEARCH UNSEEN'],
  ['SEARCH KEYWORD', 'SEARCH KEYWORD $Label1'],
  ['SEARCH SINCE', 'SEARCH SINCE 1-Mar-2019'],
  ['SEARCH SENTSINCE', 'SEARCH SENTSINCE 1-Mar-2019'],
  ['SEARCH LARGER', 'SEARCH LARGER 30000'],
  ['SEARCH FROM', `SEARCH FROM ${needles.sender}`],
  ['SEARCH SUBJECT', `SEARCH SUBJECT ${needles.subject}`],
  ['SEARCH HEADER List-Id', 'SEARCH HEADER LIST-ID list7'],
]
const texts: readonly (readonly [row: string, command: string])[] = [
  ['SEARCH TEXT, rare word', `SEARCH TEXT ${needles.rare}`],
  ['SEARCH BODY, rare word', `SEARCH BODY ${needles.rare}`],
  ['SEARCH BODY, common word', `SEARCH BODY ${needles.common}`],
  ['SEARCH BODY, absent word', `SEARCH BODY ${needles.absent}`],
  ['SEARCH BODY, part of a word', `SEARCH BODY ${needles.part}`],
  ['SEARCH BODY, two words', `SEARCH BODY "${needles.phrase}"`],
]

/** Every kind of key; the hits must be equal. */
export const search: Workload = {
  name: 'search',
  async run({ server }, measure) {
    const client = await ImapClient.login(server, 'alice')
    await client.command('SELECT INBOX')
    for (const [row, command] of quick) {
      await client.command(command)
      await measure.timeAgain(row, asked(client, command))
    }
    await client.logout()
  },
}

/** Search in the text of mail. */
export const searchText: Workload = {
  name: 'text',
  async run({ server }, measure) {
    const client = await ImapClient.login(server, 'alice')
    await client.command('SELECT INBOX')
    for (const [row, command] of texts) await measure.timeAgain(row, asked(client, command))
    await client.logout()
  },
}

/** SORT and THREAD, for the first time and again. */
export const sort: Workload = {
  name: 'sort',
  async run({ server }, measure) {
    const client = await ImapClient.login(server, 'alice')
    await client.command('SELECT INBOX')
    for (const command of ['SORT (DATE) UTF-8 ALL', 'SORT (SUBJECT) UTF-8 ALL', 'THREAD REFERENCES UTF-8 ALL']) {
      const row = command.replace(' UTF-8 ALL', '')
      await measure.time(`${row}, first`, 1, asked(client, command))
      await measure.timeAgain(`${row}, again`, asked(client, command))
    }
    await client.logout()
  },
}

const asked =
  (client: ImapClient, command: string): (() => Promise<string>) =>
  async () =>
    fingerprint(await client.ask(command))

/** How many numbers were answered, and a few digits that tell whether they are the same ones. */
function fingerprint(answer: string): string {
  const line = /^\* (?:SEARCH|SORT|THREAD) ?([^\r(]*[^\r]*)/m.exec(answer)?.[1] ?? ''
  const numbers = line.replace(/\(MODSEQ \d+\)/, '').trim()
  const digest = createHash('sha256').update(numbers).digest('hex').slice(0, 8)
  return `${numbers.match(/\d+/g)?.length ?? 0} ${digest}`
}
