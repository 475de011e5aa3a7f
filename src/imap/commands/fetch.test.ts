import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asMailboxId } from '../../model/numbers.ts'
import { memoryStore } from '../../store/memory/memory-store.ts'
import { type AccountStore, type Store, StoreFailure } from '../../store/store.ts'
import { clientOf, fill, storeWith, type TestClient } from '../fetch/client.test-support.ts'
import { pieceOctets, textOctets } from '../fetch/limits.ts'

const lines = (...text: readonly string[]): string => text.join('\r\n') + '\r\n'

const inner = lines(
  'From: carl@example.org',
  'Subject: inner',
  'Content-Type: multipart/alternative; boundary=in',
  '',
  '--in',
  '',
  'words',
  '--in',
  'Content-Type: text/html',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  '<p>w=6Frds</p>=00',
  '--in--',
)
/** 1 text, 2 a message (2.1 text, 2.2 html), 3 octets in base64, 4 in an encoding that nobody knows. */
const nested = lines(
  'From: ann@example.org',
  'Subject: =?utf-8?q?outer?=',
  'X-Eight: caf\xe9',
  'subject: again',
  'Content-Type: multipart/mixed; boundary=out',
  '',
  'prologue',
  '--out',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'text caf\xc3\xa9',
  '--out',
  'Content-Type: message/rfc822',
  '',
  inner + '--out',
  'Content-Type: application/octet-stream',
  'Content-Transfer-Encoding: base64',
  '',
  'AAECAwQF',
  '--out',
  'Content-Transfer-Encoding: x-none',
  '',
  '???',
  '--out--',
)
const simple = lines('From: a@example.org', 'Content-Transfer-Encoding: base64', '', 'aGVsbG8=')
const noBody = 'Subject: alone\r\n'
const withNul = 'Subject: nul\r\n\r\na\0b\r\n'

const literal = (text: string): string => `{${text.length}}\r\n${text}`
const headerOf = (text: string): string => text.slice(0, text.indexOf('\r\n\r\n') + 4)
const textOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4)

