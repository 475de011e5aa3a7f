/** A test of a mail client against a server that lives and dies inside the test: no port, no file, no clean-up. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { startServer } from '../src/index.ts'

test('a message that is appended can be found', async () => {
  const server = await startServer({ accounts: [{ name: 'joe', password: 'secret' }] })
  const connection = server.connect()
  connection.write('a LOGIN joe secret\r\n')
  connection.write('b APPEND INBOX {19+}\r\nSubject: hello\r\n\r\nx\r\n')
  connection.write('c SELECT INBOX\r\nd SEARCH SUBJECT "HELLO"\r\ne LOGOUT\r\n')
  let answers = ''
  connection.on('data', (chunk: Buffer) => (answers += chunk.toString()))
  await once(connection, 'end')
  assert.match(answers, /^\* SEARCH 1\r$/m)
  await server.close()
})
