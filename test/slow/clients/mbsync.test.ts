/** mbsync: Maildir and Crispin the same, in both directions, and nothing left to do the second time. */
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { corpusMessages, noCorpus } from '../corpus.ts'
import { missing, output } from '../programs.ts'
import { RawClient } from '../raw-client.ts'
import { addUsers, password, startServerProcess, temporaryDirectory } from '../server-process.ts'
import type { ServerProcess } from '../server-process.ts'

const mail = (subject: string): string =>
  `From: Ann <ann@example.org>\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.org>\r\n\r\n${subject}\r\n`

/** A Maildir beside a user's mail, and the way to make them the same. */
interface Pair {
  readonly maildir: string
  sync(): Promise<string>
}

async function makePair(home: string, server: ServerProcess, user: string, settings?: string): Promise<Pair> {
  const maildir = join(home, 'mail')
  const state = join(home, 'state')
  await mkdir(maildir, { recursive: true })
  await mkdir(state, { recursive: true })
  const file = join(home, 'mbsyncrc')
  await writeFile(
    file,
    `
IMAPAccount crispin
Host localhost
User ${user}
Pass "${password}"
CertificateFile ${server.certFile}
${settings ?? `SSLType IMAPS\nPort ${server.imapsPort}`}

IMAPStore far
Account crispin

MaildirStore near
Path ${maildir}/
Inbox ${maildir}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
Remove Both
CopyArrivalDate yes
SyncState ${state}/
`,
  )
  return { maildir, sync: () => output('mbsync', ['--config', file, '--all', '--verbose']) }
}

/** Every file of a tree: its path, its octets' number and when it was changed. */
async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(
    files.sort().map(async (file) => {
      const { size, mtimeMs, ino } = await stat(file)
      return `${file.slice(directory.length)} ${size} ${mtimeMs} ${ino}`
    }),
  )
}

/** The subjects of a mailbox in the Maildir with the flags of each, in the order of subjects. */
async function maildirMessages(maildir: string, mailbox: string): Promise<string[]> {
  const found: string[] = []
  for (const folder of ['cur', 'new']) {
    for (const name of await readdir(join(maildir, mailbox, folder))) {
      const text = await readFile(join(maildir, mailbox, folder, name), 'latin1')
      found.push(`${/^Subject: (.*?)\r?$/m.exec(text)?.[1]} ${/:2,(\w*)$/.exec(name)?.[1] ?? ''}`.trim())
    }
  }
  return found.sort()
}

/** The same of the server, as Maildir spells flags. */
async function serverMessages(client: RawClient, mailbox: string): Promise<string[]> {
  await client.ok(`EXAMINE "${mailbox}"`)
  const responses = await client.ok('FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])')
  await client.ok('CLOSE')
  const letters = { '\\Draft': 'D', '\\Flagged': 'F', '\\Answered': 'R', '\\Seen': 'S', '\\Deleted': 'T' }
  return responses
    .filter((response) => response.includes('Subject:'))
    .map((response) => {
      const flags = /FLAGS \(([^)]*)\)/.exec(response)?.[1] ?? ''
      const spelled = Object.entries(letters).filter(([flag]) => flags.split(' ').includes(flag))
      return `${/Subject: (.*)\r\n/.exec(response)?.[1]} ${spelled.map(([, letter]) => letter).join('')}`.trim()
    })
    .sort()
}

/** All that a synchronisation could have changed on the server. */
async function serverState(client: RawClient): Promise<string[]> {
  const items = 'MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ SIZE'
  const responses = await client.ok(`LIST (SUBSCRIBED) "" * RETURN (STATUS (${items}))`)
  return [...responses, ...(await client.ok(`LIST "" * RETURN (STATUS (${items}) SUBSCRIBED)`))]
}

/** Files of one message in the Maildir, by its subject. */
async function fileOf(maildir: string, mailbox: string, subject: string): Promise<string> {
  for (const folder of ['cur', 'new']) {
    for (const name of await readdir(join(maildir, mailbox, folder))) {
      const path = join(maildir, mailbox, folder, name)
      if ((await readFile(path, 'latin1')).includes(`Subject: ${subject}`)) return path
    }
  }
  throw new Error(`no ${subject} in ${mailbox}`)
}