/** Message 1 is `nested`, 2 `simple`, 3 `noBody`, 4 `withNul`; all are `\Seen`. */
const items: readonly (readonly [seqNum: number, item: string, answer: string])[] = [
  [1, 'BODY[]', `BODY[] ${literal(nested)}`],
  [1, 'body[]', `BODY[] ${literal(nested)}`],
  [1, 'BODY[HEADER]', `BODY[HEADER] ${literal(headerOf(nested))}`],
  [1, 'BODY[TEXT]', `BODY[TEXT] ${literal(textOf(nested))}`],
  [1, 'RFC822', `RFC822 ${literal(nested)}`],
  [1, 'RFC822.HEADER', `RFC822.HEADER ${literal(headerOf(nested))}`],
  [1, 'RFC822.TEXT', `RFC822.TEXT ${literal(textOf(nested))}`],
  [1, 'BODY[1]', `BODY[1] ${literal('text caf\xc3\xa9')}`],
  [1, 'BODY[1.MIME]', `BODY[1.MIME] ${literal('Content-Type: text/plain; charset=utf-8\r\n\r\n')}`],
  [1, 'BODY[2]', `BODY[2] ${literal(inner.slice(0, -2))}`],
  [1, 'BODY[2.MIME]', `BODY[2.MIME] ${literal('Content-Type: message/rfc822\r\n\r\n')}`],
  [1, 'BODY[2.HEADER]', `BODY[2.HEADER] ${literal(headerOf(inner))}`],
  [1, 'BODY[2.TEXT]', `BODY[2.TEXT] ${literal(textOf(inner).slice(0, -2))}`],
  [1, 'BODY[2.1]', `BODY[2.1] ${literal('words')}`],
  [1, 'BODY[2.1.MIME]', `BODY[2.1.MIME] ${literal('\r\n')}`],
  [1, 'BODY[2.2]', `BODY[2.2] ${literal('<p>w=6Frds</p>=00')}`],
  [1, 'BODY[2.HEADER.FIELDS (Subject)]', `BODY[2.HEADER.FIELDS (Subject)] ${literal('Subject: inner\r\n\r\n')}`],
  [
    1,
    'BODY[HEADER.FIELDS ("SUBJECT" X-Eight)]',
    `BODY[HEADER.FIELDS (SUBJECT X-Eight)] ${literal('Subject: =?utf-8?q?outer?=\r\nX-Eight: caf\xe9\r\nsubject: again\r\n\r\n')}`,
  ],
  [
    1,
    'BODY[HEADER.FIELDS.NOT (subject Content-Type)]',
    `BODY[HEADER.FIELDS.NOT (subject Content-Type)] ${literal('From: ann@example.org\r\nX-Eight: caf\xe9\r\n\r\n')}`,
  ],
  [1, 'BODY[HEADER.FIELDS (X-Eight)]<9.4>', `BODY[HEADER.FIELDS (X-Eight)]<9> ${literal('caf\xe9')}`],
  // What does not exist.
  [1, 'BODY[5]', 'BODY[5] NIL'],
  [1, 'BODY[5]<0.10>', 'BODY[5]<0> NIL'],
  [1, 'BODY[1.1]', 'BODY[1.1] NIL'],
  [1, 'BODY[1.HEADER]', 'BODY[1.HEADER] NIL'],
  [1, 'BODY[1.HEADER.FIELDS (From)]', 'BODY[1.HEADER.FIELDS (From)] NIL'],
  [1, 'BINARY[9]', 'BINARY[9] NIL'],
  // Partials.
  [1, 'BODY[1]<0.4>', `BODY[1]<0> ${literal('text')}`],
  [1, 'BODY[1]<5.100>', `BODY[1]<5> ${literal('caf\xc3\xa9')}`],
  [1, 'BODY[1]<0.1000000>', `BODY[1]<0> ${literal('text caf\xc3\xa9')}`],
  [1, 'BODY[1]<10.1>', 'BODY[1]<10> {0}\r\n'],
  [1, 'BODY[1]<4294967296.9007199254740991>', 'BODY[1]<4294967296> {0}\r\n'],
  [1, 'BODY[]<6.3>', `BODY[]<6> ${literal('ann')}`],
  // Decoded.
  [1, 'BINARY[1]', `BINARY[1] ${literal('text caf\xc3\xa9')}`],
  [1, 'BINARY[2]', `BINARY[2] ${literal(inner.slice(0, -2))}`],
  [1, 'BINARY[2.2]', 'BINARY[2.2] ~{13}\r\n<p>words</p>\0'],
  [1, 'BINARY[2.2]<0.12>', `BINARY[2.2]<0> ${literal('<p>words</p>')}`],
  [1, 'BINARY[3]', 'BINARY[3] ~{6}\r\n\0\x01\x02\x03\x04\x05'],
  [1, 'BINARY[3]<1.3>', 'BINARY[3]<1> {3}\r\n\x01\x02\x03'],
  [1, 'BINARY[3]<6.3>', 'BINARY[3]<6> {0}\r\n'],
  [1, 'BINARY[]', `BINARY[] ${literal(nested)}`],
  [1, 'BINARY.SIZE[3]', 'BINARY.SIZE[3] 6'],
  [1, 'BINARY.SIZE[1]', 'BINARY.SIZE[1] 10'],
  [1, 'BINARY.SIZE[]', `BINARY.SIZE[] ${nested.length}`],
  // A message that is no multipart.
  [2, 'BODY[1]', `BODY[1] ${literal('aGVsbG8=\r\n')}`],
  [2, 'BINARY[1]', `BINARY[1] ${literal('hello')}`],
  [2, 'BINARY.SIZE[1]', 'BINARY.SIZE[1] 5'],
  [2, 'BODY[1.MIME]', `BODY[1.MIME] ${literal(headerOf(simple))}`],
  [2, 'BODY[2]', 'BODY[2] NIL'],
  [3, 'BODY[TEXT]', 'BODY[TEXT] {0}\r\n'],
  [3, 'BODY[HEADER]', `BODY[HEADER] ${literal(noBody)}`],
  [4, 'BODY[TEXT]', 'BODY[TEXT] {5}\r\na\0b\r\n'],
  [4, 'BINARY[1]', 'BINARY[1] ~{5}\r\na\0b\r\n'],
  // Everything else.
  [2, 'UID', 'UID 2'],
  [2, 'FLAGS', 'FLAGS (\\Seen)'],
  [2, 'INTERNALDATE', 'INTERNALDATE " 9-Sep-2001 01:46:40 +0000"'],
  [2, 'RFC822.SIZE', `RFC822.SIZE ${simple.length}`],
  [2, 'SAVEDATE', 'SAVEDATE "12-Jan-1970 13:46:40 +0000"'],
  [2, 'EMAILID', 'EMAILID (M2)'],
  [2, 'THREADID', 'THREADID (T2)'],
  [2, 'PREVIEW', 'PREVIEW "hello"'],
  [2, 'PREVIEW (LAZY)', 'PREVIEW "hello"'],
  [1, 'PREVIEW', `PREVIEW ${literal('text caf\xc3\xa9')}`],
  [3, 'PREVIEW', 'PREVIEW ""'],
  [
    2,
    'ENVELOPE',
    'ENVELOPE (NIL NIL ((NIL NIL "a" "example.org")) ((NIL NIL "a" "example.org")) ((NIL NIL "a" "example.org")) NIL NIL NIL NIL NIL)',
  ],
  [2, 'BODY', 'BODY ("text" "plain" ("charset" "us-ascii") NIL NIL "base64" 10 1)'],
  [2, 'BODYSTRUCTURE', 'BODYSTRUCTURE ("text" "plain" ("charset" "us-ascii") NIL NIL "base64" 10 1 NIL NIL NIL NIL)'],
  // Several: in the order asked for, each once.
  [2, '(UID RFC822.SIZE BODY.PEEK[1] UID)', `UID 2 RFC822.SIZE ${simple.length} BODY[1] ${literal('aGVsbG8=\r\n')}`],
  [2, '(BODY[1]<0.1> FLAGS BODY[1]<1.1>)', 'BODY[1]<0> {1}\r\na FLAGS (\\Seen) BODY[1]<1> {1}\r\nG'],
  [2, '(BODY[1] BODY.PEEK[1])', `BODY[1] ${literal('aGVsbG8=\r\n')}`],
]

