import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Section } from './fetch-grammar.ts'
import { formatImapUrl, type ImapUrl, maxUrlOctets, parseImapUrl, rumpOf } from './imap-url.ts'
import { BadSyntax } from './syntax-error.ts'

const nothing: ImapUrl = {
  server: undefined,
  mailbox: undefined,
  uidValidity: undefined,
  uid: undefined,
  section: undefined,
  partial: undefined,
  search: undefined,
  expires: undefined,
  access: undefined,
  verifier: undefined,
}
const server = (user: string | undefined, host: string, rest: { auth?: string; port?: number } = {}) => ({
  user,
  host,
  auth: rest.auth,
  port: rest.port,
})
const token = '91354a473744909de610943775f92038'

test('URLs and what they mean', () => {
  const rows: readonly (readonly [string, Partial<ImapUrl>])[] = [
    ['imap://example.com', { server: server(undefined, 'example.com') }],
    ['imap://example.com/', { server: server(undefined, 'example.com') }],
    ['IMAP://joe@example.com:1430/', { server: server('joe', 'example.com', { port: 1430 }) }],
    ['imap://joe@[::1]:143/INBOX', { server: server('joe', '[::1]', { port: 143 }), mailbox: 'INBOX' }],
    ['imap://;AUTH=*@example.com/', { server: server(undefined, 'example.com', { auth: '*' }) }],
    ['imap://a%40b;auth=GSSAPI@example.com/', { server: server('a@b', 'example.com', { auth: 'GSSAPI' }) }],
    ['//joe@example.com/x', { server: server('joe', 'example.com'), mailbox: 'x' }],
    ['/Work', { mailbox: 'Work' }],
    ['/', {}],
    ['/foo/;UID=20/..', { mailbox: 'foo' }],
    ['/a/./b/../c/;UID=3', { mailbox: 'a/c', uid: 3 }],
    ['/%2E./;UID=1', { mailbox: '..', uid: 1 }],
    ['/gray%20council;UIDVALIDITY=385759045', { mailbox: 'gray council', uidValidity: 385759045 }],
    ['/babylon5/personel?charset%20UTF-8', { mailbox: 'babylon5/personel', search: 'charset UTF-8' }],
    ['/a;uidvalidity=3?ALL', { mailbox: 'a', uidValidity: 3, search: 'ALL' }],
    ['/%E6%97%A5%E6%9C%AC/%E5%8F%B0', { mailbox: '日本/台' }],
    ['/Drafts;UIDVALIDITY=4/;UID=20', { mailbox: 'Drafts', uidValidity: 4, uid: 20 }],
    ['/Drafts/;uid=20/;section=HEADER', { mailbox: 'Drafts', uid: 20, section: { part: [], text: 'HEADER' } }],
    ['/a/;UID=2/;SECTION=1.2.MIME', { mailbox: 'a', uid: 2, section: { part: [1, 2], text: 'MIME' } }],
    [
      '/a/;UID=2/;SECTION=HEADER.FIELDS%20(To%20Cc)/;PARTIAL=0.10',
      {
        mailbox: 'a',
        uid: 2,
        section: { part: [], text: 'HEADER.FIELDS', fields: ['To', 'Cc'] },
        partial: { offset: 0, length: 10 },
      },
    ],
    ['/a/;UID=20/;PARTIAL=1024', { mailbox: 'a', uid: 20, partial: { offset: 1024, length: undefined } }],
    [';UID=20/;SECTION=1', { uid: 20, section: { part: [1] } }],
    [
      `imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred:internal:${token}`,
      {
        server: server('joe', 'example.com'),
        mailbox: 'INBOX',
        uid: 20,
        section: { part: [1, 2] },
        access: { application: 'submit', user: 'fred' },
        verifier: { mechanism: 'INTERNAL', token },
      },
    ],
    [
      '/a/;UID=1;EXPIRE=2020-01-02T03:04:05.5Z;URLAUTH=anonymous',
      { mailbox: 'a', uid: 1, expires: Date.UTC(2020, 0, 2, 3, 4, 5, 500), access: access('anonymous') },
    ],
    [
      '/a/;UID=1;expire=2020-01-02t03:04:05-01:30;urlauth=AuthUser',
      { mailbox: 'a', uid: 1, expires: Date.UTC(2020, 0, 2, 4, 34, 5), access: access('authuser') },
    ],
    ['/a/;UID=1;URLAUTH=user+%C3%A4%3B', { mailbox: 'a', uid: 1, access: { application: 'user', user: 'ä;' } }],
  ]
  for (const [text, url] of rows) assert.deepEqual(parseImapUrl(text), { ...nothing, ...url }, text)
})

function access(application: string): ImapUrl['access'] {
  return { application, user: undefined }
}

