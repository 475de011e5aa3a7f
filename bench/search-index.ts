/**
 * Searches for texts on disk, by what the store knows ahead and by reading every message; and what knowing it costs.
 * `node bench/search-index.ts [MESSAGES]`; the best of several runs. It checks that both find the same.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { flagSet } from '../src/model/flags.ts'
import { asMailboxId } from '../src/model/numbers.ts'
import { search } from '../src/search/search.ts'
import { withoutHints } from '../src/search/mailbox.test-support.ts'
import { AccountHandle } from '../src/store/embedded/account-handle.ts'
import { embeddedStore } from '../src/store/embedded/index.ts'
import type { AccountStore } from '../src/store/store.ts'
import { Cursor } from '../src/wire/cursor.ts'
import { parseSearchKeys, type SearchKey } from '../src/wire/search-grammar.ts'
import { generateMail, needles } from './mail.ts'

const count = Number(process.argv[2] ?? 10_000)
const runs = 7
/** Messages of one commit. */
const groupSize = 500
/** How long the loop is kept before `breathe` gives way, as the server does it. */
const sliceMs = 3
const mailbox = asMailboxId(1)

const directory = mkdtempSync(join(tmpdir(), 'crispin-bench-'))
const store = await embeddedStore({ directory, limits: { idleTextMs: 3_600_000 } })
const account = await store.openAccount('bench')

/** Fills the mailbox; the octets of all messages. */
async function fill(): Promise<number> {
  let octets = 0
  let messages = []
  for (const mail of generateMail(count)) {
    const stager = account.stage()
    await stager.write(mail.octets)
    octets += mail.octets.length
    messages.push({ staged: await stager.finish(), flags: flagSet(0) })
    if (messages.length < groupSize) continue
    await account.commit([{ op: 'append', mailbox, messages }])
    messages = []
  }
  if (messages.length > 0) await account.commit([{ op: 'append', mailbox, messages }])
  return octets
}

/** Indexes all, and says what that cost. */
async function index(octets: number): Promise<void> {
  if (!(account instanceof AccountHandle)) throw new Error('another engine')
  const before = process.cpuUsage()
  const start = performance.now()
  await account.indexText()
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(before)
  const text = join(directory, 'accounts/bench/text')
  const size = readdirSync(text).reduce((sum, name) => sum + statSync(join(text, name)).size, 0)
  const share = ((100 * size) / octets).toFixed(1)
  console.log(`${count} messages, ${(octets / 1e6).toFixed(0)} MB`)
  console.log(
    `indexed in ${ms.toFixed(0)} ms, ${((user + system) / 1000 / count).toFixed(3)} ms of processor time each`,
  )
  console.log(`the index has ${(size / 1e6).toFixed(1)} MB, ${share}% of the mail`)
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

async function rowsIn(where: AccountStore, key: SearchKey): Promise<Uint32Array> {
  const snapshot = await where.snapshot(mailbox)
  sliceStart = performance.now()
  return search(key, {
    account: where,
    snapshot,
    viewUids: snapshot.uids,
    saved: new Uint32Array(0),
    isRecent: () => false,
    now: 0,
    breathe,
  })
}

async function measure(text: string): Promise<void> {
  const key = parseSearchKeys(new Cursor(text))
  let best = Infinity
  let found = new Uint32Array(0)
  longestMs = 0
  for (let round = 0; round < runs; round++) {
    const start = performance.now()
    found = Uint32Array.from(await rowsIn(account, key))
    best = Math.min(best, performance.now() - start)
  }
  const held = longestMs
  const start = performance.now()
  assert.deepEqual(found, await rowsIn(withoutHints(account), key), text)
  const plain = performance.now() - start
  console.log(
    `${text.padEnd(32)} ${String(found.length).padStart(7)} found ${best.toFixed(2).padStart(8)} ms, ` +
      `by reading ${plain.toFixed(0).padStart(6)} ms, held ${held.toFixed(1)} ms`,
  )
}

try {
  await index(await fill())
  for (const text of [
    `FROM ${needles.sender}`,
    `SUBJECT ${needles.subject}`,
    'HEADER List-Id list7',
    'HEADER Message-ID <17.',
    'HEADER References <17.',
    'HEADER X-Absent x',
    `TEXT ${needles.rare}`,
    `BODY ${needles.rare}`,
    `BODY ${needles.common}`,
    `BODY ${needles.absent}`,
    `BODY ${needles.part}`,
    `BODY "${needles.phrase}"`,
    'BODY "of the"',
    'BODY e',
  ]) {
    await measure(text)
  }
} finally {
  await store.close()
  rmSync(directory, { recursive: true })
}
