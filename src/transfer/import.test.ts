import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { memoryStore } from '../store/memory/memory-store.ts'
import type { MemoryStoreOptions } from '../store/memory/memory-store.ts'
import type { AccountStore } from '../store/store.ts'
import { storedOctets } from './duplicates.ts'
import { importMail, targetName } from './import-mail.ts'
import type { ImportOptions, ImportReport } from './import-mail.ts'
import { openSource } from './open-source.ts'
import type { OpenOptions } from './open-source.ts'

/** Files by path, as latin1 text; a path that ends in `/` is an empty folder. */
type Tree = Readonly<Record<string, string>>

interface Scene {
  readonly folder: string
  readonly account: AccountStore
  readonly run: (options?: OpenOptions & ImportOptions, below?: string) => Promise<ImportReport>
  /** Mailboxes with their messages: UID, flags, date, and the text. */
  readonly mail: () => Promise<Record<string, readonly string[]>>
}

async function withFiles(
  tree: Tree,
  use: (scene: Scene) => Promise<void>,
  storeOptions?: MemoryStoreOptions,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'crispin-import-'))
  const store = memoryStore(storeOptions)
  const account = await store.openAccount('a')
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(path.endsWith('/') ? join(folder, path) : dirname(join(folder, path)), { recursive: true })
    if (!path.endsWith('/')) writeFileSync(join(folder, path), text, 'latin1')
  }
  try {
    await use({
      folder,
      account,
      run: async (options, below = '') => importMail(await openSource(join(folder, below), options), account, options),
      mail: () => mailOf(account),
    })
  } finally {
    await account.close()
    await store.close()
    rmSync(folder, { recursive: true })
  }
}

async function mailOf(account: AccountStore): Promise<Record<string, readonly string[]>> {
  const all: Record<string, string[]> = {}
  for (const { id, name } of (await account.tree()).byName.values()) {
    const { uids, messages, sizes, flags, flagSets, internalDates } = await account.snapshot(id)
    const lines = (all[name] = [] as string[])
    for (const [row, uid] of uids.entries()) {
      let text = ''
      for await (const piece of storedOctets(account, messages[row]!, sizes[row]!)) text += piece.toString('latin1')
      lines.push(`${uid} (${flagSets[flags.at(row)]?.text}) ${internalDates[row]} ${text}`)
    }
  }
  return all
}

const when = 1_200_000_000

test('a Maildir++ as Dovecot keeps it', async () => {
  const tree = {
    'cur/1000000002.M2.host,S=5,W=6:2,FRSab': 'b: 2\n',
    'cur/1000000001.M1.host:2,DPT': 'a: 1\r\n\r\nx',
    'new/1000000003.M3.host': 'c: 3\n',
    'tmp/1000000004.M4.host': 'unfinished',
    'dovecot-uidlist': '3 V1275660208 N30 G0123\n7 :1000000001.M1.host:2,\n25 W6 :1000000002.M2.host,S=5,W=6\n',
    'dovecot-keywords': '0 $Junk\n1 odd(name)\n',
    '.Work.Sub/cur/': '',
    '.Work.Sub/new/1000000005.M5.host': 'd: 5\n',
    '.Work.Sub/courierimapuiddb': '1 42 12\n11 1000000005.M5.host\n',
    '.Entw&APw-rfe/cur/': '',
    '.dots&AC4-in it/cur/': '',
    '.not a maildir/x': '',
  }
  await withFiles(tree, async ({ folder, account, run, mail }) => {
    for (const path of Object.keys(tree)) if (path.includes('.host')) utimesSync(join(folder, path), when, when)
    const report = await run()
    assert.deepEqual(report, {
      mailboxes: 4,
      messages: 4,
      octets: 27,
      duplicates: 0,
      renumbered: 0,
      newUidValidities: 1,
      problems: [],
      problemCount: 0,
      interrupted: false,
    })
    assert.deepEqual(await mail(), {
      INBOX: [
        `7 (\\Deleted \\Draft $Forwarded) ${when} a: 1\r\n\r\nx`,
        `25 (\\Answered \\Flagged \\Seen $Junk odd_name_) ${when} b: 2\r\n`,
        `26 () ${when} c: 3\r\n`,
      ],
      Entwürfe: [],
      Work: [],
      'Work/Sub': [`11 () ${when} d: 5\r\n`],
      'dots.in it': [],
    })
    assert.equal((await account.tree()).byName.get('Work/Sub')?.uidValidity, 42)
  })
})

