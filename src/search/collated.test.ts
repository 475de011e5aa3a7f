import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collations } from '../mime/collations.ts'
import { Cursor } from '../wire/cursor.ts'
import { decodeStrings, parseSearchKeys } from '../wire/search-grammar.ts'
import { utf8ToWire, wireToUtf8 } from '../wire/strings.ts'
import { searchFuzzily } from './fuzzy.ts'
import { mailboxOf } from './mailbox.test-support.ts'

const mails = ['Äpfel und Birnen', 'äpfel UND birnen', 'apfel', 'Birnen'].map(
  (text, n) =>
    `Subject: =?utf-8?q?${text.replaceAll('Ä', '=C3=84').replaceAll('ä', '=C3=A4').replaceAll(' ', '_')}?=\n\n${text} ${n}\n`,
)

test('texts by each collation', async () => {
  const context = await mailboxOf(mails)
  /** Numbers found by i;unicode-casemap, i;ascii-casemap and i;octet. */
  const rows: readonly (readonly [key: string, unicode: string, ascii: string, octet: string])[] = [
    ['SUBJECT "äpfel und"', '1 2', '2', ''],
    ['SUBJECT "ÄPFEL"', '1 2', '1', ''],
    ['BODY "birnen"', '1 2 4', '1 2 4', '2'],
    ['NOT BODY "birnen"', '3', '3', '1 3 4'],
    ['2:3 NOT BODY "birnen"', '3', '3', '3'],
    ['UID 4 BODY "birnen"', '4', '4', ''],
    ['OR SUBJECT "Apfel" TEXT "Birnen 3"', '3 4', '3 4', '4'],
    ['OR UID 3 (UID 1 TEXT "UND")', '1 3', '1 3', '3'],
    ['SUBJECT ""', '1 2 3 4', '1 2 3 4', '1 2 3 4'],
    ['FUZZY SUBJECT "birne"', '1 2 4', '1 2 4', '1 2 4'],
  ]
  for (const [text, ...wanted] of rows) {
    const key = decodeStrings(parseSearchKeys(new Cursor(utf8ToWire(text))), (octets) => wireToUtf8(octets) ?? '')
    for (const [n, collation] of collations.entries()) {
      const isDefault = n === 0
      const found = await searchFuzzily(key, { ...context, ...(!isDefault && { collation }) })
      assert.equal(Array.from(found.rows, (row) => row + 1).join(' '), wanted[n], `${text} by ${collation.id}`)
    }
  }
})
