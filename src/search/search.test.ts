import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../model/refusal.ts'
import { StoreFailure, type TextFindings } from '../store/store.ts'
import { mailboxOf, searchFor, type TestMail, withMethods, withReadBlob } from './mailbox.test-support.ts'
import { maxNeedleCharacters } from './needle.ts'

const day = 86_400
const base64 = (text: string | Buffer): string =>
  Buffer.from(text)
    .toString('base64')
    .replace(/.{76}(?=.)/g, '$&\n')

const mails: readonly TestMail[] = [
  { octets: 'Subject: Hello World\nFrom: Ann <ann@example.org>\nDate: 1 Feb 1994 23:30:00 -0800\n\nfirst text\n' },
  {
    octets: 'Subject: Re: hello\nTo: "Bob B." <bob@example.net>\nDate: 2 Feb 1994 00:00:00 +0000\n\nsecond  text\n',
    flags: ['\\Seen', '\\Flagged', '$Junk'],
    internalDate: 10 * day,
  },
  {
    octets: 'Cc: carol@example.org\nBcc: dave@example.org\nX-Empty:\n\nthird\n' + 'x'.repeat(1000),
    flags: ['\\Answered', 'Work'],
    internalDate: 11 * day - 1,
  },
  { octets: 'Date: never\n\n', flags: ['\\Deleted', '\\Draft'], internalDate: 1_000_000_000 - 3600 },
]

/** Keys and the messages of `mails` that they match. */
const keys: readonly (readonly [key: string, matches: readonly number[]])[] = [
  ['ALL', [1, 2, 3, 4]],
  ['SAVEDATESUPPORTED', [1, 2, 3, 4]],
  ['SEEN', [2]],
  ['UNSEEN', [1, 3, 4]],
  ['FLAGGED', [2]],
  ['UNFLAGGED', [1, 3, 4]],
  ['ANSWERED', [3]],
  ['UNANSWERED', [1, 2, 4]],
  ['DELETED', [4]],
  ['UNDELETED', [1, 2, 3]],
  ['DRAFT', [4]],
  ['UNDRAFT', [1, 2, 3]],
  ['KEYWORD $junk', [2]],
  ['UNKEYWORD $JUNK', [1, 3, 4]],
  ['KEYWORD WORK', [3]],
  ['KEYWORD Seen', []],
  ['UNKEYWORD Nowhere', [1, 2, 3, 4]],
  ['RECENT', []],
  ['NEW', []],
  ['OLD', [1, 2, 3, 4]],
  ['1', [1]],
  ['2:3', [2, 3]],
  ['3:2,1', [1, 2, 3]],
  ['*', [4]],
  ['3:*', [3, 4]],
  ['9:*', [4]],
  ['9', []],
  ['9:12', []],
  ['UID 2:3', [2, 3]],
  ['UID 9:*', [4]],
  ['UID 9', []],
  ['$', []],
  ['NOT $', [1, 2, 3, 4]],
  ['BEFORE 11-Jan-1970', [1]],
  ['ON 11-Jan-1970', [2, 3]],
  ['SINCE 12-Jan-1970', [4]],
  ['SAVEDON 9-Sep-2001', [1, 2, 3, 4]],
  ['SAVEDBEFORE 9-Sep-2001', []],
  ['SAVEDSINCE 9-Sep-2001', [1, 2, 3, 4]],
  ['LARGER 1000', [3]],
  ['SMALLER 20', [4]],
  ['SMALLER 15', []],
  ['SMALLER 16', [4]],
  ['LARGER 15', [1, 2, 3]],
  ['YOUNGER 3600', [4]],
  ['YOUNGER 3599', []],
  ['OLDER 3600', [1, 2, 3, 4]],
  ['OLDER 3601', [1, 2, 3]],
  ['MODSEQ 1', [1, 2, 3, 4]],
  ['MODSEQ "/flags/\\\\draft" all 999', []],
  ['EMAILID M1', [1]],
  ['EMAILID m1', []],
  ['EMAILID T1', []],
  ['EMAILID M01', []],
  ['THREADID T2', [2]],
  // RFC 9051 §6.4.4: dates of sending are those written, whatever the zone; without one nothing matches.
  ['SENTON 1-Feb-1994', [1]],
  ['SENTBEFORE 2-Feb-1994', [1]],
  ['SENTSINCE 2-Feb-1994', [2]],
  ['SENTSINCE 1-Jan-1970', [1, 2]],
  ['NOT SENTSINCE 1-Jan-1970', [3, 4]],
  ['SENTON 1-Feb-1994 SEEN', []],
  ['OR SENTON 1-Feb-1994 DELETED', [1, 4]],
  ['SUBJECT hello', [1, 2]],
  ['SUBJECT "hello w"', [1]],
  ['SUBJECT "Hello  World"', []],
  ['SUBJECT ""', [1, 2]],
  ['FROM ann@', [1]],
  ['FROM ANN', [1]],
  ['TO "bob b."', [2]],
  ['CC carol', [3]],
  ['BCC DAVE', [3]],
  ['HEADER subject hello', [1, 2]],
  ['HEADER X-Empty ""', [3]],
  ['HEADER X-Empty x', []],
  ['HEADER X-Nothing ""', []],
  ['NOT HEADER X-Empty ""', [1, 2, 4]],
  ['BODY text', [1, 2]],
  ['BODY "second  text"', [2]],
  ['BODY "second text"', []],
  ['BODY hello', []],
  ['BODY ""', [1, 2, 3, 4]],
  ['TEXT ""', [1, 2, 3, 4]],
  ['TEXT hello', [1, 2]],
  ['TEXT THIRD', [3]],
  ['TEXT carol', [3]],
  ['TEXT x-empty', [3]],
  ['BODY xxxxxxxxxx UNSEEN', [3]],
  ['OR SUBJECT hello BODY third', [1, 2, 3]],
  ['OR (SEEN BODY second) (BODY first FROM ann)', [1, 2]],
  ['NOT BODY text', [3, 4]],
  ['NOT (OR BODY text SUBJECT nothing)', [3, 4]],
  ['NOT NOT NOT BODY text', [3, 4]],
  ['(BODY text) (1:2) (NOT (SUBJECT World))', [2]],
  ['OR OR 1 2 OR 3 4', [1, 2, 3, 4]],
]

