/**
 * What single commands cost a server that has done them for a while, in lock step on one connection: microseconds of
 * processor time and of waiting for each.
 *
 *     node bench/steady.ts [--messages N] [--profile DIR] [NAME ...]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildMailbox, freshMail } from './build-mailbox.ts'
import { ImapClient } from './imap-client.ts'
import { Measure } from './measure.ts'
import { atRest } from './process-usage.ts'
import { startCrispin } from './servers/crispin.ts'
import { literal } from './workloads/workload.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { messages: { type: 'string', default: '3000' }, profile: { type: 'string' } },
})
const messages = Number(values.messages)
/** By then the work that building leaves to the background has begun, in milliseconds. */
const backgroundDelayMs = 5000
const mail = freshMail(600)

/** A command by its number, and how many are sent: uncounted first, then for the figures. */
interface Repeated {
  readonly warmUp: number
  readonly counted: number
  readonly command: (n: number) => string | Buffer
}

const octetsOf = (n: number): Buffer => mail[n % mail.length]?.octets ?? Buffer.alloc(0)
/** Each pass over the mailbox takes away what the last one set. */
const storing = (n: number, item: string): string =>
  `STORE ${1 + ((n * 7919) % messages)} ${Math.floor(n / messages) % 2 === 0 ? '+' : '-'}${item} ($Steady)`

const all: Readonly<Record<string, Repeated>> = {
  noop: { warmUp: 5000, counted: 20_000, command: () => 'NOOP' },
  store: { warmUp: 5000, counted: 20_000, command: (n) => storing(n, 'FLAGS') },
  silent: { warmUp: 5000, counted: 20_000, command: (n) => storing(n, 'FLAGS.SILENT') },
  status: { warmUp: 5000, counted: 20_000, command: () => 'STATUS other (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)' },
  append: {
    warmUp: 1500,
    counted: 3000,
    command: (n) => Buffer.concat([Buffer.from('APPEND other '), literal(octetsOf(n))]),
  },
}

const directory = mkdtempSync(join(tmpdir(), 'crispin-steady-'))
const server = await startCrispin(directory, values.profile === undefined ? {} : { profileTo: values.profile })
try {
  await buildMailbox(server, messages, () => {})
  await new Promise((resolve) => setTimeout(resolve, backgroundDelayMs))
  await atRest(server.pid)
  const client = await ImapClient.login(server, 'alice')
  await client.command('CREATE other')
  await client.command('SELECT INBOX')
  for (const name of positionals.length > 0 ? positionals : Object.keys(all)) {
    const repeated = all[name]
    if (!repeated) throw new Error(`there is no ${name}, but ${Object.keys(all).join(', ')}`)
    const { warmUp, counted, command } = repeated
    for (let n = 0; n < warmUp; n++) await client.send([command(n)])
    const measure = new Measure(server)
    await measure.time(name, counted, async () => {
      for (let n = warmUp; n < warmUp + counted; n++) await client.send([command(n)])
      return undefined
    })
    const { cpuMs = 0, wallMs = 0 } = measure.samples[0]?.figures ?? {}
    console.log(`${name.padEnd(8)} ${(cpuMs * 1000).toFixed(0)} us CPU, ${(wallMs * 1000).toFixed(0)} us`)
  }
  await client.logout()
} finally {
  await server.stop()
  rmSync(directory, { recursive: true })
}
