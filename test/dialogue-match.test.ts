import assert from 'node:assert/strict'
import { test } from 'node:test'

import { matches } from './dialogue-match.ts'

const table: readonly (readonly [expected: string, got: string, same: boolean])[] = [
  ['a1 OK', 'a1 OK done', true],
  ['a1 OK', 'a1 NO done', false],
  ['a1 OK', 'a2 OK done', false],
  ['a1 OK', 'a1 OK [READ-WRITE] done', true],
  ['a1 OK [READ-WRITE]', 'a1 OK [read-write] done', true],
  ['a1 OK [READ-WRITE]', 'a1 OK done', false],
  ['* OK [UIDNEXT 5]', '* OK [UIDNEXT 6] x', false],
  ['* OK [PERMANENTFLAGS (\\Seen \\*)]', '* OK [PERMANENTFLAGS (\\* \\Seen)] ok', true],
  ['* FLAGS (\\Seen \\Deleted)', '* FLAGS (\\Deleted \\Seen)', true],
  ['* FLAGS (\\Seen)', '* FLAGS (\\Deleted \\Seen)', false],
  ['* CAPABILITY IMAP4rev1 !STARTTLS', '* CAPABILITY IDLE IMAP4rev1', true],
  ['* CAPABILITY IMAP4rev1 !IDLE', '* CAPABILITY IDLE IMAP4rev1', false],
  ['* SEARCH 1 2', '* SEARCH 2 1', true],
  ['* SORT 1 2', '* SORT 2 1', false],
  ['* 1 FETCH (UID 1 FLAGS (a b))', '* 1 FETCH (FLAGS (B A) UID 1)', true],
  ['* 1 FETCH (UID 1)', '* 1 FETCH (UID 1 FLAGS ())', false],
  ['* 1 FETCH (BODY[] "x")', '* 1 FETCH (BODY[] {1}\r\nx)', true],
  ['* 1 FETCH (BODY[]<0> "x")', '* 1 FETCH (BODY[] "x")', false],
  ['* 1 FETCH (BODY[HEADER.FIELDS (To)] "x")', '* 1 FETCH (BODY[HEADER.FIELDS ("TO")] "x")', true],
  ['* 1 FETCH (BODY[] NIL)', '* 1 FETCH (BODY[] "NIL")', false],
  ['* 1 FETCH (RFC822.SIZE 5)', '* 1 FETCH (RFC822.SIZE "5")', false],
  ['* 1 FETCH (BODY ("TEXT" "PLAIN"))', '* 1 FETCH (BODY ("text" "plain"))', true],
  ['* 1 FETCH (BODY (NIL NIL))', '* 1 FETCH (BODY (NIL  NIL))', false],
  ['* LIST (\\HasNoChildren) "/" a', '* LIST (\\Unmarked \\HasNoChildren) "/" "a"', true],
  ['* LIST () "/" INBOX', '* LIST () "/" inbox', true],
  ['* STATUS a (MESSAGES 1 UIDNEXT 2)', '* STATUS "a" (UIDNEXT 2 MESSAGES 1)', true],
  ['* ESEARCH (TAG "a1") UID COUNT 2 ALL 1:2', '* ESEARCH (TAG "a1") UID ALL 1,2 COUNT 2', true],
  ['* ESEARCH (TAG "a1") COUNT 2', '* ESEARCH (TAG "a1") UID COUNT 2', false],
  ['* METADATA "" (/a "1" /b NIL)', '* METADATA "" (/b NIL /a {1}\r\n1)', true],
  ['* METADATA "" (/a "1")', '* METADATA "" (/a "2")', false],
  ['* METADATA "" /a /b', '* METADATA "" /b /a', true],
  ['* OK [UIDVALIDITY $v]', '* OK [UIDVALIDITY 77] fine', true],
  ['+', '+ go on', true],
  ['+ abc', '+ abd', false],
]

test('responses are compared as the RFCs allow', () => {
  for (const [expected, got, same] of table) {
    assert.equal(matches(expected, got, new Map()), same, `${expected}\n${got}`)
  }
})

test('a variable is bound at first sight and must agree later', () => {
  const bindings = new Map<string, string>()
  assert.ok(matches('* 1 FETCH (UID $uid)', '* 1 FETCH (UID 5)', bindings))
  assert.equal(bindings.get('$uid'), '5')
  assert.ok(!matches('* 2 FETCH (UID $uid)', '* 2 FETCH (UID 6)', bindings))
  assert.ok(matches('* 3 FETCH (UID $uid)', '* 3 FETCH (UID 5)', bindings))
})