test('every key', async () => {
  const context = await mailboxOf(mails)
  for (const [key, matches] of keys) {
    assert.deepEqual(await searchFor(context, key), matches, key)
    assert.deepEqual(
      await searchFor(context, `NOT (${key})`),
      [1, 2, 3, 4].filter((n) => !matches.includes(n)),
      `NOT ${key}`,
    )
  }
})

test('an empty mailbox', async () => {
  const context = await mailboxOf([])
  for (const [key] of keys) assert.deepEqual(await searchFor(context, key), [], key)
})

test('numbers are those of the view, and what is gone does not match', async () => {
  const context = await mailboxOf(mails)
  const { uids, mailbox } = context.snapshot
  await context.account.commit([{ op: 'expunge', mailbox, uids: [2], onlyDeleted: false }])
  const snapshot = await context.account.snapshot(mailbox)
  const held = { ...context, snapshot, viewUids: uids, saved: Uint32Array.of(1, 2, 4) }
  const uidsFor = async (key: string): Promise<number[]> =>
    (await searchFor(held, key)).map((row) => snapshot.uids[row - 1] ?? 0)
  assert.deepEqual(await uidsFor('2'), [])
  assert.deepEqual(await uidsFor('2:3'), [3])
  assert.deepEqual(await uidsFor('4'), [4])
  assert.deepEqual(await uidsFor('*'), [4])
  assert.deepEqual(await uidsFor('$'), [1, 4])
  assert.deepEqual(await uidsFor('UID $'), [1, 4])
  assert.deepEqual(await uidsFor('NOT 1'), [3, 4])
})