const from = 'From alice@example.org Thu Nov 24 18:22:48 1986\n'
const time = Date.UTC(1986, 10, 24, 18, 22, 48) / 1000

/** What an mbox file holds, how it is to be read, and its messages. */
const mboxes: readonly (readonly [name: string, file: string, options: OpenOptions, messages: readonly string[]])[] = [
  [
    'two messages, flags and UIDs; the fields stay',
    `${from}X-IMAPbase: 99 20 $Junk\nX-UID: 9\nStatus: RO\nX-Status: AF\nX-Keywords: $Junk \n\none\n\n${from}a: 2\n\ntwo\n`,
    {},
    [
      `9 (\\Answered \\Flagged \\Seen $Junk) ${time} X-IMAPbase: 99 20 $Junk\r\nX-UID: 9\r\nStatus: RO\r\nX-Status: AF\r\nX-Keywords: $Junk \r\n\r\none\r\n`,
      `10 () ${time} a: 2\r\n\r\ntwo\r\n`,
    ],
  ],
  [
    'CRLF, and no empty line at the end',
    `${from}a: 1\n\none\n\n${from}a: 2\n\ntwo`.replaceAll('\n', '\r\n'),
    {},
    [`1 () ${time} a: 1\r\n\r\none\r\n`, `2 () ${time} a: 2\r\n\r\ntwo`],
  ],
  [
    'From in the text that starts no message',
    `${from}a: 1\n\nFrom here on\n\nFrom there, too\n${from}x\n\n${from}a: 2\n\n\n`,
    {},
    [
      `1 () ${time} a: 1\r\n\r\nFrom here on\r\n\r\nFrom there, too\r\n${from.trim()}\r\nx\r\n`,
      `2 () ${time} a: 2\r\n\r\n`,
    ],
  ],
  [
    'mboxrd takes one > of any number',
    `${from}a: 1\n\n>From x\n>>From y\n`,
    {},
    [`1 () ${time} a: 1\r\n\r\nFrom x\r\n>From y\r\n`],
  ],
  [
    'mboxo takes the one it has put there',
    `${from}a: 1\n\n>From x\n>>From y\n`,
    { mboxKind: 'mboxo' },
    [`1 () ${time} a: 1\r\n\r\nFrom x\r\n>>From y\r\n`],
  ],
  [
    'mboxcl2 counts and takes none',
    `${from}Content-Length: ${from.length + 9}\n\n>From x\n\n${from}\n${from}a: 2\n\nx\n`,
    {},
    [
      `1 () ${time} Content-Length: ${from.length + 9}\r\n\r\n>From x\r\n\r\n${from.trim()}\r\n`,
      `2 () ${time} a: 2\r\n\r\nx\r\n`,
    ],
  ],
  [
    'mboxcl counts and takes the >',
    `${from}Content-Length: 8\n\n>From x\n\n`,
    {},
    [`1 () ${time} Content-Length: 8\r\n\r\nFrom x\r\n`],
  ],
  [
    'a count that is wrong does not count',
    `${from}Content-Length: 3\n\n12345\n\n${from}Content-Length: 9999999999\n\nx\n`,
    { mboxKind: 'mboxcl2' },
    [`1 () ${time} Content-Length: 3\r\n\r\n12345\r\n`, `2 () ${time} Content-Length: 9999999999\r\n\r\nx\r\n`],
  ],
  [
    'the pseudo message is left out; Mozilla has its own flags and From line',
    `From MAILER-DAEMON Thu Nov 24 18:22:48 1986\nX-IMAP: 77 5\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n\nx\n\n` +
      `From - Thu Nov 24 18:22:48 1986\nX-Mozilla-Status: 0003\n\nx\n\n`,
    {},
    [`1 (\\Answered \\Seen) ${time} X-Mozilla-Status: 0003\r\n\r\nx\r\n`],
  ],
]

