import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { startServer } from '../index.ts'
import { languageNamed, translated } from './languages.ts'
import { translations } from './translations.ts'

test('texts in other languages', () => {
  assert.equal(translated('No such mailbox', 'de'), 'Dieses Postfach gibt es nicht')
  assert.equal(translated('No such mailbox', 'fr'), 'Cette boîte n’existe pas')
  assert.equal(translated('No such mailbox', 'en'), 'No such mailbox')
  assert.equal(translated('FETCH completed', 'de'), 'FETCH ausgeführt')
  assert.equal(translated('A message may have 100 octets at most', 'fr'), 'Un message peut avoir 100 octets au plus')
  assert.equal(translated('90 percent of "5" used', 'de'), '90 Prozent von "5" belegt')
  assert.equal(translated('That takes the right t to the mailbox', 'de'), 'Dazu gehört das Recht t an dem Postfach')
  assert.equal(translated('what nobody translated', 'de'), 'what nobody translated')
})

test('the table', () => {
  const marks = (text: string): string => text.replace(/[^#*]/g, '')
  for (const row of translations) {
    for (const text of row) {
      assert.equal(marks(text), marks(row[0]), text)
      assert.match(text, /^[^\p{Cc}[]+$/u) // RFC 5255 §3.5 resp-text
    }
  }
  assert.equal(new Set(translations.map(([english]) => english)).size, translations.length)
})

test('languages by their ranges', () => {
  const rows: readonly (readonly [ranges: string[], language: string | undefined])[] = [
    [['de'], 'de'],
    [['DE-AT'], 'de'],
    [['fr-ca', 'en-ca'], 'fr'],
    [['mul'], undefined],
    [['mul', 'EN-x-private'], 'en'],
    [['default'], 'i-default'],
    [['*'], 'i-default'],
    [['*', 'fr'], 'fr'],
    [['i-default'], 'i-default'],
    [['i'], undefined],
    [['-'], undefined],
  ]
  for (const [ranges, language] of rows) assert.equal(languageNamed(ranges), language, ranges.join(' '))
})

test('what a client hears once it has chosen', async () => {
  const server = await startServer({ accounts: [{ name: 'joe', password: 'secret' }] })
  const stream = server.connect()
  let heard = ''
  stream.on('data', (chunk: Buffer) => (heard += chunk.toString('utf8')))
  stream.end('a1 LANGUAGE de-CH\r\na2 LOGIN joe secret\r\na3 SELECT INBOX\r\na4 SELECT x\r\na5 LOGOUT\r\n')
  await once(stream, 'close')
  await server.close()
  const lines = heard.split('\r\n')
  assert.ok(lines.includes('a1 OK Jetzt auf Deutsch'))
  assert.ok(lines.includes('* OK [UIDNEXT 1] Voraussichtlich nächste UID'))
  assert.ok(lines.includes('a3 OK [READ-WRITE] SELECT ausgeführt'))
  assert.ok(lines.includes('a4 NO [NONEXISTENT] Dieses Postfach gibt es nicht'))
  assert.ok(lines.includes('* BYE Auf Wiedersehen'))
})
