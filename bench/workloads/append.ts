import { ImapClient } from '../imap-client.ts'
import type { Mail } from '../mail.ts'
import { LmtpClient } from '../lmtp-client.ts'
import type { Server } from '../servers/server.ts'
import { literal } from './workload.ts'
import type { Workload } from './workload.ts'

/** Messages before time is taken, so that a server's code and caches are warm, as they are in service for months. */
const warmUp = 1000
const alone = 200
const atOnce = 20
const eachAtOnce = 25
const batches = 4
const batchMessages = 100

/** Mail comes in, durably. Costs are those of one message. */
export const append: Workload = {
  name: 'append',
  async run({ server, mail }, measure) {
    const client = await ImapClient.login(server, 'bob')
    for (const name of ['warm', 'one', 'many', 'batch']) await client.command(`CREATE ${name}`)
    const appendOne = async (by: ImapClient, to: string, n: number): Promise<void> => {
      await by.send([Buffer.concat([Buffer.from(`APPEND ${to} `), literal(octetsOf(mail, n))])])
    }
    for (let n = 0; n < warmUp; n++) await appendOne(client, 'warm', n)
    await measure.time('APPEND, one by one', alone, async () => {
      for (let n = 0; n < alone; n++) await appendOne(client, 'one', n)
      return undefined
    })
    const many = await Promise.all(Array.from({ length: atOnce }, async () => await ImapClient.login(server, 'bob')))
    await measure.time(`APPEND, ${atOnce} connections`, atOnce * eachAtOnce, async () => {
      const each = async (by: ImapClient, index: number): Promise<void> => {
        for (let n = 0; n < eachAtOnce; n++) await appendOne(by, 'many', index * eachAtOnce + n)
      }
      await Promise.all(many.map(each))
      return undefined
    })
    for (const one of many) one.close()
    const commands = Array.from({ length: batches }, (_, batch) => {
      const range = Array.from({ length: batchMessages }, (_unused, n) => octetsOf(mail, batch * batchMessages + n))
      return Buffer.concat([Buffer.from('APPEND batch'), ...range.flatMap((octets) => [space, literal(octets)])])
    })
    await measure.time(`MULTIAPPEND by ${batchMessages}`, batches * batchMessages, async () => {
      for (const command of commands) await client.send([command])
      return undefined
    })
    for (const name of ['one', 'many', 'batch']) measure.note(`APPEND to ${name}`, {}, await sizeOf(client, name))
    client.close()
  },
}

/** Mail comes into the large mailbox; it has more messages afterwards. */
export const appendLarge: Workload = {
  name: 'append-large',
  async run({ server, mail }, measure) {
    const client = await ImapClient.login(server, 'alice')
    await measure.time('APPEND to the large mailbox', alone, async () => {
      for (let n = 0; n < alone; n++) {
        await client.send([Buffer.concat([Buffer.from('APPEND INBOX '), literal(octetsOf(mail, n))])])
      }
      return undefined
    })
    client.close()
  },
}

/** LMTP to one user. */
export const deliver: Workload = {
  name: 'deliver',
  async run({ server, mail }, measure) {
    await deliveries(server, mail, 1, warmUp)
    await measure.time('LMTP, one connection', alone, async () => {
      await deliveries(server, mail, 1, alone)
      return undefined
    })
    await measure.time(`LMTP, ${atOnce} connections`, atOnce * eachAtOnce, async () => {
      await deliveries(server, mail, atOnce, eachAtOnce)
      return undefined
    })
    const client = await ImapClient.login(server, 'bob')
    const there = await client.ask('STATUS INBOX (MESSAGES)')
    client.close()
    const wanted = warmUp + alone + atOnce * eachAtOnce
    if (!there.includes(`MESSAGES ${wanted}`)) throw new Error(`${wanted} were delivered, but there is ${there}`)
  },
}

async function deliveries(server: Server, mail: readonly Mail[], connections: number, each: number): Promise<void> {
  const one = async (_: unknown, index: number): Promise<void> => {
    const client = await LmtpClient.connect(server)
    for (let n = 0; n < each; n++) await client.deliver('bob', octetsOf(mail, index * each + n))
    client.close()
  }
  await Promise.all(Array.from({ length: connections }, one))
}

const space = Buffer.from(' ')

function octetsOf(mail: readonly Mail[], n: number): Buffer {
  const one = mail[n % mail.length]
  if (!one) throw new Error('there is no mail to append')
  return one.octets
}

/** How many messages arrived, and how many octets they have. */
async function sizeOf(client: ImapClient, mailbox: string): Promise<string> {
  const answer = await client.ask(`EXAMINE ${mailbox}`, 'FETCH 1:* (RFC822.SIZE)', 'CLOSE')
  const sizes = [...answer.matchAll(/RFC822\.SIZE (\d+)/g)]
  return `${sizes.length} messages, ${sizes.reduce((sum, [, size]) => sum + Number(size), 0)} octets`
}
