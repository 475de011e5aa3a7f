/** Fuzzy searches by the index against those that read every message. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { flagSet } from '../../../model/flags.ts'
import { asMailboxId } from '../../../model/numbers.ts'
import { searchFuzzily } from '../../../search/fuzzy.ts'
import { withMethods } from '../../../search/mailbox.test-support.ts'
import { stageMessage } from '../../contract.ts'
import type { AccountStore } from '../../store.ts'
import { AccountHandle } from '../account-handle.ts'
import { embeddedStore } from '../index.ts'

const words = [
  'hello',
  'hallo',
  'Hélo',
  'help',
  'works',
  'working',
  'networks',
  'work',
  'Straße',
  'straßen',
  'a',
  'zebra',
]

test('the index scores messages as reading them does', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'crispin-similar-'))
  const store = await embeddedStore({ directory, limits: { idleTextMs: 3_600_000 } })
  try {
    const account = await store.openAccount('a')
    assert.ok(account instanceof AccountHandle)
    const mailbox = asMailboxId(1)
    const append = async (first: number, count: number): Promise<void> => {
      const messages = []
      for (let n = first; n < first + count; n++) {
        const pick = (place: number): string => words[(n * 7 + place * 5 + (n >> 3)) % words.length] ?? ''
        const text = `Subject: ${pick(0)}\r\n\r\n${pick(1)} ${pick(2)}, ${pick(3)}\r\n`
        messages.push({ staged: await stageMessage(account, Buffer.from(text)), flags: flagSet(0) })
      }
      await account.commit([{ op: 'append', mailbox, messages }])
    }
    await append(0, 150)
    await account.indexText()
    await append(150, 20) // these are read by either
    let read = 0
    const counted = withMethods(account, {
      readBlob(message, offset, into) {
        read++
        return account.readBlob(message, offset, into)
      },
    })
    // A method that is not there.
    const unhinted = withMethods(account, { findSimilar: undefined } as unknown as Partial<AccountStore>)
    const snapshot = await account.snapshot(mailbox)
    const about = { snapshot, viewUids: snapshot.uids, saved: new Uint32Array(0), isRecent: () => false, now: 0 }
    for (const value of ['helo', 'work', 'networks', 'works hello', 'strasse', 'STRAßE', 'zebras', 'xyzzy']) {
      for (const name of ['TEXT', 'BODY'] as const) {
        const key = { key: 'FUZZY', operand: { key: name, value } } as const
        const known = await searchFuzzily(key, { ...about, account: counted, breathe: () => undefined })
        const plain = await searchFuzzily(key, { ...about, account: unhinted, breathe: () => undefined })
        assert.deepEqual(known, plain, `${name} ${value}`)
      }
    }
    assert.equal(read, 8 * 2 * 20)
    await account.close()
  } finally {
    await store.close()
    rmSync(directory, { recursive: true, force: true })
  }
})
