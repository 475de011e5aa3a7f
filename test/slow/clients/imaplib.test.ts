/** Python's imaplib: its whole set of commands, by a script that checks the answers. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { corpusMessages, noCorpus } from '../corpus.ts'
import { missing, output } from '../programs.ts'
import { password, startServerProcess, temporaryDirectory } from '../server-process.ts'
import type { ServerProcess } from '../server-process.ts'

/** The lines below stand behind these, which sign in. */
const prologue = `
import imaplib, os, re, socket, ssl, time
host, password = '127.0.0.1', os.environ['PASSWORD']
trusting = ssl.create_default_context(cafile=os.environ['CERTIFICATE'])
def plain(): return imaplib.IMAP4(host, int(os.environ['IMAP']))
def secure(): return imaplib.IMAP4_SSL('localhost', int(os.environ['IMAPS']), ssl_context=trusting)
def ok(answer):
    assert answer[0] == 'OK', answer
    return answer[1]
def eq(got, wanted): assert got == wanted, (got, wanted)
message = b'Subject: hello\\r\\nFrom: Ann <ann@example.org>\\r\\n\\r\\nThe text\\r\\n'
`
const signedIn = `${prologue}
m = secure()
ok(m.login('alice', password))
`

interface Script {
  readonly what: string
  readonly script: string
}

const scripts: readonly Script[] = [
  {
    what: 'signs in by LOGIN, PLAIN and over STARTTLS, and is told why when it cannot',
    script: `${prologue}
m = plain(); ok(m.login('alice', password)); m.logout()
m = plain(); ok(m.starttls(trusting)); ok(m.login('alice', password)); m.logout()
m = secure(); ok(m.authenticate('PLAIN', lambda _: b'\\0alice\\0' + password.encode())); m.logout()
m = secure()
try: m.login('alice', 'wrong'); assert False
except imaplib.IMAP4.error as error: assert 'AUTHENTICATIONFAILED' in str(error), error
ok(m.login('alice', password))
eq(m.state, 'AUTH')
m.logout()
with plain() as m: m.login('alice', password)
`,
  },
  {
    what: 'mailboxes',
    script: `${signedIn}
ok(m.create('one')); ok(m.create('"two words/deep"')); ok(m.rename('one', 'three'))
names = sorted(line.decode().split(' "/" ')[1].strip('"') for line in ok(m.list()))
eq(names, ['INBOX', 'three', 'two words', 'two words/deep'])
ok(m.subscribe('three')); eq(len(ok(m.lsub())), 1); ok(m.unsubscribe('three')); eq(ok(m.lsub()), [None])
assert b'MESSAGES 0' in ok(m.status('three', '(MESSAGES UIDNEXT)'))[0]
ok(m.delete('three')); eq(m.delete('three')[0], 'NO')
eq(m.namespace()[0], 'OK'); ok(m.noop()); eq(m.select('missing')[0], 'NO')
m.logout()
`,
  },
  {
    what: 'messages: append, fetch, store, search, copy, expunge',
    script: `${signedIn}
ok(m.create('work'))
for n in range(3): ok(m.append('work', '\\\\Seen' if n else None, imaplib.Time2Internaldate(1700000000 + n), message))
eq(ok(m.select('work')), [b'3'])
data = ok(m.fetch('1:2', '(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])'))
eq(data[0][1], message); assert b'RFC822.SIZE %d' % len(message) in data[0][0]
eq(set(imaplib.ParseFlags(ok(m.fetch('2', '(FLAGS)'))[0])), {b'\\\\Seen', b'\\\\Recent'})
eq(time.mktime(imaplib.Internaldate2tuple(ok(m.fetch('3', '(INTERNALDATE)'))[0])), 1700000002)
eq(ok(m.fetch('1', '(BODY[TEXT]<4.100>)'))[0][1], b'text\\r\\n')
eq(ok(m.search(None, 'SUBJECT', 'HELLO')), [b'1 2 3'])
eq(ok(m.search('UTF-8', 'TEXT', 'text', 'UNSEEN')), [b''])
m.literal = 'häl'.encode(); eq(ok(m.search('UTF-8', 'TEXT')), [b''])
eq(ok(m.uid('SEARCH', 'UID', '2:*')), [b'2 3'])
assert b'Flagged' in ok(m.store('1', '+FLAGS', '(\\\\Flagged Custom)'))[0]
ok(m.copy('1:2', 'INBOX')); ok(m.uid('MOVE', '3', 'INBOX'))
ok(m.store('1', '+FLAGS.SILENT', '\\\\Deleted')); eq(ok(m.expunge())[-1], b'1')
ok(m.uid('SORT', '(REVERSE DATE)', 'UTF-8', 'ALL')); ok(m.thread('REFERENCES', 'UTF-8', 'ALL'))
ok(m.check()); ok(m.unselect()); eq(ok(m.select('INBOX', readonly=True)), [b'3'])
try: eq(m.store('1', 'FLAGS', '()')[0], 'NO')
except imaplib.IMAP4.readonly: pass
ok(m.close())
eq(m.append('nowhere', None, None, message)[0], 'NO')
m.logout()
`,
  },
  {
    what: 'UTF-8: names, and messages in literals that may have any octet',
    script: `${signedIn}
ok(m.enable('UTF8=ACCEPT'))
ok(m.create('"Entwürfe"'))
text = 'Subject: Grüße\\r\\n\\r\\nSchöne Grüße\\r\\n'.encode()
ok(m.append('"Entwürfe"', None, None, text))
eq(ok(m.select('"Entwürfe"')), [b'1'])
# Most versions of imaplib put the frame of RFC 9755 into the message instead of around it.
assert ok(m.fetch('1', '(BODY.PEEK[])'))[0][1] in (text, b'UTF8 (' + text + b')')
m.logout()
m = secure(); ok(m.login('alice', password))
eq(ok(m.select('"Entw&APw-rfe"')), [b'1'])
m.logout()
`,
  },
  {
    what: 'rights, sharing and quota',
    script: `${signedIn}
ok(m.create('shared')); ok(m.append('shared', None, None, message))
b = secure(); ok(b.login('bob', password))
eq(b.select('"Other Users/alice/shared"')[0], 'NO')
ok(m.setacl('shared', 'bob', 'lrsw'))
assert b' bob lrsw' in ok(m.getacl('shared'))[0]
assert ok(b.myrights('"Other Users/alice/shared"'))[0].endswith(b' lrsw')
assert any(b'Other Users/alice/shared' in line for line in ok(b.list()))
eq(ok(b.select('"Other Users/alice/shared"')), [b'1'])
eq(ok(b.fetch('1', '(BODY.PEEK[])'))[0][1], message)
ok(b.store('1', '+FLAGS', '\\\\Seen')); ok(b.copy('1', 'INBOX'))
eq(b.append('"Other Users/alice/shared"', None, None, message)[0], 'NO')
ok(b.close())
ok(m.deleteacl('shared', 'bob')); eq(b.select('"Other Users/alice/shared"')[0], 'NO')
roots, quotas = ok(m.getquotaroot('INBOX'))
assert b'INBOX' in roots[0], roots
eq(m.setquota('""', '(STORAGE 1)')[0], 'NO')
b.logout(); m.logout()
`,
  },
  {
    what: 'commands as people type them',
    script: `${signedIn}
ok(m.xatom('ID', 'NIL')); ok(m.xatom('id', '("name" "test")'))
eq(m._simple_command('NOOP')[0], 'OK')
m.send(b'\\r\\nx1 noop \\r\\nx2 NoOp\\r\\n')
for _ in range(2): print(m.readline())
m.logout()
`,
  },
]

