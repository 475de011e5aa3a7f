import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../model/refusal.ts'
import { StoreFailure } from '../store/store.ts'
import { hello, messagesOf, playLmtp, lmtpScene, quit } from './dialogue.test-support.ts'
import type { LmtpScene } from './dialogue.test-support.ts'
import type { LmtpLimits } from './limits.ts'

interface Dialogue {
  readonly name: string
  readonly limits?: Partial<LmtpLimits>
  readonly before?: (scene: LmtpScene) => void
  readonly transcript: string
  readonly after?: (scene: LmtpScene) => void
}

const dialogues: readonly Dialogue[] = [
  {
    name: 'RFC 2033 §4.2: one reply for each recipient that was taken, twice the same included',
    transcript: `${hello}
      C: MAIL FROM:<chris@bar.com>
      S: 250 2.1.0
      C: RCPT TO:<alice@example.org>
      S: 250 2.1.5
      C: RCPT TO:<jones@example.org>
      S: 550 5.1.1
      C: RCPT TO:<bob@example.org>
      S: 250 2.1.5
      C: RCPT TO:<bob@example.org>
      S: 250 2.1.5
      C: DATA
      S: 354
      C: Subject: hi
      C:
      C: ..dot
      C: .
      S: 250 2.0.0 <alice@example.org>
      S: 250 2.0.0 <bob@example.org>
      S: 250 2.0.0 <bob@example.org>
      ${quit}`,
    after({ alice, bob }) {
      const text = 'Subject: hi\r\n\r\n.dot\r\n'
      const forBob = `Return-Path: <chris@bar.com>\r\nDelivered-To: bob@example.org\r\n${text}`
      assert.deepEqual(messagesOf(alice), [
        `Return-Path: <chris@bar.com>\r\nDelivered-To: alice@example.org\r\n${text}`,
      ])
      assert.deepEqual(messagesOf(bob), [forBob, forBob])
    },
  },
  {
    name: 'RFC 2920 §3.1: a whole group at once, and the next transaction behind the message',
    transcript: `${hello}
      C: RSET
      C: MAIL FROM:<> BODY=8BITMIME SIZE=12
      C: RCPT TO:<alice>
      C: DATA
      S: 250 2.0.0
      S: 250 2.1.0
      S: 250 2.1.5
      S: 354
      C: one
      C: .
      C: MAIL FROM:<x@y>
      C: RCPT TO:<alice>
      C: DATA
      S: 250 2.0.0
      S: 250 2.1.0
      S: 250 2.1.5
      S: 354
      C: two
      C: .
      C: QUIT
      S: 250 2.0.0
      S: 221 2.0.0
      S! closed`,
    after({ alice }) {
      assert.deepEqual(messagesOf(alice), [
        'Return-Path: <>\r\nDelivered-To: alice\r\none\r\n',
        'Return-Path: <x@y>\r\nDelivered-To: alice\r\ntwo\r\n',
      ])
    },
  },
  {
    name: 'RFC 2033 §4.2: DATA without a recipient that was taken fails',
    transcript: `${hello}
      C: DATA
      S: 503 5.5.1
      C: MAIL FROM:<x@y>
      C: RCPT TO:<nobody@example.org>
      C: DATA
      S: 250 2.1.0
      S: 550 5.1.1
      S: 503 5.5.1
      ${quit}`,
  },
  {
    name: 'RFC 2033 §4.1: HELO and EHLO are not taken; LHLO comes first and starts anew',
    transcript: `
      S: 220 mail.example LMTP
      C: EHLO client.example
      S: 500 5.5.1
      C: HELO client.example
      S: 500 5.5.1
      C: MAIL FROM:<x@y>
      S: 503 5.5.1
      C: RCPT TO:<alice>
      S: 503 5.5.1
      C: LHLO
      S: 501 5.5.4
      C: lhlo client.example
      S: 250-mail.example
      S: 250-PIPELINING
      S: 250-SIZE 67108864
      S: 250-8BITMIME
      S: 250-ENHANCEDSTATUSCODES
      S: 250-CHUNKING
      S: 250-BINARYMIME
      S: 250 SMTPUTF8
      C: mail from:<x@y>
      S: 250 2.1.0
      C: MAIL FROM:<x@y>
      S: 503 5.5.1
      C: LHLO again
      S: 250-
      S: 250-
      S: 250-
      S: 250-
      S: 250-
      S: 250-
      S: 250-
      S: 250 SMTPUTF8
      C: RCPT TO:<alice>
      S: 503 5.5.1
      ${quit}`,
  },
  {
    name: 'RSET, NOOP, VRFY, HELP and what is not there',
    transcript: `${hello}
      C: NOOP whatever
      S: 250 2.0.0
      C: RSET
      S: 250 2.0.0
      C: RSET now
      S: 501 5.5.4
      C: VRFY alice
      S: 252 2.0.0
      C: VRFY
      S: 501 5.5.4
      C: EXPN list
      S: 502 5.5.1
      C: STARTTLS
      S: 502 5.5.1
      C: WHAT
      S: 500 5.5.1
      C:
      S: 500 5.5.1
      C: HELP
      S: 214-2.0.0
      S: 214-2.0.0 LHLO
      S: 214-2.0.0 MAIL
      S: 214-2.0.0 RCPT
      S: 214-2.0.0 DATA
      S: 214-2.0.0 BDAT
      S: 214-2.0.0 RSET
      S: 214-2.0.0 VRFY
      S: 214-2.0.0 NOOP
      S: 214 2.0.0 QUIT
      C: DATA now
      S: 501 5.5.4
      C: QUIT now
      S: 501 5.5.4
      ${quit}`,
  },
  {
    name: 'detail: the mailbox of that name, in any case, else INBOX',
    transcript: `${hello}
      C: MAIL FROM:<x@y> SMTPUTF8
      C: RCPT TO:<alice+lists@example.org>
      C: RCPT TO:<alice+LISTS@example.org>
      C: RCPT TO:<alice+Work/Überstunden@example.org>
      C: RCPT TO:<alice+nowhere@example.org>
      C: RCPT TO:<alice+@example.org>
      C: DATA
      S: 250 2.1.0
      S: 250 2.1.5
      S: 250 2.1.5
      S: 250 2.1.5
      S: 250 2.1.5
      S: 250 2.1.5
      S: 354
      C: hi
      C: .
      S: 250 2.0.0
      S: 250 2.0.0
      S: 250 2.0.0 the recipient
      S: 250 2.0.0
      S: 250 2.0.0
      ${quit}`,
    after({ alice }) {
      assert.equal(messagesOf(alice, 'lists').length, 2)
      assert.deepEqual(messagesOf(alice, 'Work/Überstunden'), [
        'Return-Path: <x@y>\r\nDelivered-To: alice+Work/Überstunden@example.org\r\nhi\r\n',
      ])
      assert.equal(messagesOf(alice).length, 2)
    },
  },
  {
    name: 'a mailbox deleted while the message came: INBOX takes it',
    before({ alice }) {
      alice.beforeCommit = () => alice.mailboxes.delete('lists')
    },
    transcript: `${hello}
      C: MAIL FROM:<x@y>
      C: RCPT TO:<alice+lists@example.org>
      C: DATA
      S: 250 2.1.0
      S: 250 2.1.5
      S: 354
      C: hi
      C: .
      S: 250 2.0.0
      ${quit}`,
    after({ alice }) {
      assert.equal(messagesOf(alice).length, 1)
    },
  },
  {
    name: 'RFC 6531 §3.5: addresses in UTF-8 need SMTPUTF8',
    transcript: `${hello}
      C: MAIL FROM:<jürgen@example.org>
      S: 550 5.6.7
      C: MAIL FROM:<x@y>
      S: 250 2.1.0
      C: RCPT TO:<jürgen@example.org>
      S: 553 5.6.7
      C: RSET
      S: 250 2.0.0
      C: MAIL FROM:<jürgen@example.org> SMTPUTF8 BODY=8BITMIME
      S: 250 2.1.0
      C: RCPT TO:<jürgen@example.org>
      S: 250 2.1.5 the recipient
      C: DATA
      S: 354
      C: Grüße
      C: .
      S: 250 2.0.0 the recipient
      C: MAIL FROM:<x@y> SMTPUTF8=yes
      S: 555 5.5.4
      ${quit}`,
    after({ bob }) {
      assert.deepEqual(messagesOf(bob), [
        'Return-Path: <jürgen@example.org>\r\nDelivered-To: jürgen@example.org\r\nGrüße\r\n',
      ])
    },
  },
  {
    name: 'RFC 3030 §2: chunks of exact octets; a line with only a dot is text in them',
    transcript: `${hello}
      C: MAIL FROM:<x@y> BODY=BINARYMIME
      C: RCPT TO:<alice>
      C: RCPT TO:<bob>
      S: 250 2.1.0
      S: 250 2.1.5
      S: 250 2.1.5
      C: DATA
      S: 503 5.5.1
      C| BDAT 5\\r\\na\\r\\n.\\rBDAT 3 LAST\\r\\n\\n\\u0000.QUIT\\r\\n
      S: 250 2.0.0 5 octets
      S: 250 2.0.0 <alice>
      S: 250 2.0.0 <bob>
      S: 221 2.0.0
      S! closed`,
    after({ alice }) {
      assert.deepEqual(messagesOf(alice), ['Return-Path: <x@y>\r\nDelivered-To: alice\r\na\r\n.\r\n\0.'])
    },
  },
  {
    name: 'RFC 3030 §4.2: BDAT 0 LAST ends a message; no more chunks after it',
    transcript: `${hello}
      C: MAIL FROM:<x@y>
      C: RCPT TO:<alice>
      C| BDAT 2\\r\\nhiBDAT 0 LAST\\r\\nBDAT 2 LAST\\r\\nno
      S: 250 2.1.0
      S: 250 2.1.5
      S: 250 2.0.0
      S: 250 2.0.0
      S: 503 5.5.1
      ${quit}`,
    after({ alice }) {
      assert.deepEqual(messagesOf(alice), ['Return-Path: <x@y>\r\nDelivered-To: alice\r\nhi'])
    },
  },
  {
    name: 'RFC 3030 §2: DATA, RCPT and MAIL cannot stand among chunks; RSET forgets them',
    transcript: `${hello}
      C: MAIL FROM:<x@y>
      C: RCPT TO:<alice>
      C| BDAT 2\\r\\nhi
      S: 250 2.1.0
      S: 250 2.1.5
      S: 250 2.0.0
      C: DATA
      S: 503 5.5.1
      C: RCPT TO:<bob>
      S: 503 5.5.1
      C: MAIL FROM:<x@y>
      S: 503 5.5.1
      C: RSET
      S: 250 2.0.0
      C: RCPT TO:<bob>
      S: 503 5.5.1
      ${quit}`,
    after({ alice }) {
      assert.deepEqual(messagesOf(alice), [])
    },
  },
  {
    name: 'RFC 2033 §4.3: BDAT LAST without a recipient has no reply; the octets are read all the same',
    transcript: `${hello}
      C| BDAT 6\\r\\nQUIT\\r\\n
      S: 503 5.5.1
      C: MAIL FROM:<x@y>
      C: RCPT TO:<nobody@example.org>
      C| BDAT 6\\r\\nQUIT\\r\\nBDAT 6 LAST\\r\\nQUIT\\r\\nNOOP\\r\\n
      S: 250 2.1.0
      S: 550 5.1.1
      S: 503 5.5.1
      S: 250 2.0.0 still
      ${quit}`,
  },
  {
    name: 'BDAT with wrong arguments: its octets are skipped where their number is known, else the connection ends',
    transcript: `${hello}
      C| BDAT 6 FIRST\\r\\nQUIT\\r\\nBDAT 6 LAST LAST\\r\\nQUIT\\r\\n
      S: 501 5.5.4
      S: 501 5.5.4
      C| BDAT ten\\r\\nQUIT\\r\\n
      S: 501 5.5.4
      S! closed`,
  },
  {
    name: 'one recipient fails while writing, the other has the message',
    before({ alice }) {
      alice.failures.set('write', new StoreFailure('disk-full', 'no space'))
    },
    transcript: `${hello}
      C: MAIL FROM:<x@y>
      C: RCPT TO:<alice>
      C: RCPT TO:<bob>
      C: DATA
      S: 250 2.1.0
      S: 250 2.1.5
      S: 250 2.1.5
      S: 354
      C: hi
      C: .
      S: 452 4.3.1 <alice>
      S: 250 2.0.0 <bob>
      ${quit}`,
    after({ alice, bob }) {
      assert.equal(messagesOf(alice).length, 0)
      assert.equal(messagesOf(bob).length, 1)
    },
  },
  {
    name: 'a mailbox without room: told at RCPT, for now or, where the message alone is too much, for ever',
    before({ alice, bob }) {
      const usage = { storage: 900, messages: 3, mailboxes: 1, annotations: 0 }
      alice.quota = { limits: { storage: 1000 }, set: undefined, usage }
      bob.quota = { limits: { messages: 3 }, set: undefined, usage }
    },
    transcript: `${hello}
      C: MAIL FROM:<x@y> SIZE=101
      C: RCPT TO:<alice>
      C: RCPT TO:<bob>
      S: 250 2.1.0
      S: 452 4.2.2 <alice>
      S: 452 4.2.2 <bob>
      C: RSET
      C: MAIL FROM:<x@y> SIZE=1001
      C: RCPT TO:<alice>
      S: 250 2.0.0
      S: 250 2.1.0
      S: 552 5.2.2 <alice>
      C: RSET
      C: MAIL FROM:<x@y> SIZE=100
      C: RCPT TO:<alice>
      S: 250 2.0.0
      S: 250 2.1.0
      S: 250 2.1.5
      ${quit}`,
  },
  {
    name: 'a mailbox that is full when the message is there',
    before({ alice, bob }) {
      const usage = { storage: 5, messages: 1, mailboxes: 1, annotations: 0 }
      alice.quota = { limits: { storage: 9 }, set: undefined, usage }
      alice.failures.set('commit', new Refusal('OVERQUOTA', 'full'))
      bob.quota = { limits: { storage: 3 }, set: undefined, usage: { ...usage, storage: 0 } }
      bob.failures.set('commit', new Refusal('OVERQUOTA', 'full'))
    },
    transcript: `${hello}
      C: MAIL FROM:<x@y>
      C: RCPT TO:<alice>
      C: RCPT TO:<bob>
      C: DATA
      S: 250 2.1.0
      S: 250 2.1.5
      S: 250 2.1.5
      S: 354
      C: hello
      C: .
      S: 452 4.2.2 <alice>
      S: 552 5.2.2 <bob>
      ${quit}`,
  },
  {
    name: 'all recipients fail: chunks to the end are thrown away, and LAST has a reply for each',
    before({ alice, bob }) {
      alice.failures.set('write', new StoreFailure('disk-full', 'no space'))
      bob.failures.set('write', new StoreFailure('io', 'broken'))
    },
    transcript: `${hello}
      C: MAIL FROM:<x@y>
      C: RCPT TO:<alice>
      C: RCPT TO:<bob>
      C| BDAT 6\\r\\nQUIT\\r\\nBDAT 6\\r\\nQUIT\\r\\nBDAT 6 LAST\\r\\nQUIT\\r\\n
      S: 250 2.1.0
      S: 250 2.1.5
      S: 250 2.1.5
      S: 452 4.3.1
      S: 503 5.5.1
      S: 452 4.3.1 <alice>
      S: 451 4.3.0 <bob>
      ${quit}`,
  },
  {
    name: 'too big: told by SIZE at once, or at the end; commands behind it are run',
    limits: { messageBytes: 10 },
    transcript: `${hello}
      C: MAIL FROM:<x@y> SIZE=11
      S: 552 5.3.4
      C: MAIL FROM:<x@y> SIZE=10
      C: RCPT TO:<alice>
      C: RCPT TO:<bob>
      C: DATA
      S: 250 2.1.0
      S: 250 2.1.5
      S: 250 2.1.5
      S: 354
      C: 1234567
      C: 12
      C: .
      C: NOOP
      S: 552 5.3.4
      S: 552 5.3.4
      S: 250 2.0.0 still
      C: MAIL FROM:<x@y>
      C: RCPT TO:<alice>
      C| BDAT 9\\r\\n123456789BDAT 2\\r\\n12BDAT 9\\r\\n123456789BDAT 1 LAST\\r\\n1
      S: 250 2.1.0
      S: 250 2.1.5
      S: 250 2.0.0
      S: 552 5.3.4
      S: 503 5.5.1
      S: 552 5.3.4
      ${quit}`,
    after({ alice }) {
      assert.deepEqual(messagesOf(alice), [])
    },
  },
  {
    name: 'too many recipients (RFC 5321 §4.5.3.1.10)',
    limits: { recipients: 2 },
    transcript: `${hello}
      C: MAIL FROM:<x@y>
      C: RCPT TO:<alice>
      C: RCPT TO:<bob>
      C: RCPT TO:<bob>
      S: 250 2.1.0
      S: 250 2.1.5
      S: 250 2.1.5
      S: 452 4.5.3
      ${quit}`,
  },
  {
    name: 'lines over the limit and lines with bare LF, CR or NUL are refused whole',
    limits: { commandLineBytes: 30 },
    transcript: `${hello}
      C: NOOP 67890123456789012345678
      S: 250 2.0.0
      C: NOOP 678901234567890123456789
      S: 500 5.5.6
      C: NOOP 3456789012345678901234567890 and so on and so on and so on and so on and so on
      S: 500 5.5.6
      C| NOOP\\nQUIT\\r\\n
      S: 500 5.5.2
      C| NOOP\\rQUIT\\r\\n
      S: 500 5.5.2
      C| NOOP \\u0000\\r\\n
      S: 500 5.5.2
      ${quit}`,
  },
  {
    name: 'too many bad commands',
    limits: { badCommands: 3 },
    transcript: `
      S: 220
      C: GET / HTTP/1.1
      C: Host: mail.example
      C:
      C: QUIT
      S: 500 5.5.1
      S: 500 5.5.1
      S: 500 5.5.1
      S: 421 4.7.0
      S! closed`,
  },
  {
    name: 'a client that goes away in the middle leaves nothing behind',
    transcript: `${hello}
      C: MAIL FROM:<x@y>
      C: RCPT TO:<alice>
      C: DATA
      S: 250 2.1.0
      S: 250 2.1.5
      S: 354
      C| half a mess`,
    after({ alice }) {
      assert.deepEqual(messagesOf(alice), [])
    },
  },
]

for (const { name, limits, before, transcript, after } of dialogues) {
  test(`LMTP: ${name}`, async () => {
    const scene = lmtpScene(limits)
    before?.(scene)
    await playLmtp(scene, transcript)
    after?.(scene)
  })
}
