/**
 * FETCH over a mailbox in memory, from command to octets that the client has read: what the responses cost without a
 * disk and a socket. `node bench/fetch.ts [MESSAGES]`; the best of several runs.
 */
import { startServer } from '../src/index.ts'
import { asMailboxId } from '../src/model/numbers.ts'
import { noFlags } from '../src/model/flags.ts'
import type { AccountStore } from '../src/store/store.ts'

const count = Number(process.argv[2] ?? 20_000)
const runs = 5
const commands: readonly (readonly [name: string, command: string])[] = [
  ['FLAGS', 'FETCH 1:* (FLAGS)'],
  ['UID CHANGEDSINCE, none changed', 'UID FETCH 1:* (FLAGS) (CHANGEDSINCE 99999999)'],
  ['overview', 'FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)'],
  ['BODYSTRUCTURE', 'FETCH 1:* (BODYSTRUCTURE)'],
  ['PREVIEW', 'FETCH 1:* (PREVIEW)'],
  [
    'eight header fields',
    'FETCH 1:* (BODY.PEEK[HEADER.FIELDS (DATE FROM TO CC SUBJECT MESSAGE-ID REFERENCES IN-REPLY-TO)])',
  ],
  ['part 1', 'FETCH 1:* (BODY.PEEK[1])'],
  ['part 2, decoded', 'FETCH 1:* (BINARY.PEEK[2])'],
  ['bodies', 'FETCH 1:* (BODY.PEEK[])'],
]

/** A multipart of about 8 KiB. */
function messageOf(n: number): Buffer {
  const trace = Array.from(
    { length: 6 },
    (_, hop) => `Received: from mx${hop}.example.org by mx${hop + 1}.example.org\r\n`,
  )
  const text = 'The quick brown fox jumps over the lazy dog and comes back.\r\n'.repeat(60 + (n % 40))
  const octets = Buffer.alloc(2000, n).toString('base64').replace(/.{76}/g, '$&\r\n')
  return Buffer.from(
    `${trace.join('')}From: Sender ${n} <sender${n}@example.org>\r\nTo: Reader <reader@example.org>, b@example.org\r\n` +
      `Subject: Message number ${n} of the benchmark\r\nDate: Mon, 2 Nov 2026 10:00:${String(n % 60).padStart(2, '0')} +0000\r\n` +
      `Message-ID: <${n}@example.org>\r\nReferences: <${n - 1}@example.org>\r\nMIME-Version: 1.0\r\nX-Mailer: bench\r\n` +
      'Content-Type: multipart/mixed; boundary="frontier"\r\n\r\n--frontier\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n' +
      `${text}\r\n--frontier\r\nContent-Type: application/octet-stream; name="data.bin"\r\n` +
      `Content-Transfer-Encoding: base64\r\n\r\n${octets}\r\n--frontier--\r\n`,
  )
}

async function fill(account: AccountStore): Promise<void> {
  for (let n = 0; n < count; n += 500) {
    const messages = []
    for (let i = n; i < Math.min(count, n + 500); i++) {
      const stager = account.stage()
      await stager.write(messageOf(i))
      messages.push({ staged: await stager.finish(), flags: noFlags })
    }
    await account.commit([{ op: 'append', mailbox: asMailboxId(1), messages }])
  }
}

const server = await startServer({ accounts: [{ name: 'bench', password: 'bench', account: 'bench' }] })
const account = await server.store.openAccount('bench')
await fill(account)
const stream = server.connect()
/** Octets in which the tagged answer is looked for. */
const tailBytes = 1000
let received = 0
let tail = ''
let wanted: { readonly end: string; readonly done: () => void } | undefined
stream.on('data', (chunk: Buffer) => {
  received += chunk.length
  tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - tailBytes))).slice(-tailBytes)
  if (wanted && tail.endsWith('\r\n') && tail.slice(0, -2).lastIndexOf('\r\n' + wanted.end) !== -1) wanted.done()
})
const send = async (tag: string, command: string): Promise<number> => {
  received = 0
  const start = performance.now()
  const { promise, resolve } = Promise.withResolvers<void>()
  wanted = { end: tag + ' OK', done: resolve }
  stream.write(`${tag} ${command}\r\n`)
  await promise
  return performance.now() - start
}
await send('l', 'LOGIN bench bench')
await send('s', 'SELECT INBOX')
console.log(`${count} messages`)
for (const [name, command] of commands) {
  let best = Infinity
  for (let run = 0; run < runs; run++) best = Math.min(best, await send(`a${run}`, command))
  const rate = (received / 1e6 / (best / 1000)).toFixed(0)
  const each = ((best * 1000) / count).toFixed(2)
  console.log(
    `${name.padEnd(32)} ${best.toFixed(1).padStart(8)} ms ${each.padStart(8)} us each ${rate.padStart(6)} MB/s`,
  )
}
stream.destroy()
await account.close()
await server.close()