/** A store that needs time for all that others may have at hand. */
function slow(store: Store): Store {
  return storeWith(store, (account) => ({
    readBlob: async (message, offset, into) => {
      await new Promise(setImmediate)
      return account.readBlob(message, offset, into)
    },
    readComputed: async (kind, messages) => {
      await new Promise(setImmediate)
      return account.readComputed(kind, messages)
    },
  }))
}

async function withClient(store: Store, use: (client: TestClient) => Promise<void>): Promise<void> {
  const client = await clientOf(store)
  try {
    await client.command('SELECT INBOX')
    // So that nothing is \Recent.
    await client.command('SELECT INBOX')
    await use(client)
  } finally {
    await client.close()
  }
}

for (const [speed, wrap] of [
  ['at once', (store: Store) => store],
  ['late', slow],
] as const) {
  test(`every item is answered, by a store that answers ${speed}`, async () => {
    const store = memoryStore({ clock: () => 1_000_000_000 })
    await fill(store, [nested, simple, noBody, withNul], ['\\Seen'])
    await withClient(wrap(store), async ({ command }) => {
      for (const [seqNum, item, answer] of items) {
        assert.deepEqual(
          await command(`FETCH ${seqNum} ${item}`),
          { untagged: [`* ${seqNum} FETCH (${answer})`], outcome: 'OK' },
          item,
        )
      }
    })
  })
}