const environmentOf = (server: ServerProcess, more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  IMAP: String(server.imapPort),
  IMAPS: String(server.imapsPort),
  CERTIFICATE: server.certFile,
  PASSWORD: password,
  ...more,
})

test('imaplib', { skip: missing('python3') }, async (t) => {
  const server = await startServerProcess(t, { users: ['alice', 'bob'] })
  for (const { what, script } of scripts) {
    await t.test(what, async () => {
      await output('python3', ['-c', script], { env: environmentOf(server) })
    })
  }

  await t.test('real mail, back octet by octet, every item of it read', { skip: noCorpus }, async (t) => {
    const directory = await temporaryDirectory(t)
    for (const { name, octets } of corpusMessages(2)) await writeFile(join(directory, name), octets, 'latin1')
    const script = `${signedIn}
ok(m.create('corpus'))
directory = os.environ['MAIL']
names = sorted(os.listdir(directory))
octets = [open(os.path.join(directory, name), 'rb').read() for name in names]
# A literal and its CRLF are two writes, of which the second would wait for 40 ms each time.
m.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for each in octets: ok(m.append('corpus', None, None, each))
eq(ok(m.select('corpus')), [b'%d' % len(names)])
data = ok(m.fetch('1:*', '(RFC822.SIZE BODY.PEEK[])'))
eq([each[1] for each in data if isinstance(each, tuple)], octets)
for items in ['ENVELOPE', 'BODYSTRUCTURE', 'BODY', 'BODY.PEEK[HEADER.FIELDS (SUBJECT DATE)]', 'BODY.PEEK[1]', 'BODY.PEEK[1.MIME]', 'BODY.PEEK[TEXT]<0.100>']:
    data = ok(m.fetch('1:*', '(%s)' % items))
    # The server answers once for each, with a number that counts up.
    lines = [each[0] if isinstance(each, tuple) else each for each in data]
    eq([int(line.split()[0]) for line in lines if re.match(rb'\\d+ \\(', line)], list(range(1, len(names) + 1)))
print(len(names))
m.logout()
`
    const count = await output('python3', ['-c', script], { env: environmentOf(server, { MAIL: directory }) })
    assert.ok(Number(count) > 200)
  })
})
