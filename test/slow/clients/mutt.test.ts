/** mutt and neomutt, driven by their keys on a terminal of their own. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { corpusMessages, noCorpus } from '../corpus.ts'
import { missing, run } from '../programs.ts'
import { RawClient } from '../raw-client.ts'
import { password, startServerProcess, temporaryDirectory } from '../server-process.ts'
import type { ServerProcess } from '../server-process.ts'

const mail = (subject: string): string =>
  `From: Ann <ann@example.org>\r\nTo: Al <al@example.org>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\nSubject: ${subject}\r\n` +
  `Message-ID: <${subject}@example.org>\r\n\r\nThe text of ${subject}\r\n`

/** The programs, with settings to switch on. */
const variants: readonly (readonly [program: string, what: string, settings: readonly string[]])[] = [
  ['mutt', 'as it comes', []],
  ['mutt', 'compressed, with CONDSTORE and QRESYNC', ['imap_deflate', 'imap_condstore', 'imap_qresync']],
  ['neomutt', 'as it comes', []],
  ['neomutt', 'with CONDSTORE and QRESYNC', ['imap_condstore', 'imap_qresync']],
]

/** A home of its own for a user of mutt. */
async function prepare(home: string, server: ServerProcess, settings: readonly string[]): Promise<string> {
  const account = `imaps://alice@localhost:${server.imapsPort}`
  await mkdir(join(home, 'cache'), { recursive: true })
  const file = join(home, 'muttrc')
  const lines = [
    `set imap_user=alice imap_pass="${password}"`,
    `set certificate_file=${server.certFile} ssl_starttls=yes`,
    `set folder=${account}/ spoolfile=${account}/INBOX record="=Sent" postponed="=Drafts"`,
    `set header_cache=${join(home, 'cache')}`,
    'set sleep_time=0 from=al@example.org realname=Al editor=true sendmail=true edit_headers=no',
    'unset confirmappend confirmcreate mark_old wait_key help beep use_ipv6',
    'set delete=yes copy=yes quit=yes abort_unmodified=no abort_nosubject=no include=no fast_reply=yes',
    ...settings.map((setting) => `set ${setting}=yes`),
  ]
  await writeFile(file, lines.join('\n') + '\n')
  return file
}

for (const [program, what, settings] of variants) {
  test(`${program} ${what}`, { skip: missing(program, 'script') }, async (t) => {
    const server = await startServerProcess(t)
    const home = await temporaryDirectory(t)
    const file = await prepare(home, server, settings)
    const client = await RawClient.connect({ host: server.host, port: server.imapPort })
    t.after(() => client.close())
    await client.ok(`LOGIN alice "${password}"`)
    for (const subject of ['one', 'two', 'three', 'four']) await client.append('INBOX', mail(subject))
    for (const name of ['Sent', 'Copies', 'Archive']) await client.ok(`CREATE ${name}`)
    await client.ok('SELECT INBOX')

    /** Presses keys in a mailbox; the program must end by itself. */
    async function press(keys: string, mailbox: string = 'INBOX'): Promise<void> {
      const rc = join(home, 'keys')
      await writeFile(rc, `source ${file}\npush "${keys}<quit>"\n`)
      const { code, stdout } = await run('script', ['-qec', `${program} -n -F ${rc} -f '=${mailbox}'`, '/dev/null'], {
        env: { ...process.env, HOME: home, TERM: 'xterm', LC_ALL: 'C.UTF-8' },
        holdInput: true,
      })
      assert.equal(code, 0, stdout.slice(-3000))
    }
    async function messages(
      mailbox: string,
      items: string = 'FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)]',
    ): Promise<string[]> {
      const examined = await RawClient.connect({ host: server.host, port: server.imapPort })
      await examined.ok(`LOGIN alice "${password}"`)
      await examined.ok(`EXAMINE ${mailbox}`)
      const responses = await examined.ok(`FETCH 1:* (${items})`)
      examined.close()
      return responses.flatMap((response) => {
        const [, subject] = /Subject: (.*)\r\n/.exec(response) ?? []
        const flags = /FLAGS \(([^)]*)\)/
          .exec(response)?.[1]
          ?.split(' ')
          .filter((flag) => flag !== '\\Recent' && flag !== '')
        return subject === undefined ? [] : [[subject, ...(flags ?? [])].join(' ')]
      })
    }

    await t.test('reads all messages', async () => {
      const mbox = join(home, 'read.mbox')
      await press(`<tag-pattern>~A<enter><tag-prefix><copy-message>${mbox}<enter>`)
      const copied = await readFile(mbox, 'latin1')
      for (const subject of ['one', 'two', 'three', 'four']) assert.match(copied, new RegExp(`The text of ${subject}`))
    })

    await t.test('flags, copies tagged ones, deletes, and writes it back', async () => {
      await press(
        '<limit>~s two<enter><flag-message><limit>all<enter>' +
          '<tag-pattern>~s one|~s three<enter><tag-prefix><copy-message>=Copies<enter><untag-pattern>~A<enter>' +
          '<delete-pattern>~s four<enter><sync-mailbox>',
      )
      assert.deepEqual(await messages('Copies'), ['one', 'three'])
      assert.deepEqual(await messages('INBOX'), ['one', 'two \\Flagged', 'three'])
    })

    await t.test('saves to another mailbox, which deletes here', async () => {
      await press('<limit>~s three<enter><save-message>=Archive<enter><limit>all<enter><sync-mailbox>')
      assert.deepEqual(await messages('Archive'), ['three'])
      assert.deepEqual(await messages('INBOX'), ['one', 'two \\Flagged'])
      const told = await client.ok('NOOP')
      assert.equal(told.filter((response) => response.endsWith('EXPUNGE')).length, 2)
    })

    await t.test('sends, with a copy in Sent, and the answered one is marked', async () => {
      await press('<mail>bob@example.org<enter>fresh<enter><send-message>')
      await press('<limit>~s one<enter><reply><send-message><limit>all<enter><sync-mailbox>')
      const sent = await messages('Sent')
      assert.deepEqual(sent, ['fresh \\Seen', 'Re: one \\Seen'])
      assert.deepEqual((await messages('INBOX'))[0], 'one \\Answered \\Seen')
    })

    await t.test('makes a mailbox when the server says that it may', async () => {
      await press('<limit>~s two<enter><copy-message>=Made/Here<enter>')
      assert.deepEqual(await messages('Made/Here'), ['two \\Flagged'])
    })

    await t.test('opens real mail, message by message', { skip: noCorpus }, async () => {
      await client.ok('CREATE Corpus')
      const corpus = corpusMessages(16)
      for (const { octets } of corpus) await client.append('Corpus', octets)
      const mbox = join(home, 'corpus.mbox')
      await press(`<tag-pattern>~A<enter><tag-prefix><copy-message>${mbox}<enter>`, 'Corpus')
      const copied = await readFile(mbox, 'latin1')
      assert.ok([...copied.matchAll(/^From \S+ +\w{3} \w{3}/gm)].length >= corpus.length)
    })
  })
}