/** Commands on five messages, all of them new: what each is answered with, one after the other in one session. */
const dialogues: readonly { readonly name: string; readonly steps: readonly (readonly string[])[] }[] = [
  {
    name: 'responses come in ascending order, whatever the order of the set',
    steps: [['FETCH 3,1:2,2 (UID)', '* 1 FETCH (UID 1)', '* 2 FETCH (UID 2)', '* 3 FETCH (UID 3)', 'OK']],
  },
  {
    name: 'UID FETCH always tells the UID, once',
    steps: [
      ['UID FETCH 2,9 FLAGS', '* 2 FETCH (UID 2 FLAGS ())', 'OK'],
      ['UID FETCH 2 (FLAGS UID)', '* 2 FETCH (FLAGS () UID 2)', 'OK'],
    ],
  },
  {
    name: 'only what is not peeked at becomes \\Seen, and is told once',
    steps: [
      [
        'FETCH 1 (BODY.PEEK[TEXT] RFC822.HEADER BINARY.SIZE[1])',
        '* 1 FETCH (BODY[TEXT] {1}\r\n1 RFC822.HEADER {14}\r\nSubject: x\r\n\r\n BINARY.SIZE[1] 1)',
        'OK',
      ],
      [
        'FETCH 1:2 BODY[TEXT]',
        '* 1 FETCH (BODY[TEXT] {1}\r\n1 FLAGS (\\Seen))',
        '* 2 FETCH (BODY[TEXT] {1}\r\n2 FLAGS (\\Seen))',
        'OK',
      ],
      [
        'FETCH 1:3 (FLAGS BODY[TEXT])',
        '* 1 FETCH (FLAGS (\\Seen) BODY[TEXT] {1}\r\n1)',
        '* 2 FETCH (FLAGS (\\Seen) BODY[TEXT] {1}\r\n2)',
        '* 3 FETCH (FLAGS (\\Seen) BODY[TEXT] {1}\r\n3)',
        'OK',
      ],
      [
        'FETCH 2:4 BINARY[1]',
        '* 2 FETCH (BINARY[1] {1}\r\n2)',
        '* 3 FETCH (BINARY[1] {1}\r\n3)',
        '* 4 FETCH (BINARY[1] {1}\r\n4 FLAGS (\\Seen))',
        'OK',
      ],
      ['FETCH 5 RFC822.TEXT', '* 5 FETCH (RFC822.TEXT {1}\r\n5 FLAGS (\\Seen))', 'OK'],
      ['NOOP', 'OK'],
    ],
  },
  {
    name: 'after EXAMINE nothing becomes \\Seen',
    steps: [
      ['EXAMINE INBOX', '*'],
      ['FETCH 1 BODY[TEXT]', '* 1 FETCH (BODY[TEXT] {1}\r\n1)', 'OK'],
      ['FETCH 1 FLAGS', '* 1 FETCH (FLAGS ())', 'OK'],
    ],
  },
  {
    name: 'with CONDSTORE, what becomes \\Seen is told with UID and MODSEQ (RFC 7162 §3.2.4)',
    steps: [
      ['FETCH 1 (MODSEQ)', '* OK [HIGHESTMODSEQ 2] CONDSTORE is on', '* 1 FETCH (MODSEQ (2))', 'OK'],
      ['FETCH 1 (BODY[TEXT])', '* 1 FETCH (BODY[TEXT] {1}\r\n1 UID 1 FLAGS (\\Seen) MODSEQ (3))', 'OK'],
      ['UID FETCH 2 (MODSEQ BODY[TEXT])', '* 2 FETCH (UID 2 MODSEQ (4) BODY[TEXT] {1}\r\n2 FLAGS (\\Seen))', 'OK'],
      ['FETCH 1 FLAGS', '* 1 FETCH (FLAGS (\\Seen))', 'OK'],
    ],
  },
  {
    name: 'CHANGEDSINCE picks what changed, and tells MODSEQ',
    steps: [
      ['STORE 2,4 +FLAGS.SILENT (\\Flagged)', 'OK'],
      [
        'FETCH 1:* (FLAGS) (CHANGEDSINCE 2)',
        '* OK [HIGHESTMODSEQ 3] CONDSTORE is on',
        '* 2 FETCH (FLAGS (\\Flagged) MODSEQ (3))',
        '* 4 FETCH (FLAGS (\\Flagged) MODSEQ (3))',
        'OK',
      ],
      ['UID FETCH 4:* (UID MODSEQ) (CHANGEDSINCE 2)', '* 4 FETCH (UID 4 MODSEQ (3))', 'OK'],
      ['FETCH 1:* (UID) (CHANGEDSINCE 3)', 'OK'],
      ['FETCH 4:5 PREVIEW (CHANGEDSINCE 2)', '* 4 FETCH (PREVIEW "4" MODSEQ (3))', 'OK'],
      ['FETCH 4 PREVIEW (lazy) (CHANGEDSINCE 2)', '* 4 FETCH (PREVIEW "4" MODSEQ (3))', 'OK'],
      ['FETCH 1:* BODY[TEXT] (CHANGEDSINCE 3)', 'OK'],
      ['FETCH 1 FLAGS', '* 1 FETCH (FLAGS ())', 'OK'],
    ],
  },
  {
    name: 'VANISHED needs UID FETCH, QRESYNC and CHANGEDSINCE',
    steps: [
      ['UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)', 'BAD'],
      ['ENABLE QRESYNC', '*'],
      ['FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)', 'BAD'],
      ['UID FETCH 1:* (FLAGS) (VANISHED)', 'BAD'],
      ['UID STORE 2:3,5 +FLAGS.SILENT \\Deleted', '*'],
      ['EXPUNGE', '* VANISHED 2:3,5', 'OK [HIGHESTMODSEQ 4]'],
      ['UID FETCH 1:* (UID) (CHANGEDSINCE 2 VANISHED)', '* VANISHED (EARLIER) 2:3,5', 'OK'],
      ['UID FETCH 3:4 (UID) (CHANGEDSINCE 1 VANISHED)', '* VANISHED (EARLIER) 3', '* 2 FETCH (UID 4 MODSEQ (2))', 'OK'],
      ['UID FETCH 1:* (UID) (CHANGEDSINCE 4 VANISHED)', 'OK'],
    ],
  },
  {
    name: 'errors',
    steps: [
      ['FETCH 6 FLAGS', 'BAD'],
      ['FETCH 1 ()', 'BAD'],
      ['FETCH 1 NONSENSE', 'BAD'],
      ['FETCH 1 PREVIEW (LAZY) (VANISHED)', 'BAD'],
      ['FETCH 1 (PREVIEW (LAZY LAZY))', 'BAD'],
      ['FETCH 1 (FLAGS) (CHANGEDSINCE)', 'BAD'],
      ['FETCH 1 (FLAGS) ', '* 1 FETCH (FLAGS ())', 'OK'],
      ['UID FETCH 100 FLAGS', 'OK'],
    ],
  },
]