test('RECENT, NEW and OLD by whom it is asked', async () => {
  const context = { ...(await mailboxOf(mails)), isRecent: (uid: number): boolean => uid <= 2 }
  assert.deepEqual(await searchFor(context, 'RECENT'), [1, 2])
  assert.deepEqual(await searchFor(context, 'NEW'), [1])
  assert.deepEqual(await searchFor(context, 'OLD'), [3, 4])
})

/** Subjects and texts to find in them: as they are in the header, or decoded. */
const folding: readonly (readonly [octets: string | Buffer, needle: string, found: boolean])[] = [
  ['=?utf-8?Q?Stra=C3=9Fe?=', 'straße', true],
  ['=?utf-8?Q?Stra=C3=9Fe?=', 'STRASSE', false], // RFC 5051 §2: one titlecase character, never two
  ['=?utf-8?B?xLBzdGFuYnVs?=', 'i\u0307stanbul', true], // İ decomposes to I and a dot
  ['=?utf-8?B?xLBzdGFuYnVs?=', 'istanbul', false],
  ['=?iso-8859-9?Q?=FD=FElak?=', 'ışlak', true],
  ['=?iso-8859-9?Q?=FD=FElak?=', 'ışlAK', true],
  ['=?utf-8?B?zqPOr8+Dz4XPhs6/z4I=?=', 'σίσυφος', true],
  ['=?utf-8?B?zqPOr8+Dz4XPhs6/z4I=?=', 'ΣΊΣΥΦΟΣ', true],
  ['=?utf-8?Q?caf=C3=A9?=', 'cafe\u0301', true],
  ['=?utf-8?Q?caf=C3=A9?=', 'CAFÉ', true],
  ['=?utf-8?Q?caf=C3=A9?=', 'cafe', true], // a part of the decomposed text
  ['=?utf-8?Q?=EF=AC=81le?=', 'ﬁLE', true],
  ['=?utf-8?Q?=EF=AC=81le?=', 'FILE', false], // the ligature has no titlecase, and its parts are small letters
  // RFC 2047 §6.2: blanks between two encoded words do not count, also where they cut a character.
  ['=?utf-8?Q?Hel?= =?utf-8?Q?lo=20W?=\n =?utf-8?Q?orld?=', 'hello world', true],
  ['=?utf-8?B?0L7RgtC/0YM=?= =?utf-8?B?0YHQug==?=', 'ОТПУСК', true],
  ['=?utf-8?B?0L7Rgg==?= =?utf-8?B?0L/RgdGD0L==?= x', 'от', true],
  ['=?utf-8?Q?a=C3?= =?utf-8?Q?=A9b?=', 'aéb', true],
  ['=?utf-8?Q?raw?=', '=?utf-8', false],
  ['over\n two lines', 'over two', true],
  ['grüß dich', 'GRÜß', true],
  [Buffer.from('gr\xfcn', 'latin1'), 'GRÜN', true],
  ['  spaces around  ', 'spaces around', true],
  ['日本語の件名', '語の', true],
]

test('header texts are decoded and folded', async () => {
  for (const [subject, needle, found] of folding) {
    const octets = Buffer.concat([
      Buffer.from('Subject: '),
      typeof subject === 'string' ? Buffer.from(subject.replaceAll('\n', '\r\n')) : subject,
      Buffer.from('\r\n\r\n'),
    ])
    const context = await mailboxOf([{ octets }])
    for (const key of [`SUBJECT "${needle}"`, `HEADER subject "${needle}"`, `TEXT "${needle}"`]) {
      assert.deepEqual(await searchFor(context, key), found ? [1] : [], `${key} in ${String(subject)}`)
    }
  }
})

