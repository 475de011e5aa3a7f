import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { startServer } from '../index.ts'
import { ProgressNotes, progressIntervalMs } from './progress.ts'

test('a note after each interval', () => {
  const notes = new ProgressNotes('A001', 5_000)
  const work = { done: 0, goal: 0 }
  const at = (intervals: number): string | undefined => notes.due(work, 5_000 + intervals * progressIntervalMs)
  assert.equal(at(0.9), undefined)
  assert.equal(at(1), '* OK [INPROGRESS ("A001" NIL NIL)] Still at it')
  work.goal = 1000
  work.done = 454
  assert.equal(at(1.5), undefined)
  assert.equal(at(2), '* OK [INPROGRESS ("A001" 454 1000)] 45% of the messages')
  work.done = 1000
  assert.equal(at(3.1), '* OK [INPROGRESS ("A001" 999 1000)] 99% of the messages')
  assert.equal(at(4), undefined)
})

test('a tag that a client could not find the end of is not told', () => {
  const notes = new ProgressNotes('a]b', 0)
  assert.equal(notes.due({ done: 1, goal: 4 }, 60_000), '* OK [INPROGRESS (NIL 1 4)] 25% of the messages')
})

test('a search that takes long, by the clock of the server', async () => {
  let now = 0
  const clock = (): number => (now += progressIntervalMs)
  const server = await startServer({ accounts: [{ name: 'joe', password: 'secret' }], clock })
  const stream = server.connect()
  let heard = ''
  stream.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')))
  const answered = async (tag: string): Promise<void> => {
    while (!heard.includes(`${tag} OK`)) await once(stream, 'data')
  }
  const message = `Subject: x\r\n\r\n${'nothing to be found here\r\n'.repeat(20_000)}`
  stream.write('a1 LOGIN joe secret\r\n')
  for (let n = 0; n < 12; n++) stream.write(`b${n} APPEND INBOX {${message.length}+}\r\n${message}\r\n`)
  stream.write('a2 SELECT INBOX\r\na3 SEARCH BODY needle\r\n')
  await answered('a3')
  const notes = heard.match(/^\* OK \[INPROGRESS \("a3" \d+ 12\)\] .*$/gm) ?? []
  assert.ok(notes.length > 0)
  assert.ok(heard.indexOf(notes.at(-1) ?? '') < heard.indexOf('* SEARCH\r\na3 OK'))
  stream.destroy()
  await server.close()
})