for (const { name, steps } of dialogues) {
  test(name, async () => {
    const store = memoryStore()
    await fill(
      store,
      ['1', '2', '3', '4', '5'].map((n) => 'Subject: x\r\n\r\n' + n),
    )
    await withClient(store, async ({ command }) => {
      for (const [text = '', ...expected] of steps) {
        const { untagged, outcome } = await command(text)
        if (expected[0] !== '*') assert.deepEqual([...untagged, outcome], expected, text)
      }
    })
  })
}

test('\\Recent is told in IMAP4rev1 only', async () => {
  const store = memoryStore()
  await fill(store, [simple])
  const { command, close } = await clientOf(store)
  await command('SELECT INBOX')
  assert.deepEqual((await command('FETCH 1 FLAGS')).untagged, ['* 1 FETCH (FLAGS (\\Recent))'])
  assert.deepEqual((await command('FETCH 1 (BODY[TEXT]<0.1>)')).untagged, [
    '* 1 FETCH (BODY[TEXT]<0> {1}\r\na FLAGS (\\Recent \\Seen))',
  ])
  await command('ENABLE IMAP4rev2')
  assert.deepEqual((await command('FETCH 1 FLAGS')).untagged, ['* 1 FETCH (FLAGS (\\Seen))'])
  await close()
})

test('of messages that others expunged the sequence numbers are answered with NO, the UIDs are not', async () => {
  const store = memoryStore()
  await fill(store, [simple, simple, simple])
  await withClient(store, async ({ command }) => {
    const account = await store.openAccount('joe')
    await account.commit([{ op: 'expunge', mailbox: asMailboxId(1), uids: [2], onlyDeleted: false }])
    await account.close()
    assert.deepEqual(await command('FETCH 1:3 UID'), {
      untagged: ['* 1 FETCH (UID 1)', '* 3 FETCH (UID 3)'],
      outcome: 'NO [EXPUNGEISSUED]',
    })
    assert.deepEqual(await command('UID FETCH 1:3 UID'), {
      untagged: ['* 1 FETCH (UID 1)', '* 3 FETCH (UID 3)', '* 2 EXPUNGE'],
      outcome: 'OK',
    })
  })
})