for (const [name, file, options, messages] of mboxes) {
  test(`mbox: ${name}`, () =>
    withFiles({ mbox: file }, async ({ run, mail }) => {
      const report = await run(options, 'mbox')
      assert.deepEqual(report.problems, [])
      assert.deepEqual(await mail(), { INBOX: messages })
    }))
}

test('folders of mbox files as Thunderbird and Apple Mail have them', () =>
  withFiles(
    {
      Work: `${from}a: 1\n\n`,
      'Work.msf': 'an index',
      'Work.sbd/Sub': `${from}a: 2\n\n`,
      'Lists.mbox/mbox': `${from}a: 3\n\n`,
      Inbox: `${from}a: 4\n\n`,
    },
    async ({ run, mail }) => {
      await run()
      assert.deepEqual(await mail(), {
        INBOX: [`1 () ${time} a: 4\r\n`],
        Lists: [`1 () ${time} a: 3\r\n`],
        Work: [`1 () ${time} a: 1\r\n`],
        'Work/Sub': [`1 () ${time} a: 2\r\n`],
      })
    },
  ))

test('folders of .eml files: the date is that of delivery, of sending, or of the file', () =>
  withFiles(
    {
      'a.eml': 'Received: x;\r\n Thu, 24 Nov 1986 18:22:48 +0000\nDate: Thu, 1 Jan 1970 00:00:01 +0000\n\n',
      'Work/b.EML': 'Date: Thu, 1 Jan 1970 00:00:01 +0000\r\n\r\n',
      'Work/Sub/c.eml': '\n',
      'Work/notes.txt': 'no mail',
    },
    async ({ folder, run, mail }) => {
      utimesSync(join(folder, 'Work/Sub/c.eml'), when, when)
      await run({ under: 'Old' })
      assert.deepEqual(await mail(), {
        INBOX: [],
        Old: [],
        'Old/INBOX': [
          `1 () ${time} Received: x;\r\n Thu, 24 Nov 1986 18:22:48 +0000\r\nDate: Thu, 1 Jan 1970 00:00:01 +0000\r\n\r\n`,
        ],
        'Old/Work': ['1 () 1 Date: Thu, 1 Jan 1970 00:00:01 +0000\r\n\r\n'],
        'Old/Work/Sub': [`1 () ${when} \r\n`],
      })
    },
  ))

test('an import that was cut short goes on where it was, and twice the same stays twice', async () => {
  const tree: Record<string, string> = { 'cur/': '' }
  for (let at = 0; at < 20; at++) tree[`new/${1000 + at}.host`] = at % 5 === 0 ? 'same\n' : `n: ${at}\n`
  await withFiles(tree, async ({ folder, run, mail }) => {
    for (const path of Object.keys(tree)) if (path.startsWith('new/')) utimesSync(join(folder, path), when, when)
    const stop = new AbortController()
    const seen: (readonly [number, number | undefined])[] = []
    const first = await run({
      signal: stop.signal,
      onProgress({ messages, totalMessages }) {
        seen.push([messages, totalMessages])
        if (messages === 7) stop.abort()
      },
    })
    assert.deepEqual([first.messages, first.interrupted, seen.at(-1)], [7, true, [7, 20]])
    const second = await run()
    assert.deepEqual([second.messages, second.duplicates, second.interrupted], [13, 7, false])
    const third = await run({ dryRun: true })
    assert.deepEqual([third.messages, third.duplicates], [0, 20])
    const { INBOX = [] } = await mail()
    assert.equal(INBOX.length, 20)
    assert.equal(INBOX.filter((line) => line.endsWith('same\r\n')).length, 4)
  })
})

