/** Several clients of different make on one account at once; then all agree with the store, which is sound. */
import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import { missing, output } from '../programs.ts'
import { RawClient } from '../raw-client.ts'
import { checkStore, password, startServerProcess, temporaryDirectory } from '../server-process.ts'

const rounds = 12
const mail = (subject: string): string => `From: a@example.org\r\nSubject: ${subject}\r\n\r\ntext of ${subject}\r\n`

const python = `
import imaplib, os, ssl
m = imaplib.IMAP4('127.0.0.1', int(os.environ['IMAP'])); m.login('alice', os.environ['PASSWORD'])
m.select('INBOX')
for n in range(${rounds}):
    assert m.append('INBOX', None, None, b'Subject: python%d\\r\\n\\r\\ntext\\r\\n' % n)[0] == 'OK'
    m.noop()
    uid = m.uid('SEARCH', 'SUBJECT', '"python%d"' % n)[1][0].split()[-1]
    assert m.uid('STORE', uid, '+FLAGS', '(\\\\Flagged)')[0] == 'OK'
    if n % 3 == 0: assert m.uid('MOVE', uid, 'Done')[0] == 'OK'
m.logout()
`

test('several clients at once', { skip: missing('curl', 'mbsync', 'python3') }, async (t) => {
  const server = await startServerProcess(t)
  const home = await temporaryDirectory(t)
  const watcher = await RawClient.connect({ host: server.host, port: server.imapPort })
  await watcher.ok(`LOGIN alice "${password}"`)
  await watcher.ok('CREATE Done')
  const [status = ''] = await watcher.ok('STATUS INBOX (UIDVALIDITY)')
  await watcher.ok('SELECT INBOX')

  async function byImapflow(): Promise<void> {
    const client = new ImapFlow({
      host: 'localhost',
      port: server.imapsPort,
      secure: true,
      tls: { rejectUnauthorized: false },
      auth: { user: 'alice', pass: password },
      logger: false,
      qresync: true,
    })
    await client.connect()
    await client.mailboxOpen('INBOX')
    for (let n = 0; n < rounds; n++) {
      const appended = await client.append('INBOX', mail(`flow${n}`), ['\\Seen'])
      assert.ok(appended)
      if (n % 3 === 0) await client.messageDelete(String(appended.uid), { uid: true })
      for await (const { uid, flags } of client.fetch('1:*', { uid: true, flags: true })) assert.ok(uid > 0 && flags)
    }
    await client.logout()
  }

  async function byCurl(): Promise<void> {
    const url = `imaps://localhost:${server.imapsPort}`
    const common = ['-sS', '--cacert', server.certFile, '--user', `alice:${password}`]
    for (let n = 0; n < rounds; n++) {
      const file = join(home, `curl${n}`)
      await writeFile(file, mail(`curl${n}`))
      await output('curl', [...common, '--upload-file', file, `${url}/INBOX`])
      assert.match(await output('curl', [...common, `${url}/INBOX?SUBJECT%20curl${n}`]), /^\* SEARCH \d+/m)
    }
  }

  async function byLmtp(): Promise<void> {
    const transport = createTransport({ host: '127.0.0.1', port: server.lmtpPort, lmtp: true, ignoreTLS: true })
    for (let n = 0; n < rounds; n++) {
      await transport.sendMail({ from: 'a@example.org', to: 'alice@localhost', subject: `lmtp${n}`, text: 'text' })
    }
    transport.close()
  }

  const maildir = join(home, 'mail')
  const mbsyncrc = join(home, 'mbsyncrc')
  await mkdir(join(home, 'state'), { recursive: true })
  await mkdir(maildir)
  await writeFile(
    mbsyncrc,
    `IMAPStore far\nHost localhost\nPort ${server.imapsPort}\nUser alice\nPass "${password}"\nSSLType IMAPS\n` +
      `CertificateFile ${server.certFile}\n\nMaildirStore near\nPath ${maildir}/\nInbox ${maildir}/INBOX\nSubFolders Verbatim\n\n` +
      `Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSyncState ${home}/state/\n`,
  )
  const sync = (): Promise<string> => output('mbsync', ['--config', mbsyncrc, '--all'])
  async function byMbsync(): Promise<void> {
    for (let n = 0; n < 4; n++) await sync()
  }

  async function byWatcher(): Promise<void> {
    for (let n = 0; n < rounds * 2; n++) {
      const responses = await watcher.command('FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])')
      // Messages of which it has not been told that they are gone may be missing (RFC 5530 §3).
      assert.match(responses.at(-1) ?? '', /^(?:OK|NO \[EXPUNGEISSUED\])/)
      for (const response of responses) assert.doesNotMatch(response, /BODY\[[^\]]*\]\s+NIL/)
      await watcher.ok('NOOP')
    }
  }

  const env = { ...process.env, IMAP: String(server.imapPort), PASSWORD: password }
  await Promise.all([
    byImapflow(),
    byCurl(),
    byLmtp(),
    byMbsync(),
    byWatcher(),
    output('python3', ['-c', python], { env }),
  ])

  // What is left: of imapflow's every third is deleted, of Python's every third is elsewhere.
  const kept = Math.floor((rounds * 2) / 3)
  const expected = 2 * kept + 2 * rounds
  await watcher.ok('NOOP')
  const held = await watcher.ok('FETCH 1:* (UID FLAGS)')
  const fresh = await RawClient.connect({ host: server.host, port: server.imapPort })
  await fresh.ok(`LOGIN alice "${password}"`)
  await fresh.ok('EXAMINE INBOX')
  const stored = await fresh.ok('FETCH 1:* (UID FLAGS)')
  const withoutRecent = (responses: readonly string[]): string[] =>
    responses.map((response) => response.replace(/\\Recent ?/, '').replace(' )', ')'))
  assert.deepEqual(withoutRecent(held), withoutRecent(stored))
  assert.equal(stored.length - 1, expected)

  await sync()
  const files = await Promise.all(['cur', 'new'].map((folder) => readdir(join(maildir, 'INBOX', folder))))
  assert.equal(files.flat().length, expected)
  watcher.close()
  fresh.close()
  assert.equal(await server.stop(), 0)
  await checkStore(server.dataDirectory)

  const again = await startServerProcess(t, { dataDirectory: server.dataDirectory, users: [] })
  const last = await RawClient.connect({ host: again.host, port: again.imapPort })
  await last.ok(`LOGIN alice "${password}"`)
  assert.equal((await last.ok('STATUS INBOX (UIDVALIDITY)'))[0], status)
  last.close()
})
