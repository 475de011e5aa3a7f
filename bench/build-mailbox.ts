/** Fills a server with the mail of the benchmark by MULTIAPPEND, as any client could. */
import { ImapClient } from './imap-client.ts'
import { generateMail } from './mail.ts'
import type { Mail } from './mail.ts'
import type { Server } from './servers/server.ts'
import { mailboxNamed, smallMailboxes } from './workloads/resync.ts'
import { literal } from './workloads/workload.ts'

const batchMessages = 100
const smallMailboxMessages = 3
/** How often it is said how far a large mailbox is. */
const progressMessages = 100_000
/** Messages for APPEND and delivery are none of the large ones. */
const freshMailBytes = 100_000

/** alice's INBOX with `count` messages, and her small mailboxes. */
export async function buildMailbox(server: Server, count: number, say: (text: string) => void): Promise<void> {
  const client = await ImapClient.login(server, 'alice')
  let batch: Mail[] = []
  let sent = 0
  for (const mail of generateMail(count)) {
    batch.push(mail)
    if (batch.length < batchMessages) continue
    await client.send([appendOf('INBOX', batch)])
    sent += batch.length
    if (sent % progressMessages === 0 && sent < count) say(`${server.name}: ${sent} of ${count} messages`)
    batch = []
  }
  if (batch.length > 0) await client.send([appendOf('INBOX', batch)])
  const few = [...generateMail(smallMailboxMessages)]
  for (let i = 0; i < smallMailboxes; i++) {
    await client.send([`CREATE ${mailboxNamed(i)}`, appendOf(mailboxNamed(i), few)])
  }
  await client.logout()
}

/** Messages that are not in alice's INBOX. */
export function freshMail(count: number): readonly Mail[] {
  const mail: Mail[] = []
  for (const one of generateMail(count)) if (one.octets.length < freshMailBytes) mail.push(one)
  return mail
}

function appendOf(mailbox: string, mails: readonly Mail[]): Buffer {
  const parts = mails.flatMap(({ octets, flags, at }) => [
    Buffer.from(` (${flags}) "${dateTime(at)}" `),
    literal(octets),
  ])
  return Buffer.concat([Buffer.from(`APPEND ${mailbox}`), ...parts])
}

/** As RFC 9051 §9 writes date-time. */
function dateTime(at: number): string {
  const [, day = '', month = '', year = '', time = ''] = new Date(at).toUTCString().split(' ')
  return `${day}-${month}-${year} ${time} +0000`
}
