import { ImapClient } from '../imap-client.ts'
import { countOf } from './workload.ts'
import type { Workload } from './workload.ts'

const fields = 'DATE FROM TO CC SUBJECT MESSAGE-ID REFERENCES IN-REPLY-TO'
const items: readonly (readonly [row: string, items: string])[] = [
  ['FETCH 1:* ENVELOPE etc.', '(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)'],
  ['FETCH 1:* BODYSTRUCTURE', '(BODYSTRUCTURE)'],
  ['FETCH 1:* eight header fields', `(BODY.PEEK[HEADER.FIELDS (${fields})])`],
]

/** SELECT of a server just started, then what a client asks of a whole mailbox, each for the first time and again. */
export const overview: Workload = {
  name: 'fetch',
  async run({ server, messages }, measure) {
    const client = await ImapClient.login(server, 'alice')
    await measure.time('SELECT, cold', 1, async () => {
      await client.command('SELECT INBOX')
      return undefined
    })
    await measure.timeAgain('SELECT, warm', async () => {
      await client.command('SELECT INBOX')
      return undefined
    })
    const whole = async (command: string): Promise<undefined> => {
      await client.command(command)
      return undefined
    }
    await client.command('FETCH 1:* (FLAGS)')
    await measure.timeAgain('FETCH 1:* FLAGS', async () => await whole('FETCH 1:* (FLAGS)'))
    for (const [row, wanted] of items) {
      await measure.time(`${row}, first`, 1, async () => await whole(`FETCH 1:* ${wanted}`))
      await measure.timeAgain(`${row}, again`, async () => await whole(`FETCH 1:* ${wanted}`))
      const answered = countOf(await client.ask(`FETCH 1:* ${wanted}`), /^\* \d+ FETCH /gm)
      if (answered !== messages) throw new Error(`${row}: ${answered} answers for ${messages} messages`)
    }
    await client.logout()
  },
}

/** Single parts, and those that are asked for before to warm up, as are the bodies of so many messages. */
const single = 2000
const warmUp = 2000

/** FETCH of the text, or the beginning of it, of messages here and there. */
const partCommands = (count: number, messages: number, first: number): string[] =>
  Array.from({ length: count }, (_, i) => {
    const number = 1 + ((first + i * 7919) % messages)
    return `FETCH ${number} (BODY.PEEK[1]${i % 2 === 0 ? '' : '<0.2048>'})`
  })

/** Whole bodies, and single parts as a client opens them: each message for the first time, by servers that are warm. */
export const bodies: Workload = {
  name: 'bodies',
  async run({ server, messages }, measure) {
    const count = Math.min(messages, 10_000)
    for (const tls of [false, true]) {
      const client = await ImapClient.login(server, 'alice', tls)
      await client.command('EXAMINE INBOX')
      await client.command(`FETCH ${Math.max(1, messages - warmUp)}:${messages} (BODY.PEEK[])`)
      await measure.time(`FETCH ${count} bodies, ${tls ? 'TLS' : 'plain'}`, 1, async () => {
        await client.command(`FETCH 1:${count} (BODY.PEEK[])`)
        return undefined
      })
      if (!tls) {
        const commands = partCommands(single, messages, 0)
        await client.send(partCommands(warmUp, messages, single))
        await measure.time('single parts, pipelined', single, async () => {
          await client.send(commands)
          return undefined
        })
        await measure.time('single parts, lock step', single, async () => {
          for (const command of commands) await client.command(command)
          return undefined
        })
        const text = await client.ask(...commands)
        const sizes = [...text.matchAll(/BODY\[1\](?:<0>)? \{(\d+)\}/g)].map(([, size]) => Number(size))
        const octets = sizes.reduce((sum, size) => sum + size, 0)
        measure.note('single parts, octets', {}, `${sizes.length} parts, ${octets} octets`)
        const all = await client.ask(`FETCH 1:${Math.min(count, 2000)} (BODY.PEEK[])`)
        const literals = [...all.matchAll(/BODY\[\] \{(\d+)\}/g)].map(([, size]) => Number(size))
        measure.note(
          'bodies, octets',
          {},
          literals.reduce((sum, size) => sum + size, 0),
        )
      }
      await client.logout()
    }
  },
}
