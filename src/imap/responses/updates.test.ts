import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStore } from '../../store/memory/memory-store.ts'
import { clientOf, fill } from '../fetch/client.test-support.ts'

test('a client hears when it can make no more keywords', async () => {
  const store = memoryStore()
  await fill(store, ['Subject: x\r\n\r\n'])
  const { command, close } = await clientOf(store, { maxKeywords: 2 })
  const permanent = (responses: readonly string[]): string | undefined =>
    responses.map((response) => /PERMANENTFLAGS \((.*)\)/.exec(response)?.[1]).find((flags) => flags !== undefined)
  const system = '\\Answered \\Flagged \\Deleted \\Seen \\Draft'

  assert.equal(permanent((await command('SELECT INBOX')).untagged), system + ' \\*')
  assert.equal(permanent((await command('STORE 1 +FLAGS (one)')).untagged), system + ' one \\*')
  assert.equal(permanent((await command('STORE 1 +FLAGS (two)')).untagged), system + ' one two')
  assert.equal(permanent((await command('EXAMINE INBOX')).untagged), '')
  await close()
  await store.close()
})