test('mbsync', { skip: missing('mbsync') }, async (t) => {
  let server = await startServerProcess(t)
  const home = await temporaryDirectory(t)
  let pair = await makePair(home, server, 'alice')
  let client = await signIn(server)
  t.after(() => client.close())

  async function assertNothingToDo(): Promise<void> {
    const before = { files: await filesOf(home), server: await serverState(client) }
    await pair.sync()
    assert.deepEqual({ files: await filesOf(home), server: await serverState(client) }, before)
  }
  async function assertSame(mailbox: string, expected: readonly string[]): Promise<void> {
    assert.deepEqual(await serverMessages(client, mailbox), expected)
    assert.deepEqual(await maildirMessages(pair.maildir, mailbox), expected)
  }

  await t.test('the first time, mail and mailboxes go down', async () => {
    for (const subject of ['one', 'two', 'three']) await client.append('INBOX', mail(subject), '\\Seen')
    await client.ok('CREATE Lists/Work')
    await client.append('Lists/Work', mail('four'), '\\Flagged $Label1')
    await client.ok('CREATE "with space"')
    await pair.sync()
    await assertSame('INBOX', ['one S', 'three S', 'two S'])
    await assertSame('Lists/Work', ['four F'])
    await assertNothingToDo()
  })

  await t.test('flags, new mail and expunges go both ways at once', async () => {
    const one = await fileOf(pair.maildir, 'INBOX', 'one')
    await rename(one, one.replace(/:2,.*$/, ':2,FRS'))
    await rm(await fileOf(pair.maildir, 'INBOX', 'two'))
    await writeFile(join(pair.maildir, 'INBOX/new/1700000000.1.host'), mail('five').replaceAll('\r\n', '\n'))
    await writeFile(join(pair.maildir, 'INBOX/cur/1700000000.2.host:2,DS'), mail('six').replaceAll('\r\n', '\n'))
    await client.ok('SELECT INBOX')
    await client.ok('STORE 3 -FLAGS (\\Seen)')
    await client.ok('STORE 3 +FLAGS (\\Answered)')
    await client.ok('CLOSE')
    await client.append('INBOX', mail('seven'))
    await pair.sync()
    await assertSame('INBOX', ['five', 'one FRS', 'seven', 'six DS', 'three R'])
    await assertNothingToDo()
  })

  await t.test('an expunge on the server, and a mailbox made in the Maildir', async () => {
    await client.ok('SELECT INBOX')
    const [found = ''] = await client.ok('UID SEARCH SUBJECT seven')
    await client.ok(`UID STORE ${found.replace('* SEARCH ', '')} +FLAGS.SILENT (\\Deleted)`)
    await client.ok('EXPUNGE')
    await client.ok('CLOSE')
    for (const folder of ['cur', 'new', 'tmp'])
      await mkdir(join(pair.maildir, 'Made here', folder), { recursive: true })
    await writeFile(join(pair.maildir, 'Made here/cur/1700000000.3.host:2,S'), mail('eight').replaceAll('\r\n', '\n'))
    await pair.sync()
    await assertSame('INBOX', ['five', 'one FRS', 'six DS', 'three R'])
    await assertSame('Made here', ['eight S'])
    await assertNothingToDo()
  })

  await t.test('a server that was killed and comes back is the same server', async () => {
    const before = await serverState(client)
    await server.kill()
    server = await startServerProcess(t, { dataDirectory: server.dataDirectory, users: [] })
    client = await signIn(server)
    pair = await makePair(home, server, 'alice')
    assert.deepEqual(await serverState(client), before)
    await assertNothingToDo()
  })

  await t.test('many messages pipelined, in both directions', { skip: noCorpus }, async () => {
    const messages = corpusMessages(3)
    await client.ok('CREATE Corpus')
    for (const { octets } of messages) {
      // What mbsync adds of its own must find a place: mail that begins with no header field has none.
      if (/^[\w-]+: /.test(octets)) await client.append('Corpus', octets)
    }
    await pair.sync()
    await assertNothingToDo()
    assert.ok((await readdir(join(pair.maildir, 'Corpus/new'))).length > 100)

    await addUsers(server.dataDirectory, ['bob'])
    const other = await makePair(join(home, 'bob'), server, 'bob')
    await output('cp', ['-a', join(pair.maildir, 'Corpus'), join(other.maildir, 'Corpus')])
    await rm(join(other.maildir, 'Corpus/.uidvalidity'), { force: true })
    const filesBefore = (await readdir(join(other.maildir, 'Corpus/new'))).length
    await other.sync()
    const bob = await signIn(server, 'bob')
    const [status = ''] = await bob.ok('STATUS Corpus (MESSAGES)')
    assert.match(status, new RegExp(`MESSAGES ${filesBefore}\\)`))
    bob.close()
  })

  await t.test('without compression and pipelining, over STARTTLS', async () => {
    const settings = [
      `SSLType STARTTLS\nPort ${server.imapPort}\nPipelineDepth 1`,
      ...['COMPRESS=DEFLATE', 'UIDPLUS', 'LITERAL+', 'MOVE'].map((extension) => `DisableExtension ${extension}`),
    ].join('\n')
    const again = await makePair(join(home, 'again'), server, 'alice', settings)
    await again.sync()
    assert.deepEqual(await maildirMessages(again.maildir, 'INBOX'), ['five', 'one FRS', 'six DS', 'three R'])
    await writeFile(join(again.maildir, 'INBOX/new/1700000000.4.host'), mail('nine').replaceAll('\r\n', '\n'))
    await again.sync()
    assert.deepEqual(await serverMessages(client, 'INBOX'), ['five', 'nine', 'one FRS', 'six DS', 'three R'])
  })
})

async function signIn(server: ServerProcess, user: string = 'alice'): Promise<RawClient> {
  const client = await RawClient.connect({ host: server.host, port: server.imapPort })
  await client.ok(`LOGIN ${user} "${password}"`)
  return client
}
