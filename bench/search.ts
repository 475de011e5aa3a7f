/**
 * SEARCH, SORT and THREAD over a mailbox in memory: what each key costs, without a disk, a socket or IMAP.
 * `node bench/search.ts [MESSAGES]`; the best of several runs, and the longest time without giving way.
 */
import { flagSetOf } from '../src/model/flags.ts'
import { asMailboxId } from '../src/model/numbers.ts'
import { search } from '../src/search/search.ts'
import { sortRows } from '../src/search/sort.ts'
import { threadRows } from '../src/search/thread.ts'
import type { SearchContext } from '../src/search/context.ts'
import { memoryStore } from '../src/store/memory/memory-store.ts'
import { Cursor } from '../src/wire/cursor.ts'
import { parseSearchKeys } from '../src/wire/search-grammar.ts'
import { parseSortCriteria } from '../src/wire/sort-grammar.ts'

const count = Number(process.argv[2] ?? 10_000)
const runs = 5
/** How long the loop is kept before `breathe` gives way, as the server does it. */
const sliceMs = 3

const words = 'time year people way day man thing woman life child world school state family student group'.split(' ')
const sentence = (seed: number): string =>
  Array.from({ length: 12 }, (_, n) => words[(seed * 7 + n * (seed % 5)) % words.length]).join(' ') + '.\r\n'

/** A multipart of about 6 KiB, of which half is text; every fourth has its text in base64, every eighth in Cyrillic. */
function messageOf(n: number): Buffer {
  const plain = Array.from({ length: 40 }, (_, line) => sentence(n + line)).join('')
  const text = n % 8 === 3 ? plain.replace(/people/g, 'отпуск') : plain
  const isBase64 = n % 4 === 3
  const body = isBase64 ? Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\r\n') : text
  const attached = Buffer.alloc(2000, n).toString('base64').replace(/.{76}/g, '$&\r\n')
  return Buffer.from(
    `Received: from mx.example.org by mx2.example.org; Mon, 2 Nov 2026 10:00:00 +0000\r\n`.repeat(4) +
      `From: Sender ${n % 300} <sender${n % 300}@example.org>\r\nTo: Reader <reader@example.org>\r\n` +
      `Subject: =?utf-8?Q?Re:_${words[n % 16]}_${words[(n >> 4) % 16]}_=C3=BCber_${n % 2000}?=\r\n` +
      `Date: ${(n % 28) + 1} Nov 2026 10:00:00 +0000\r\nMessage-ID: <${n}@example.org>\r\n` +
      `References: <${n - (n % 20)}@example.org> <${n - 1}@example.org>\r\nMIME-Version: 1.0\r\n` +
      'Content-Type: multipart/mixed; boundary="frontier"\r\n\r\n--frontier\r\nContent-Type: text/plain; charset=utf-8\r\n' +
      `Content-Transfer-Encoding: ${isBase64 ? 'base64' : '8bit'}\r\n\r\n${body}\r\n--frontier\r\n` +
      `Content-Type: application/octet-stream; name="data.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n${attached}\r\n--frontier--\r\n`,
  )
}

const account = await memoryStore().openAccount('bench')
const mailbox = asMailboxId(1)
for (let n = 0; n < count; n += 500) {
  const messages = []
  for (let i = n; i < Math.min(count, n + 500); i++) {
    const stager = account.stage()
    await stager.write(messageOf(i))
    messages.push({
      staged: await stager.finish(),
      flags: flagSetOf(i % 3 ? ['\\Seen'] : ['Work']),
      internalDate: i * 600,
    })
  }
  await account.commit([{ op: 'append', mailbox, messages }])
}

let sliceStart = 0
let longestMs = 0
const breathe = (): Promise<void> | undefined => {
  const now = performance.now()
  if (now - sliceStart < sliceMs) return undefined
  longestMs = Math.max(longestMs, now - sliceStart)
  return new Promise((resolve) =>
    setImmediate(() => {
      sliceStart = performance.now()
      resolve()
    }),
  )
}

/** A snapshot of its own each time it is asked for, so that nothing that was read before is known. */
async function freshContext(): Promise<SearchContext> {
  const snapshot = await account.snapshot(mailbox)
  return {
    account,
    snapshot: { ...snapshot, messages: snapshot.messages.slice() },
    viewUids: snapshot.uids,
    saved: new Uint32Array(0),
    isRecent: () => false,
    now: 1_000_000_000,
    breathe,
  }
}

async function measure(what: string, run: (context: SearchContext) => Promise<unknown>, warm: boolean): Promise<void> {
  let best = Infinity
  longestMs = 0
  const kept = await freshContext()
  if (warm) await run(kept)
  for (let round = 0; round < runs; round++) {
    const context = warm ? kept : await freshContext()
    const start = performance.now()
    sliceStart = start
    await run(context)
    best = Math.min(best, performance.now() - start)
  }
  const each = ((best * 1000) / count).toFixed(2)
  console.log(
    `${what.padEnd(44)} ${best.toFixed(2).padStart(9)} ms ${each.padStart(8)} µs each, held ${longestMs.toFixed(1)} ms`,
  )
}

const all = Uint32Array.from({ length: count }, (_, row) => row)
const keys = [
  'UNSEEN',
  'KEYWORD work SINCE 1-Jan-1971 SMALLER 10000',
  'MODSEQ 2',
  '1:* NOT DELETED',
  'SENTSINCE 15-Nov-2026',
  'SUBJECT "\u00fcber 17"',
  'FROM sender17@',
  'OR OR FROM family SUBJECT family TO family',
  'HEADER Message-ID <17@example.org>',
  'BODY nowhere',
  'BODY \u043e\u0442\u043f\u0443\u0441\u043a',
  'TEXT nowhere',
  'OR OR FROM nowhere SUBJECT nowhere BODY nowhere',
  'BODY nowhere UNSEEN LARGER 6000',
]
console.log(`${count} messages`)
for (const text of keys) {
  const key = parseSearchKeys(new Cursor(text.includes('"') ? text : text.replace(/(\S*[^\0-\x7f]\S*)/, '"$1"')))
  await measure(`SEARCH ${text}`, (context) => search(key, context), false)
}
for (const text of ['(ARRIVAL)', '(REVERSE DATE)', '(SUBJECT)', '(DISPLAYFROM DATE)']) {
  const criteria = parseSortCriteria(new Cursor(text))
  await measure(`SORT ${text}, first`, (context) => sortRows(all, criteria, context), false)
  await measure(`SORT ${text}, again`, (context) => sortRows(all, criteria, context), true)
}
for (const algorithm of ['ORDEREDSUBJECT', 'REFERENCES'] as const) {
  await measure(`THREAD ${algorithm}, first`, (context) => threadRows(all, algorithm, context), false)
  await measure(`THREAD ${algorithm}, again`, (context) => threadRows(all, algorithm, context), true)
}