test('what is no URL of ours', () => {
  const rows: readonly string[] = [
    '',
    'INBOX/;UID=1',
    'http://example.com/',
    'imap:/INBOX',
    'imap://',
    'imap://@example.com/',
    'imap://joe:secret@example.com/INBOX',
    'imap://joe@mary@example.com/',
    'imap://exa mple.com/',
    'imap://example.com:port/',
    'imap://example.com?ALL',
    '//',
    '/INBOX/;UID=0',
    '/INBOX/;UID=01',
    '/INBOX/;UID=*',
    '/INBOX/;UID=1:3',
    '/INBOX;UID=1',
    '/;UID=1',
    '/a;UIDVALIDITY=0',
    '/a;UIDVALIDITY=5;UID=3',
    '/a;UIDVALIDITY=5x/;UID=3',
    '/a/;UID=1/',
    '/a/;UID=1/;SECTION=',
    '/a/;UID=1;SECTION=1',
    '/a/;UID=1/;SECTION=1]',
    '/a/;UID=1/;SECTION=0',
    '/a/;UID=1/;SECTION=MIME',
    '/a/;UID=1/;SECTION=HEADER.FIELDS',
    '/a/;UID=1/;SECTION=1;PARTIAL=0.1',
    '/a/;UID=1/;SECTION=1/',
    '/a/;UID=1/;PARTIAL=0.0',
    '/a/;UID=1/;PARTIAL=a',
    '/a/;UID=1;EXPIRE=tomorrow;URLAUTH=anonymous',
    '/a/;UID=1;EXPIRE=2020-02-30T00:00:00Z;URLAUTH=anonymous',
    '/a/;UID=1;URLAUTH=',
    '/a/;UID=1;URLAUTH=user+',
    '/a/;UID=1;URLAUTH=anonymous:INTERNAL',
    `/a/;UID=1;URLAUTH=anonymous:INTERNAL:${token.slice(1)}`,
    `/a/;UID=1;URLAUTH=anonymous:INTERNAL:${token}z`,
    `/a/;UID=1;URLAUTH=anonymous:INTERNAL:${token};EXPIRE=2020-01-01T00:00:00Z`,
    `/a;URLAUTH=anonymous:INTERNAL:${token}`,
    '/a?ALL;URLAUTH=anonymous',
    '/a#b',
    '/a b/;UID=1',
    '/a%/;UID=1',
    '/a%0/;UID=1',
    '/a%00b/;UID=1',
    '/a%FF/;UID=1',
    '/a\xc3\xa4/;UID=1',
    '/a\r\nb/;UID=1',
    '/' + 'a'.repeat(maxUrlOctets),
  ]
  for (const text of rows) assert.throws(() => parseImapUrl(text), BadSyntax, JSON.stringify(text))
})

test('long hostile URLs are judged, and not for ever', () => {
  for (const piece of ['/', '%2e', '/..', ';UID=1', '/;SECTION=1', 'a;AUTH=', '@', ':', '%']) {
    const text = 'imap://' + piece.repeat(Math.floor((maxUrlOctets - 10) / piece.length))
    try {
      parseImapUrl(text)
    } catch (error) {
      assert.ok(error instanceof BadSyntax, piece)
    }
  }
})

test('the rump is the URL without its proof, octet by octet', () => {
  const rump = 'imap://Joe@EXAMPLE.com/a%2fb/;uid=1;URLauth=submit+f%72ed'
  assert.equal(rumpOf(`${rump}:internal:${token}`), rump)
})

// Plain objects: the other kind is not deeply equal to ours.
const record = <T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true })
const name = fc.stringMatching(/^[^\0\ud800-\udfff]{1,12}$/u)
const section: fc.Arbitrary<Section> = fc.oneof(
  record({ part: fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 4 }) }),
  record({ part: fc.constant([3]), text: fc.constantFrom('MIME' as const, 'HEADER' as const, 'TEXT' as const) }),
  record({
    part: fc.constant([]),
    text: fc.constantFrom('HEADER.FIELDS' as const, 'HEADER.FIELDS.NOT' as const),
    fields: fc.array(fc.stringMatching(/^[!-9;-~]{1,8}$/), { minLength: 1, maxLength: 3 }),
  }),
)
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })
const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))
const positive = fc.integer({ min: 1, max: 0xffff_ffff })
const anyServer = record({
  user: optional(name),
  auth: optional(fc.constantFrom('*', 'GSSAPI', 'X;Y')),
  host: fc.constantFrom('example.com', '127.0.0.1', '[2001:db8::1]', 'a-b_c'),
  port: optional(fc.integer({ min: 1, max: 65535 })),
})
const ofMailbox = record({
  server: optional(anyServer),
  mailbox: name,
  uidValidity: optional(positive),
  search: optional(fc.string({ minLength: 1, maxLength: 12, unit: octet })),
})
const ofMessage = record({
  server: optional(anyServer),
  mailbox: name,
  uidValidity: optional(positive),
  uid: positive,
  section: optional(section),
  partial: optional(record({ offset: fc.nat(), length: optional(positive) })),
  expires: optional(fc.integer({ min: 0, max: 253_402_300_799_000 })),
})
const authorised = record({
  access: record({ application: fc.constantFrom('user', 'submit', 'stream', 'foo7'), user: optional(name) }),
  verifier: optional(record({ mechanism: fc.constant('INTERNAL'), token: fc.constant(token) })),
})

test('what is written is read back', () => {
  const url = fc.oneof(
    ofMailbox.map((fields) => ({ ...nothing, ...fields })),
    ofMessage.map((fields) => ({ ...nothing, ...fields })),
    fc.tuple(ofMessage, authorised).map(([fields, more]) => ({ ...nothing, ...fields, ...more })),
    positive.map((uid) => ({ ...nothing, uid })),
  )
  fc.assert(
    fc.property(url, (expected: ImapUrl) => {
      const text = formatImapUrl(expected)
      assert.match(text, /^[!-~]*$/)
      assert.deepEqual(parseImapUrl(text), expected)
    }),
    { numRuns: 300 },
  )
})

test('no text at all does more than fail', () => {
  const piece = fc.constantFrom(
    'imap://',
    '/',
    ';UID=',
    ';URLAUTH=',
    ':',
    '%',
    '?',
    '@',
    '1',
    'a',
    '..',
    ';SECTION=',
    '[',
    '{3}\r\n',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 12 }), (pieces) => {
      try {
        parseImapUrl(pieces.join(''))
      } catch (error) {
        assert.ok(error instanceof BadSyntax)
      }
    }),
    { numRuns: 500 },
  )
})
