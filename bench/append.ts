/**
 * Durable appends a second on the embedded engine: one at a time, and with many in flight. Also what a large append
 * does to the process's memory, and how quickly a big mailbox is opened and read.
 *
 *     node bench/append.ts [DIRECTORY]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noFlags } from '../src/model/flags.ts'
import type { MailboxId } from '../src/model/numbers.ts'
import { embeddedStore } from '../src/store/embedded/index.ts'
import type { AccountStore } from '../src/store/store.ts'

const parent = process.argv[2] ?? tmpdir()
const seconds = 3
const mail = Buffer.concat([
  Buffer.from('From: a@example.org\r\nTo: b@example.org\r\nSubject: A message\r\nMessage-ID: <1@example.org>\r\n\r\n'),
  Buffer.alloc(4000, 'Some text of a message that is neither short nor long.\r\n'),
])

async function append(account: AccountStore, mailbox: MailboxId): Promise<void> {
  const stager = account.stage()
  await stager.write(mail)
  await account.commit([{ op: 'append', mailbox, messages: [{ staged: await stager.finish(), flags: noFlags }] }])
}

async function appendsPerSecond(account: AccountStore, mailbox: MailboxId, inFlight: number): Promise<number> {
  const end = performance.now() + seconds * 1000
  let done = 0
  const worker = async (): Promise<void> => {
    for (; performance.now() < end; done++) await append(account, mailbox)
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return Math.round(done / seconds)
}

async function largeAppend(account: AccountStore, mailbox: MailboxId): Promise<number> {
  global.gc?.()
  const before = process.memoryUsage().rss
  let highest = before
  const chunk = Buffer.alloc(64 * 1024, 'x'.repeat(74) + '\r\n')
  const stager = account.stage()
  for (let size = 0; size < 50 * 1024 * 1024; size += chunk.length) {
    await stager.write(chunk)
    highest = Math.max(highest, process.memoryUsage().rss)
  }
  await account.commit([{ op: 'append', mailbox, messages: [{ staged: await stager.finish(), flags: noFlags }] }])
  return (Math.max(highest, process.memoryUsage().rss) - before) / 1024 / 1024
}

const directory = mkdtempSync(join(parent, 'crispin-bench-'))
try {
  let store = await embeddedStore({ directory })
  let account = await store.openAccount('alice')
  const mailbox = (await account.tree()).byName.get('INBOX')!.id // every account has one
  for (const inFlight of [1, 20, 100]) {
    console.log(`${inFlight} in flight: ${await appendsPerSecond(account, mailbox, inFlight)} appends/s`)
  }
  console.log(`50 MiB append: ${(await largeAppend(account, mailbox)).toFixed(1)} MiB of memory`)
  const closing = performance.now()
  await store.close()
  const opening = performance.now()
  console.log(`close: ${(opening - closing).toFixed(1)} ms`)
  store = await embeddedStore({ directory })
  account = await store.openAccount('alice')
  const { messages } = await account.snapshot(mailbox)
  console.log(`open and load ${messages.length} messages: ${(performance.now() - opening).toFixed(1)} ms`)
  const reading = performance.now()
  let octets = 0
  for (let from = 0; from < messages.length; from += 256) {
    const packed = await account.readComputed('envelope', messages.subarray(from, from + 256))
    octets += packed.bytes.length
  }
  console.log(`all envelopes (${octets} octets): ${(performance.now() - reading).toFixed(1)} ms`)
  await store.close()
} finally {
  rmSync(directory, { recursive: true })
}