const multipart = [
  'Subject: outer',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  'preamble',
  '--b',
  'Content-Type: text/plain; charset=iso-8859-1',
  'Content-Transfer-Encoding: quoted-printable',
  'Content-Description: note',
  '',
  'gr=FCn und bl=',
  'au',
  '--b',
  'Content-Type: application/octet-stream; name=report.pdf',
  '',
  'attached',
  '--b',
  'Content-Type: message/rfc822',
  '',
  'Subject: inner',
  'Content-Type: text/html; charset=utf-8',
  'Content-Transfer-Encoding: base64',
  '',
  base64('<p>naïve</p>'),
  '--b--',
  'epilogue',
  '',
].join('\n')

test('parts of a message', async () => {
  const context = await mailboxOf([multipart])
  const found: readonly (readonly [needle: string, inBody: boolean, inText: boolean])[] = [
    ['GRÜN und BLAU', true, true],
    ['naïve', true, true],
    ['<P>', true, true],
    ['bmFp', false, false],
    ['attached', false, false],
    ['preamble', false, false],
    ['outer', false, true],
    ['inner', false, true],
    ['report.pdf', false, true],
    ['note', false, true],
    ['content-description: note', false, true],
    ['blau<p>', false, false],
  ]
  for (const [needle, inBody, inText] of found) {
    assert.deepEqual(await searchFor(context, `BODY "${needle}"`), inBody ? [1] : [], `BODY ${needle}`)
    assert.deepEqual(await searchFor(context, `TEXT "${needle}"`), inText ? [1] : [], `TEXT ${needle}`)
  }
  assert.deepEqual(await searchFor(context, 'SUBJECT inner'), [])
})

test('a text that lies across the pieces in which a message is read', async () => {
  // Pieces end at multiples of 64 KiB of base64; windows of the reader at 256 KiB.
  for (const octetsBefore of [48 * 1024 - 5, 49_144, 49_152 - 12, 250_000, 196_600]) {
    const body = '.'.repeat(octetsBefore - 20) + ' die Nädel im Heuhaufen ' + 'z'.repeat(100_000)
    const context = await mailboxOf([
      `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${base64(body)}\n`,
      `Content-Type: text/plain; charset=utf-8\n\n${body}\n`,
      `Content-Type: text/plain; charset=utf-16be\nContent-Transfer-Encoding: base64\n\n${base64(
        Buffer.from(body, 'utf16le').swap16(),
      )}\n`,
    ])
    assert.deepEqual(await searchFor(context, 'BODY "NÄDEL IM HEUHAUFEN"'), [1, 2, 3])
    assert.deepEqual(await searchFor(context, 'BODY " nädel im heuhaufen z"'), [1, 2, 3])
    assert.deepEqual(await searchFor(context, 'BODY "Nadel im Heuhaufen"'), [])
  }
})

test('characters that lie across pieces, where no charset is named', async () => {
  for (const shift of [0, 1, 2, 3]) {
    const body = 'x'.repeat(shift) + '語é😀'.repeat(30_000) + ' Ende'
    const context = await mailboxOf([`Subject: x\n\n${body}\n`])
    assert.deepEqual(await searchFor(context, 'BODY "語É😀 ende"'), [1])
    assert.deepEqual(await searchFor(context, `BODY "${'語é😀'.repeat(400)}"`), [1])
    assert.deepEqual(await searchFor(context, 'BODY "Ã"'), [], 'nothing was taken for another charset')
  }
})

test('reports are text', async () => {
  const octets =
    'Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n--b--\n'
  assert.deepEqual(await searchFor(await mailboxOf([octets]), 'BODY "action: failed"'), [1])
})

test('long texts', async () => {
  const long = 'ab'.repeat(600) + 'c'
  const context = await mailboxOf([
    `Subject: ${'ab'.repeat(5_000)}c\n\n${'ab'.repeat(50_000)}c\n`,
    'Subject: abc\n\nabc',
  ])
  for (const key of ['BODY', 'SUBJECT', 'TEXT']) {
    assert.deepEqual(await searchFor(context, `${key} ${long}`), [1])
    assert.deepEqual(await searchFor(context, `${key} ${long}c`), [])
  }
})

