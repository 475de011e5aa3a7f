/** curl: its IMAP URLs, uploads, and TLS against the certificate that the server made for itself. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { corpusMessages, noCorpus } from '../corpus.ts'
import { missing, output, run } from '../programs.ts'
import { password, startServerProcess, temporaryDirectory } from '../server-process.ts'

const message = [
  'From: Ann <ann@example.org>',
  'Subject: four parts',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  '',
  'first part',
  '--b',
  'Content-Type: text/html',
  '',
  '<p>second</p>',
  '--b--',
  '',
].join('\r\n')

test('curl', { skip: missing('curl') }, async (t) => {
  const server = await startServerProcess(t)
  const scratch = await temporaryDirectory(t)
  const plain = `imap://127.0.0.1:${server.imapPort}`
  const secure = `imaps://localhost:${server.imapsPort}`
  const user = ['--silent', '--show-error', '--user', `alice:${password}`]
  const curl = (...args: string[]): Promise<string> => output('curl', [...user, ...args])
  const trusting = ['--cacert', server.certFile]

  await t.test('signs in with every mechanism it has, with and without TLS', async () => {
    const ways = [
      [plain],
      [plain, '--ssl-reqd', ...trusting],
      [secure, ...trusting],
      [secure, ...trusting, '--tlsv1.2', '--tls-max', '1.2'],
      ...['PLAIN', 'LOGIN', 'SCRAM-SHA-1', 'SCRAM-SHA-256'].map((mechanism) => [
        secure,
        ...trusting,
        '--login-options',
        `AUTH=${mechanism}`,
      ]),
      [secure, ...trusting, '--sasl-ir'],
    ]
    for (const way of ways) {
      const { code, stdout, stderr } = await run('curl', [...user, ...way])
      if (code === 67 && /SCRAM/.test(way.join())) t.diagnostic(`this curl has no ${way.at(-1)}`)
      else assert.match(stdout, /^\* LIST \([^)]*\) "\/" "?INBOX"?\r\n/m, `${way.join(' ')}: ${code} ${stderr}`)
    }
  })

  await t.test('is refused with a wrong password, or a certificate that it does not know', async () => {
    assert.equal((await run('curl', ['-s', '-u', 'alice:wrong', plain])).code, 67)
    assert.equal((await run('curl', [...user, secure])).code, 60)
  })

  await t.test('uploads, with flags where it can, and fetches the same octets', async () => {
    const file = join(scratch, 'message.eml')
    await writeFile(file, message, 'latin1')
    await curl(`${plain}`, '--request', 'CREATE Sent')
    await curl(`${plain}/Sent`, '--upload-file', file)
    await curl(`${secure}/Sent`, ...trusting, '--upload-file', file)
    assert.equal(await curl(`${plain}/Sent;UID=1`), message)
    assert.equal(await curl(`${plain}/Sent;MAILINDEX=2`), message)
    assert.equal(await curl(`${plain}/Sent;UID=2;SECTION=HEADER.FIELDS%20(SUBJECT)`), 'Subject: four parts\r\n\r\n')
    assert.equal(await curl(`${plain}/Sent;UID=1;SECTION=2`), '<p>second</p>')
    assert.equal(await curl(`${plain}/Sent;UID=1;SECTION=2.MIME`), 'Content-Type: text/html\r\n\r\n')
  })

  await t.test('a part of a section, past its end too', async () => {
    for (const [partial, expected] of [
      ['0.5', message.slice(0, 5)],
      ['6.3', message.slice(6, 9)],
      [`${message.length - 2}.100`, message.slice(-2)],
      ['100000.10', ''],
    ] as const) {
      assert.equal(await curl(`${plain}/Sent;UID=1;SECTION=TEXT;PARTIAL=0.4`), '--b\r')
      assert.equal(await curl(`${plain}/Sent;UID=1/;PARTIAL=${partial}`), expected, partial)
    }
  })

  await t.test('UIDVALIDITY in the URL', async () => {
    const status = await curl(plain, '--request', 'STATUS Sent (UIDVALIDITY)')
    const [, uidValidity = ''] = /UIDVALIDITY (\d+)/.exec(status) ?? []
    assert.equal(await curl(`${plain}/Sent;UIDVALIDITY=${uidValidity}/;UID=1`), message)
    assert.equal((await run('curl', [...user, `${plain}/Sent;UIDVALIDITY=1/;UID=1`])).code, 78)
  })

  await t.test('commands of its own: LIST, STORE, SEARCH, EXPUNGE', async () => {
    await curl(`${plain}/Sent`, '--request', 'STORE 2 +FLAGS (\\Deleted \\Flagged)')
    assert.match(await curl(`${plain}/Sent?ALL`), /^\* SEARCH 1 2\r\n/)
    assert.match(await curl(`${plain}/Sent?UNDELETED%20SUBJECT%20PARTS`), /^\* SEARCH 1\r\n/)
    assert.match(await curl(`${plain}/Sent`, '--request', 'EXPUNGE'), /^\* 2 EXPUNGE\r\n/)
    assert.match(await curl(`${plain}`, '--request', 'LIST "" "S%"'), /"\/" "?Sent"?\r\n/)
  })

  await t.test('many transfers on few connections', async () => {
    const urls = Array.from({ length: 40 }, () => `${secure}/Sent;UID=1`)
    const all = await curl(...trusting, '--parallel', '--parallel-max', '8', ...urls)
    assert.equal(all.length, 40 * message.length)
  })

  await t.test('real mail, back octet by octet', { skip: noCorpus }, async () => {
    await curl(plain, '--request', 'CREATE Corpus')
    const messages = corpusMessages(8)
    const files: string[] = []
    for (const { name, octets } of messages) {
      const file = join(scratch, name)
      await writeFile(file, octets, 'latin1')
      files.push(file)
    }
    await curl(`${secure}/Corpus`, ...trusting, '--upload-file', `{${files.join(',')}}`)
    await curl(`${secure}/Corpus;UID=[1-${files.length}]`, ...trusting, '--output', join(scratch, 'back-#1'))
    for (const [index, { name, octets }] of messages.entries()) {
      const back = await output('cat', [join(scratch, `back-${index + 1}`)])
      assert.ok(back === octets, `${name} came back otherwise`)
    }
  })
})