test('a session that changes flags in between is heard, and rows may move meanwhile', async () => {
  const memory = memoryStore()
  await fill(memory, [simple, simple, simple])
  const other = await memory.openAccount('joe')
  // Another client's commits come right before the one that FETCH makes.
  const store = storeWith(memory, (account) => ({
    commit: async (operations) => {
      if (operations[0]?.op === 'store') {
        const mailbox = asMailboxId(1)
        await other.commit([{ op: 'expunge', mailbox, uids: [1], onlyDeleted: false }])
      }
      return account.commit(operations)
    },
  }))
  await withClient(store, async ({ command }) => {
    assert.deepEqual((await command('FETCH 1:2 (UID BODY[TEXT]<0.1>)')).untagged, [
      '* 1 FETCH (UID 1 BODY[TEXT]<0> {1}\r\na)',
      '* 2 FETCH (UID 2 BODY[TEXT]<0> {1}\r\na FLAGS (\\Seen))',
    ])
    assert.deepEqual((await command('NOOP')).untagged, ['* 1 EXPUNGE'])
  })
  await other.close()
})

test('fields that clients list mailboxes by are told without reading messages, or by reading where they are not kept', async () => {
  const memory = memoryStore()
  await fill(memory, [nested, noBody])
  const unread = storeWith(memory, () => ({ readBlob: () => assert.fail('a message was read') }))
  const notKept = storeWith(memory, (account) => ({
    readComputed: (kind, messages) =>
      kind === 'headerLines'
        ? { bytes: Buffer.alloc(0), offsets: new Uint32Array(messages.length + 1) }
        : account.readComputed(kind, messages),
  }))
  for (const store of [unread, notKept]) {
    await withClient(store, async ({ command }) => {
      const selected = 'From: ann@example.org\r\nSubject: =?utf-8?q?outer?=\r\nsubject: again\r\n\r\n'
      assert.deepEqual((await command('FETCH 1:2 (BODY.PEEK[HEADER.FIELDS (subject FROM cc)])')).untagged, [
        `* 1 FETCH (BODY[HEADER.FIELDS (subject FROM cc)] ${literal(selected)})`,
        `* 2 FETCH (BODY[HEADER.FIELDS (subject FROM cc)] ${literal('Subject: alone\r\n\r\n')})`,
      ])
      assert.deepEqual((await command('FETCH 1 (BODY.PEEK[HEADER.FIELDS (From)]<6.3>)')).untagged, [
        '* 1 FETCH (BODY[HEADER.FIELDS (From)]<6> {3}\r\nann)',
      ])
    })
  }
})

test('an encoding that nobody knows fails the command, and only that message', async () => {
  const store = memoryStore()
  await fill(store, [nested, simple])
  await withClient(store, async ({ command }) => {
    assert.deepEqual(await command('FETCH 1 BINARY.PEEK[4]'), { untagged: [], outcome: 'NO [UNKNOWN-CTE]' })
    assert.deepEqual(await command('FETCH 1 BINARY.SIZE[4]'), { untagged: [], outcome: 'NO [UNKNOWN-CTE]' })
    assert.deepEqual(await command('FETCH 2 (BINARY.PEEK[1])'), {
      untagged: ['* 2 FETCH (BINARY[1] {5}\r\nhello)'],
      outcome: 'OK',
    })
    // The message is \Seen all the same, and that has to be told.
    assert.deepEqual(await command('FETCH 1 (BINARY[4])'), {
      untagged: ['* 1 FETCH (FLAGS (\\Seen))'],
      outcome: 'NO [UNKNOWN-CTE]',
    })
    await command('STORE 1 -FLAGS.SILENT (\\Seen)')
    assert.deepEqual((await command('UID FETCH 1 (FLAGS BINARY[4])')).untagged, ['* 1 FETCH (UID 1 FLAGS (\\Seen))'])
  })
})

/** A store that cannot read the octets of message 2 from `offset` on, nor what was computed of it. */
function damaged(store: Store, offset: number): Store {
  const failure = (): never => {
    throw new StoreFailure('damaged', 'checksum')
  }
  return storeWith(store, (account: AccountStore) => ({
    readBlob: (message, at, into) => (message === 2 && at >= offset ? failure() : account.readBlob(message, at, into)),
    readComputed: (kind, messages) =>
      Array.from(messages).includes(2) ? failure() : account.readComputed(kind, messages),
  }))
}

test('a damaged message is passed over, and the answer says so', async () => {
  const store = memoryStore()
  await fill(store, [simple, simple, simple], ['\\Seen'])
  await withClient(damaged(store, 0), async ({ command }) => {
    for (const item of ['BODY[TEXT]<0.2>', 'BODY[]<0.3>', 'BINARY[1]', 'ENVELOPE', 'PREVIEW', '(UID BODY[1])']) {
      const { untagged, outcome } = await command(`FETCH 1:3 ${item}`)
      assert.equal(outcome, 'NO [CORRUPTION]', item)
      assert.deepEqual(
        untagged.map((response) => response.slice(0, 9)),
        ['* 1 FETCH', '* 3 FETCH'],
        item,
      )
    }
    assert.equal((await command('FETCH 1:3 (FLAGS RFC822.SIZE)')).untagged.length, 3)
  })
})