test('deep and wide searches', async () => {
  const context = await mailboxOf(mails)
  assert.deepEqual(await searchFor(context, 'NOT '.repeat(499) + 'BODY text'), [3, 4])
  assert.deepEqual(await searchFor(context, 'OR BODY nowhere '.repeat(400) + 'BODY text'), [1, 2])
  assert.deepEqual(await searchFor(context, 'UNSEEN '.repeat(4000) + 'ALL'), [1, 3, 4])
  await assert.rejects(
    searchFor(context, `BODY "${'x'.repeat(maxNeedleCharacters + 1)}"`),
    (error) => error instanceof Refusal && error.code === 'LIMIT',
  )
})

test('each message is read once, and only where it matters', async () => {
  const context = await mailboxOf(mails)
  const read: number[] = []
  const { account } = context
  const counted = {
    ...context,
    account: withReadBlob(account, (message, offset, into) => {
      read.push(message)
      return account.readBlob(message, offset, into)
    }),
  }
  const reads = async (key: string): Promise<number[]> => {
    read.length = 0
    await searchFor(counted, key)
    return [...read]
  }
  assert.deepEqual(await reads('OR SEEN NOT SEEN'), [])
  assert.deepEqual(await reads('BODY text SEEN'), [2])
  assert.deepEqual(await reads('OR SEEN BODY first'), [1, 3]) // 4 has no body
  assert.deepEqual(await reads('OR OR FROM ann BODY third OR TEXT x SUBJECT y'), [2, 3, 4])
})

test('what the store knows ahead spares reading', async () => {
  const few = await mailboxOf(Array.from({ length: 40 }, (_, n) => `Subject: x\n\nnumber ${n + 1}\n`))
  const read: number[] = []
  /** That 3 surely holds the text, that 4 may, that nothing is known from 38 on. */
  const findText = (): Promise<TextFindings> =>
    Promise.resolve({ end: 38, surely: Uint32Array.of(0b0_1000, 0), maybe: Uint32Array.of(0b1_1000, 0) })
  const hinted = {
    ...few,
    account: withMethods(few.account, {
      findText,
      readBlob(message, offset, into) {
        read.push(message)
        return few.account.readBlob(message, offset, into)
      },
    }),
  }
  for (const [key, found, wanted] of [
    ['BODY 4', [3, 4, 40], [4, 38, 39, 40]],
    ['NOT BODY 4 UID 1:20', [1, 2, ...Array.from({ length: 16 }, (_, n) => n + 5)], [4]],
    ['HEADER References x', [], [3, 4, 38, 39, 40]],
    ['UID 1:5 BODY number', [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]],
  ] as const) {
    read.length = 0
    assert.deepEqual(await searchFor(hinted, key), found, key)
    assert.deepEqual(read, wanted, key)
  }
})

test('it gives way, and ends when nobody waits any more', async () => {
  const context = await mailboxOf(mails)
  let turns = 0
  const gone = new Error('gone')
  const breathe = (): Promise<void> => (++turns > 3 ? Promise.reject(gone) : Promise.resolve())
  await assert.rejects(searchFor({ ...context, breathe }, 'BODY x'), gone)
  assert.equal(turns, 4)
})

test('a damaged message holds no text; another failure is one', async () => {
  const context = await mailboxOf(mails)
  const { account } = context
  const failing = (reason: 'damaged' | 'io'): typeof context => ({
    ...context,
    account: withReadBlob(account, (message, offset, into) => {
      if (message === 1) throw new StoreFailure(reason, 'no')
      return account.readBlob(message, offset, into)
    }),
  })
  assert.deepEqual(await searchFor(failing('damaged'), 'BODY text'), [2])
  assert.deepEqual(await searchFor(failing('damaged'), 'NOT SUBJECT hello'), [3, 4])
  assert.deepEqual(await searchFor(failing('damaged'), 'NOT HEADER DATE x'), [1, 2, 3, 4])
  await assert.rejects(searchFor(failing('io'), 'BODY text'), StoreFailure)
})
