import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noFlags } from '../../model/flags.ts'
import { asMailboxId } from '../../model/numbers.ts'
import { memoryStore } from '../../store/memory/memory-store.ts'
import { type AccountStore, type Store, StoreFailure, type StoreFailureReason } from '../../store/store.ts'
import { clientOf } from '../fetch/client.test-support.ts'
import { maxSourceOctets } from './converter.ts'

/** A store with one message in the INBOX of joe, and a say in how its octets are read. */
async function storeWith(message: string, read: () => void): Promise<Store> {
  const inner = memoryStore()
  const account = await inner.openAccount('joe')
  const stager = account.stage()
  await stager.write(Buffer.from(message, 'latin1'))
  const staged = await stager.finish()
  await account.commit([{ op: 'append', mailbox: asMailboxId(1), messages: [{ staged, flags: noFlags }] }])
  const replace = <T extends object>(whole: T, name: string, method: unknown): T =>
    new Proxy(whole, {
      get(target, wanted) {
        if (wanted === name) return method
        const value: unknown = Reflect.get(target, wanted)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
  const reading = (whole: AccountStore): AccountStore =>
    replace(whole, 'readBlob', (...args: Parameters<AccountStore['readBlob']>) => {
      read()
      return whole.readBlob(...args)
    })
  return replace(inner, 'openAccount', async (id: string) => reading(await inner.openAccount(id)))
}

const plain = 'Content-Type: text/plain; charset=utf-8\r\n\r\n'

test('what was converted is kept, and read once for all that is asked of it', async () => {
  let reads = 0
  const client = await clientOf(await storeWith(plain + 'caf\xc3\xa9', () => reads++))
  await client.command('SELECT INBOX')
  const convert = (charset: string, items: string) =>
    client.command(`CONVERT 1 ("text/plain" ("charset" "${charset}")) ${items}`)
  const sizes = '(BINARY.SIZE[1] BINARY[1] BODYPARTSTRUCTURE[1])'
  await convert('iso-8859-1', sizes)
  const once = reads
  await convert('iso-8859-1', sizes)
  await convert('iso-8859-1', 'BINARY[1]<0.2>')
  assert.equal(reads, once)
  await convert('iso-8859-15', sizes)
  await convert('utf-8', sizes)
  await convert('iso-8859-1', sizes)
  assert.equal(reads, 4 * once, 'two are kept')
  await client.command('SELECT INBOX')
  await convert('iso-8859-1', sizes)
  assert.equal(reads, 5 * once, 'as long as the mailbox is selected')
  await client.close()
})

test('a store that fails', async () => {
  const rows: readonly (readonly [StoreFailureReason, string])[] = [
    ['io', 'NO [TEMPFAIL]'],
    ['busy', 'NO [TEMPFAIL]'],
    ['damaged', 'NO [CORRUPTION]'],
    ['closed', 'NO [UNAVAILABLE]'],
  ]
  for (const [reason, outcome] of rows) {
    const client = await clientOf(
      await storeWith(plain + 'x', () => {
        throw new StoreFailure(reason, 'as the test wants it')
      }),
    )
    await client.command('SELECT INBOX')
    const answer = await client.command('CONVERT 1 (NIL) BINARY[1]')
    assert.equal(answer.outcome, outcome, reason)
    assert.deepEqual(answer.untagged, [], reason)
    await client.close()
  }
})

test('parts that are too large, or become so', async () => {
  const large = await clientOf(await storeWith(plain + 'x'.repeat(maxSourceOctets + 1), () => {}))
  await large.command('SELECT INBOX')
  const refused = await large.command('CONVERT 1 (NIL) BINARY.SIZE[1]')
  assert.match(
    refused.untagged.join(),
    /ERROR "The part is too large to be converted" BADPARAMETERS "text\/plain" "text\/plain"/,
  )
  await large.close()
  const bomb = `Content-Type: text/html\r\n\r\n${'<blockquote>'.repeat(20)}${'<br>x'.repeat(300_000)}`
  const growing = await clientOf(await storeWith(bomb, () => {}))
  await growing.command('SELECT INBOX')
  const answer = await growing.command('CONVERT 1 ("text/plain") BINARY.SIZE[1]')
  assert.match(answer.untagged.join(), /ERROR "The part becomes too large" BADPARAMETERS "text\/html" "text\/plain"/)
  await growing.close()
})

test('every text is converted as it is labelled, and an unlabelled one as what it must be', async () => {
  const rows: readonly (readonly [header: string, body: string, answer: string])[] = [
    ['', 'caf\xc3\xa9', '{5}\r\ncaf\xc3\xa9'],
    ['', 'caf\xe9', '{5}\r\ncaf\xc3\xa9'],
    ['Content-Type: text/plain; charset=us-ascii\r\n', 'caf\xe9', '{5}\r\ncaf\xc3\xa9'],
    ['Content-Type: text/plain; charset=koi8-r\r\n', '\xd1', '{2}\r\n\xd1\x8f'],
    ['Content-Type: text/plain; charset=x-none\r\n', 'a', '(ERROR'],
    ['Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n', 'a', '(ERROR'],
    ['Content-Type: text/csv; charset=iso-8859-1\r\n', '\xe9,1', '{4}\r\n\xc3\xa9,1'],
    ['Content-Type: image/png\r\n', 'a', '(ERROR'],
  ]
  for (const [header, body, expected] of rows) {
    const client = await clientOf(await storeWith(header + '\r\n' + body, () => {}))
    await client.command('SELECT INBOX')
    const { untagged } = await client.command('CONVERT 1 (NIL ("charset" "utf-8")) BINARY[1]')
    const value = untagged.join().replace(/^.*?BINARY\[1\] /s, '')
    assert.ok(value.startsWith(expected), `${header}: ${value}`)
    await client.close()
  }
})
