import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NotGrammar, parseResponse, uidsOf } from './response-grammar.ts'

const good: readonly string[] = [
  '+ Go ahead',
  '+ ',
  'a1 OK done',
  'a1 OK [COPYUID 7 1:3,5 10:13] done',
  'a1 NO [MODIFIED 2,4:5] some',
  '* BYE see you',
  '* OK [PERMANENTFLAGS (\\Seen $Junk \\*)] kept',
  '* OK [HIGHESTMODSEQ 9007199254740991] far',
  '* 0 EXISTS',
  '* 3 EXPUNGE',
  '* VANISHED (EARLIER) 1:3,7',
  '* FLAGS (\\Seen a)',
  '* LIST (\\HasNoChildren) "/" INBOX',
  '* LIST (\\NonExistent) "/" "a b" ("CHILDINFO" ("SUBSCRIBED"))',
  '* LIST () NIL {3}\r\na"b',
  '* STATUS INBOX (MESSAGES 0 UIDNEXT 1 MAILBOXID (F1-2))',
  '* METADATA "" (/shared/comment NIL /private/a/b ~{1}\r\n\0)',
  '* METADATA INBOX /shared/comment /private/a',
  '* QUOTA "" ()',
  '* QUOTA Work (STORAGE 10 512 MESSAGE 1 9007199254740991)',
  '* QUOTAROOT INBOX "" Work',
  '* QUOTAROOT "a b"',
  '* ACL INBOX',
  '* ACL "a b" alice lrs -bob "" {2}\r\n\xc3\xa4 l',
  '* LISTRIGHTS INBOX bob "" l r sw',
  '* LISTRIGHTS INBOX alice lrswipkxteacd',
  '* MYRIGHTS INBOX lr',
  '* MYRIGHTS INBOX ""',
  '* SEARCH',
  '* SEARCH 1 2 (MODSEQ 5)',
  '* ESEARCH (TAG "a1") UID COUNT 2 ALL 1:2',
  '* ENABLED',
  '* NAMESPACE (("" "/")) NIL NIL',
  '* THREAD (1 2)(3)',
  '* 1 FETCH (UID 2 FLAGS (\\Seen) MODSEQ (4))',
  '* 1 FETCH (BODY[] {3}\r\n)\r\n)',
  '* 1 FETCH (BODY[1.2.HEADER.FIELDS (Subject "To")]<10> NIL RFC822.SIZE 5)',
  '* 1 FETCH (BINARY[1] ~{1}\r\n\0)',
  '* 1 FETCH (INTERNALDATE " 1-Jan-2020 00:00:00 +0000")',
  '* 1 FETCH (ENVELOPE (NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL))',
]

const bad: readonly string[] = [
  '',
  '+',
  'a1 OK',
  'a1 MAYBE x',
  'a1 OK tab\nled',
  '* OK ümlaut',
  '* 01 EXISTS',
  '* 0 EXPUNGE',
  '* 4294967296 EXISTS',
  '* 1 FETCH ()',
  '* 1 FETCH (UID 0)',
  '* 1 FETCH (UID 1 UID 1)',
  '* 1 FETCH (UID 1 )',
  '* 1 FETCH (FLAGS (\\Seen \\seen))',
  '* 1 FETCH (BODY[] {4}\r\n)\r\n)',
  '* 1 FETCH (BODY[] ~{1}\r\n\0)',
  '* 1 FETCH (BODY[1.] NIL)',
  '* 1 FETCH (INTERNALDATE "1-Jan-2020 00:00:00 +0000")',
  '* VANISHED 0',
  '* VANISHED',
  '* SEARCH 0',
  '* ESEARCH (TAG "a1") COUNT',
  '* LIST (\\A) "//" a',
  '* STATUS a (MESSAGES -1)',
  'a1 OK [COPYUID 7 1:3 10:13] done',
  '* METADATA INBOX ()',
  '* METADATA INBOX (/shared/comment)',
  '* METADATA INBOX /comment',
  '* QUOTA "" (STORAGE 10)',
  '* QUOTA ""',
  '* QUOTAROOT',
  '* ACL INBOX bob',
  '* ACL INBOX bob LR',
  '* LISTRIGHTS INBOX bob',
  '* LISTRIGHTS INBOX bob lr l',
  '* MYRIGHTS INBOX',
  '* MYRIGHTS INBOX l r',
  '* NONSENSE',
]

describe('the grammar of responses', () => {
  for (const text of good) test(`takes ${JSON.stringify(text)}`, () => void parseResponse(text, { utf8: false }))
  for (const text of bad) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseResponse(text, { utf8: false }), NotGrammar)
    })
  }
  test('lists the UIDs of a set', () => assert.deepEqual(uidsOf('5,1:3'), [5, 1, 2, 3]))
})