test('what cannot be read or taken is reported and passed over', () =>
  withFiles(
    { 'cur/1.host': 'a: 1\n', 'cur/2.host': 'x'.repeat(5000), 'cur/4.host': 'a: 4\n', 'outside/5.host': 'secret\n' },
    async ({ folder, run, mail }) => {
      symlinkSync(join(folder, 'outside/5.host'), join(folder, 'cur/3.host'))
      symlinkSync(folder, join(folder, '.Loop'))
      mkdirSync(join(folder, 'cur/5.host'))
      chmodSync(join(folder, 'cur/4.host'), 0)
      const report = await run()
      const { INBOX = [] } = await mail()
      const isRoot = process.getuid?.() === 0
      assert.equal(INBOX.length, isRoot ? 2 : 1)
      assert.deepEqual(
        report.problems.map(({ where }) => where.slice(where.lastIndexOf('/') + 1)).sort(),
        [...(isRoot ? [] : ['4.host']), '.Loop', '2.host', '3.host', '5.host'].sort(),
      )
    },
    { limits: { maxMessageBytes: 1000 } },
  ))

test('nothing to import is one clear sentence', () =>
  withFiles({ 'a/readme.txt': 'hello' }, async ({ folder }) => {
    await assert.rejects(openSource(folder), /has no mail that could be found/)
    await assert.rejects(openSource(join(folder, 'nowhere')), /no such file or folder/)
    await assert.rejects(openSource(join(folder, 'a/readme.txt'), { format: 'maildir' }), /a Maildir is a folder/)
  }))

test('names of mailboxes that the store can have', () => {
  const names: readonly (readonly [source: string, target: string])[] = [
    ['inbox', 'INBOX'],
    ['', 'INBOX'],
    ['a//b/', 'a/b'],
    ['a\0b\n', 'a_b_'],
    ['ä'.repeat(200), 'ä'.repeat(127)],
    ['e\u0301', 'é'],
  ]
  for (const [source, target] of names) assert.equal(targetName(source), target)
})

test('no file of nonsense stops an import or brings it out of step', async () => {
  const pieces = fc.constantFrom(
    '\n',
    '\n\n',
    '\r\n',
    '\r',
    ':',
    '>',
    'From ',
    from,
    'a: b\n',
    '\0\xff',
    'x'.repeat(2000),
    'Content-Length: 5\n',
    'Content-Length: -1\n',
    'X-UID: 4294967295\n',
    'X-IMAPbase: 0 0\n',
    'X-IMAP: 9 9\n',
    'X-Crispin-Export: lines=1 length=9 line-ends=lf quoting=rd date=5\n',
    'X-Crispin-Export: lines=0 length=0 line-ends=exact quoting=none date=99999999999999\n',
  )
  const nonsense = fc.array(pieces, { maxLength: 25 }).map((parts) => parts.join(''))
  const json = fc.oneof(nonsense, fc.json())
  await fc.assert(
    fc.asyncProperty(
      nonsense,
      nonsense,
      json,
      fc.constantFrom(undefined, 'mboxo', 'mboxcl'),
      async (one, two, three, kind) => {
        const tree = {
          'mbox/a': from + one,
          'mbox/crispin-export.json': three,
          'maildir/cur/1.x:2,Sab': one,
          'maildir/dovecot-uidlist': `3 V4294967295 N1\n${two}`,
          'maildir/dovecot-keywords': two,
          'maildir/crispin-keywords': two,
          'eml/1.eml': one,
          'eml/crispin-messages.jsonl': `${three}\n{"file":"1.eml","uid":4294967295,"date":-5,"flags":[5,"\\\\Seen"]}`,
        }
        await withFiles(tree, async ({ run, account }) => {
          for (const below of ['mbox', 'maildir', 'eml']) {
            const options = kind === undefined ? { under: below } : { under: below, mboxKind: kind }
            const report = await run(options, below)
            assert.deepEqual(report.problems, [])
            assert.ok(report.messages > 0 || below === 'mbox')
            const again = await run(options, below)
            assert.deepEqual([again.messages, again.duplicates], [0, report.messages])
          }
          assert.ok((await account.tree()).byName.size <= 8)
        })
      },
    ),
    { numRuns: 40 },
  )
})