test('a full disk keeps nobody from reading', async () => {
  const memory = memoryStore()
  await fill(memory, [simple])
  const store = storeWith(memory, (account) => ({
    commit: (operations) =>
      operations[0]?.op === 'store'
        ? Promise.reject(new StoreFailure('disk-full', 'full'))
        : account.commit(operations),
  }))
  await withClient(store, async ({ command }) => {
    assert.deepEqual(await command('FETCH 1 (BODY[TEXT]<0.1> FLAGS)'), {
      untagged: ['* 1 FETCH (BODY[TEXT]<0> {1}\r\na FLAGS ())'],
      outcome: 'OK',
    })
  })
})

/** Around every size at which a literal is handled in another way. */
const sizes = [textOctets, textOctets + 1, pieceOctets, pieceOctets + 1, 2 * pieceOctets, 3 * pieceOctets + 7]

test('long sections are sent whole and in pieces', async () => {
  const bodies = sizes.map((size) => Buffer.alloc(size, '0123456789abcde\n').toString('latin1'))
  const encoded = bodies.map((body) => Buffer.from(body, 'latin1').toString('base64').replace(/.{76}/g, '$&\r\n'))
  const store = memoryStore()
  await fill(
    store,
    [
      ...bodies.map((body) => '\r\n' + body),
      ...encoded.map((body) => 'Content-Transfer-Encoding: base64\r\n\r\n' + body),
    ],
    ['\\Seen'],
  )
  await withClient(store, async ({ command }) => {
    for (const [n, body] of bodies.entries()) {
      const plain = n + 1
      const coded = n + 1 + bodies.length
      const table: readonly (readonly [seqNum: number, item: string, answer: string])[] = [
        [plain, 'BODY[TEXT]', `BODY[TEXT] ${literal(body)}`],
        [plain, 'BODY[1]<5.1000000>', `BODY[1]<5> ${literal(body.slice(5))}`],
        [plain, '(BINARY[1] UID)', `BINARY[1] ${literal(body)} UID ${plain}`],
        [coded, 'BINARY[1]', `BINARY[1] ${literal(body)}`],
        [coded, 'BINARY[1]<70.20000>', `BINARY[1]<70> ${literal(body.slice(70, 20_070))}`],
        [coded, 'BINARY[1]<1000000.1>', 'BINARY[1]<1000000> {0}\r\n'],
        [coded, 'BINARY.SIZE[1]', `BINARY.SIZE[1] ${body.length}`],
      ]
      for (const [seqNum, item, answer] of table) {
        const { untagged, outcome } = await command(`FETCH ${seqNum} ${item}`)
        assert.equal(outcome, 'OK')
        assert.ok(untagged[0] === `* ${seqNum} FETCH (${answer})`, `${item} of ${body.length} octets`)
      }
    }
  })
})

test('many long sections of one message are not held together', async () => {
  const body = 'x'.repeat(pieceOctets)
  const store = memoryStore()
  await fill(store, ['\r\n' + body], ['\\Seen'])
  const wanted = Array.from({ length: 20 }, (_, n) => n)
  await withClient(store, async ({ command }) => {
    const { untagged } = await command(`FETCH 1 (${wanted.map((n) => `BODY[TEXT]<${n}.${pieceOctets}>`).join(' ')})`)
    const parts = wanted.map((n) => `BODY[TEXT]<${n}> ${literal(body.slice(n))}`)
    assert.ok(untagged[0] === `* 1 FETCH (${parts.join(' ')})`)
  })
})

test('a long literal that breaks off ends the connection', async () => {
  const store = memoryStore()
  await fill(store, [simple, '\r\n' + 'x'.repeat(4 * pieceOctets), simple], ['\\Seen'])
  await withClient(damaged(store, 2 * pieceOctets), async ({ command }) => {
    assert.equal((await command('FETCH 1:3 BODY[]')).outcome, 'closed')
  })
})
