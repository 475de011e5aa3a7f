import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { startServer } from '../index.ts'
import { Refusal } from '../model/refusal.ts'
import type { PushRegistration, PushService } from './push-service.ts'

/** What the server says, one command after the other. */
async function talk(push: PushService | undefined, commands: readonly string[]): Promise<string> {
  const accounts = [{ name: 'alice', password: 'secret', account: 'a1' }]
  const server = await startServer({ accounts, ...(push && { push }) })
  const stream = server.connect()
  let said = ''
  stream.setEncoding('latin1').on('data', (text: string) => (said += text))
  stream.write([...commands, 'z LOGOUT'].map((command) => command + '\r\n').join(''))
  await once(stream, 'end')
  await server.close()
  return said
}

test('a push service is offered, given what devices say, and answers', async () => {
  const registrations: PushRegistration[] = []
  const push: PushService = {
    name: 'XTESTPUSH',
    register(registration) {
      registrations.push(registration)
      if (registration.values.has('bad')) throw new Refusal('CANNOT', 'No')
      return Promise.resolve(new Map([['topic', 'mail "x"']]))
    },
  }
  const said = await talk(push, [
    'a XTESTPUSH x y',
    'b LOGIN alice secret',
    'c CAPABILITY',
    'd xtestpush Version 2 mailboxes (INBOX "My mail") token "ab cd"',
    'e XTESTPUSH bad 1',
    'f XTESTPUSH version',
    'g XOTHER version 2',
  ])
  assert.match(said, /^a BAD/m)
  assert.match(said, /^\* CAPABILITY .* XTESTPUSH\r$/m)
  assert.match(said, /^\* XTESTPUSH topic "mail \\"x\\""\r\nd OK/m)
  assert.match(said, /^e NO \[CANNOT\]/m)
  assert.match(said, /^f BAD/m)
  assert.match(said, /^g BAD/m)
  const [first] = registrations
  assert.deepEqual([first?.user, first?.account], ['alice', 'a1'])
  assert.deepEqual(
    [...(first?.values ?? [])],
    [
      ['version', '2'],
      ['mailboxes', ['INBOX', 'My mail']],
      ['token', 'ab cd'],
    ],
  )
})

test('without one there is no such command', async () => {
  const said = await talk(undefined, ['a LOGIN alice secret', 'b XTESTPUSH x y', 'c CAPABILITY'])
  assert.match(said, /^b BAD/m)
  assert.doesNotMatch(said, /XTESTPUSH/)
})
