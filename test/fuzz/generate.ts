import type { Random } from './random.ts'

/** Commands that are grammar, or nearly, at its edges. */

const sets: readonly string[] = ['1', '*', '1:*', '2,4:7,9', '*:1', '4294967295', '1:4294967295', '$', '7:3', '999']
const mailboxes: readonly string[] = [
  ['INBOX', 'inbox', 'one', '"two words"', 'a/b/c', '""', '/', 'a//b', '/a', 'a/', '"%"', '"*"', '&AOQ-'],
  ['&', '&AAAA-', '{3+}\r\none', '{0+}\r\n', '"\xc3\xa4"', '"\xff"', 'x'.repeat(300), 'a/'.repeat(40) + 'a'],
  ['"..\\\\"', '".."', 'INBOX/x'],
  ['"Other Users/bob/INBOX"', '"Other Users/bob/INBOX"', '"Other Users/bob/inbox/x"', '"Other Users/bob/Hidden"'],
  ['"Other Users"', '"Other Users/"', '"Other Users//INBOX"', '"Other Users/nobody/x"', 'Shared/bob/INBOX'],
].flat()
const strings: readonly string[] = [
  ['x', '""', '"a b"', '"\\"\\\\"', '{5+}\r\na\r\nb ', '"' + 'y'.repeat(3000) + '"', '{0+}\r\n'],
  ['"\xc3\xa4"', 'NIL', '"é"'],
].flat()
const flags: readonly string[] = [
  ['\\Seen', '\\Deleted', '\\Answered', '\\Flagged', '\\Draft', '\\Recent', '\\Odd', 'word', '$Junk', 'WORD'],
  ['\\*', '[x', 'k'.repeat(200)],
].flat()
const sections: readonly string[] = [
  ['', 'HEADER', 'TEXT', 'MIME', '1', '1.2', '1.MIME', '2.HEADER', '1.TEXT', '0', '1.0', '99.99'],
  ['4294967296', 'HEADER.FIELDS (Subject)', 'HEADER.FIELDS (a "b c" {1+}\r\nd)', 'HEADER.FIELDS.NOT (To)'],
  ['HEADER.FIELDS ()', '1.'.repeat(150) + '1'],
].flat()
const dates: readonly string[] = [
  '1-Jan-2020',
  '31-Dec-1969',
  '"01-Feb-2030"',
  '30-Feb-2020',
  '1-Jan-9999',
  '1-jan-0000',
]
const dateTimes: readonly string[] = [
  ['" 1-Jan-2020 00:00:00 +0000"', '"31-Dec-9999 23:59:60 -2359"', '"01-Jan-1900 00:00:00 +0000"'],
  ['"1-Jan-2020 0:0:0 Z"'],
].flat()
const statusItems: readonly string[] = [
  'MESSAGES',
  'UIDNEXT',
  'UIDVALIDITY',
  'UNSEEN',
  'DELETED',
  'SIZE',
  'RECENT',
  'HIGHESTMODSEQ',
]

const many = (random: Random, items: readonly string[], most = 4): string =>
  Array.from({ length: random.below(most + 1) }, () => random.pick(items)).join(' ')

/** Binary octets of any value, which a search or a name may be made of. */
function anyString(random: Random): string {
  if (!random.oneIn(4)) return random.pick(strings)
  const octets = String.fromCharCode(...Array.from({ length: random.below(40) }, () => 1 + random.below(255)))
  return `{${octets.length}+}\r\n${octets}`
}

function searchKey(random: Random, depth: number): string {
  const inner = (): string => searchKey(random, depth - 1)
  switch (random.below(depth > 0 ? 14 : 9)) {
    case 0:
      return random.pick([
        'ALL',
        'NEW',
        'OLD',
        'RECENT',
        'SEEN',
        'UNSEEN',
        'DELETED',
        'DRAFT',
        'FLAGGED',
        'ANSWERED',
        'SAVEDATESUPPORTED',
      ])
    case 1:
      return `${random.pick(['BODY', 'TEXT', 'SUBJECT', 'FROM', 'TO', 'CC', 'BCC'])} ${anyString(random)}`
    case 2:
      return `HEADER ${random.pick(['Subject', '"x y"', 'Message-Id', '""', 'To'])} ${anyString(random)}`
    case 3:
      return `${random.pick(['BEFORE', 'ON', 'SINCE', 'SENTBEFORE', 'SENTON', 'SENTSINCE', 'SAVEDSINCE'])} ${random.pick(dates)}`
    case 4:
      return `${random.pick(['LARGER', 'SMALLER', 'OLDER', 'YOUNGER'])} ${random.pick(['0', '1', '100', '4294967295', '99999999999'])}`
    case 5:
      return `${random.pick(['KEYWORD', 'UNKEYWORD'])} ${random.pick(flags)}`
    case 6:
      return `UID ${random.pick(sets)}`
    case 7:
      return random.pick(sets)
    case 8:
      return random.pick([
        'MODSEQ 1',
        'MODSEQ "/flags/\\\\draft" all 620162338',
        `EMAILID ${random.pick(['M1', 'M'])}`,
        'THREADID T1',
        'UIDAFTER 2',
        'UIDBEFORE 4294967295',
        'FILTER a',
        'FILTER a/b',
        'X-GM-LABELS \\Inbox',
        'X-GM-RAW "is:unread (a OR -{b c}) older_than:1d has:attachment"',
        'X-GM-THRID 1',
      ])
    case 9:
      return `${random.pick(['NOT', 'FUZZY'])} ${inner()}`
    case 10:
      return `OR ${inner()} ${inner()}`
    case 11:
      return `(${inner()} ${inner()})`
    case 12:
      return `${'('.repeat(depth * 40)}${inner()}${')'.repeat(depth * 40)}`
    default:
      return `${'NOT '.repeat(depth * 100)}${inner()}`
  }
}

function fetchItem(random: Random): string {
  const peek = random.oneIn(2) ? '.PEEK' : ''
  const partial = random.pick(['', '', '<0.10>', '<5.1>', '<4294967295.4294967295>', '<0.0>', '<9007199254740993.1>'])
  switch (random.below(6)) {
    case 0:
      return random.pick(['FLAGS', 'UID', 'ENVELOPE', 'BODY', 'BODYSTRUCTURE', 'INTERNALDATE', 'RFC822.SIZE', 'MODSEQ'])
    case 1:
      return random.pick([
        'RFC822',
        'RFC822.HEADER',
        'RFC822.TEXT',
        'EMAILID',
        'THREADID',
        'SAVEDATE',
        'X-GM-LABELS',
        'X-GM-MSGID',
        'PREVIEW',
        'PREVIEW (LAZY)',
      ])
    case 2:
      return `BINARY${peek}[${random.pick(['', '1', '2', '1.1', '1.HEADER', '5'])}]${partial}`
    case 3:
      return `BINARY.SIZE[${random.pick(['', '1', '2', '1.1'])}]`
    default:
      return `BODY${peek}[${random.pick(sections)}]${partial}`
  }
}

const urls: readonly string[] = [
  ['/INBOX/;UID=1', '/INBOX/;UID=2/;SECTION=1', ';UID=1/;PARTIAL=3.5', '/inbox/;uid=3/;section=HEADER', '/one', ''],
  ['imap://alice@localhost/INBOX/;UID=1;URLAUTH=anonymous', 'imap://alice@x/INBOX/;UID=1;URLAUTH=user+bob'],
  ['imap://bob@localhost/INBOX/;UID=1;URLAUTH=authuser:internal:' + '0'.repeat(40), 'imap://@/', '/a/../b/;UID=1'],
  ['/INBOX;UIDVALIDITY=1/;UID=1', '/INBOX/;UID=1;EXPIRE=2001-01-01T00:00:00Z', '/%ff/;UID=1', '/a]"{b/;UID=1'],
  ['/' + '%2e'.repeat(2000), 'imap://' + 'a@'.repeat(2000)],
].flat()
const url = (random: Random): string => {
  const text = random.pick(urls)
  return random.oneIn(3) ? `{${text.length}+}\r\n${text}` : `"${text.replace(/["\\]/g, '\\$&')}"`
}
const part = (random: Random): string => {
  const text = random.pick(['', 'a: b\r\n\r\n', 'x\0', 'y'.repeat(3000)])
  return random.oneIn(2) ? `URL ${url(random)}` : `TEXT ${random.pick(['', '~'])}{${text.length}+}\r\n${text}`
}
const convertItems: readonly string[] = [
  ['UID', 'BINARY[1]', 'BINARY[1]<0.5>', 'BINARY[]', 'BINARY[2]', 'BINARY.SIZE[1.1]', 'BODYPARTSTRUCTURE[1]'],
  ['AVAILABLECONVERSIONS[1]', 'BODY[HEADER]', 'BODY[1.MIME]', 'BODY[TEXT]', 'BINARY[99]<4294967295.1>'],
].flat()

const identifiers = [
  'bob',
  'alice',
  '-bob',
  'anyone',
  '$team',
  '""',
  '-',
  '"a b"',
  '"\xc3\xa4"',
  '{2+}\r\n\xc3(',
  'z'.repeat(600),
]

const entryNames = [
  '/private/filters/values/a',
  '/private/comment',
  '/shared/comment',
  '/PRIVATE/a/b',
  '/private/specialuse',
  '/shared',
  '/x',
  '//',
]

type Make = (random: Random) => string

const list = (random: Random, items: readonly string[]): string => `(${many(random, items)})`

const makes: readonly Make[] = [
  () => 'NOOP',
  () => 'CAPABILITY',
  () => 'NAMESPACE',
  () => 'CHECK',
  () => 'IDLE\r\nDONE',
  () => 'IDLE\r\nno',
  (random) => `ID ${random.pick(['NIL', '()', '("name" "x")', '("name" NIL)', `(${'"a" "b" '.repeat(60)}"c" "d")`])}`,
  (random) => `ENABLE ${many(random, ['IMAP4rev2', 'CONDSTORE', 'QRESYNC', 'UTF8=ACCEPT', 'UIDONLY', 'X'])}`,
  (random) => `LOGIN ${anyString(random)} ${anyString(random)}`,
  (random) =>
    `AUTHENTICATE ${random.pick(['PLAIN', 'LOGIN', 'SCRAM-SHA-256', 'EXTERNAL', 'X'])}${random.pick(['', ' =', ' AGFsaWNl', ' biws'])}\r\n${random.pick(['*', '=', 'AGFsaWNlAHNlY3JldA==', '%', ''])}`,
  (random) =>
    `${random.pick(['SELECT', 'EXAMINE'])} ${random.pick(mailboxes)}${random.pick(['', '', ' (CONDSTORE)', ' (QRESYNC (1 1))', ' (QRESYNC (1 1 1:9 (1,2 3,4)))', ' ()'])}`,
  (random) =>
    `SELECT INBOX (QRESYNC (${random.pick(['1', '4294967295'])} ${random.pick(['1', '9223372036854775807'])} ${random.pick(sets)}))`,
  (random) => `${random.pick(['CREATE', 'DELETE', 'SUBSCRIBE', 'UNSUBSCRIBE'])} ${random.pick(mailboxes)}`,
  (random) => `CREATE ${random.pick(mailboxes)} (USE (${many(random, ['\\Sent', '\\Drafts', '\\All', '\\X'])}))`,
  (random) => `RENAME ${random.pick(mailboxes)} ${random.pick(mailboxes)}`,
  (random) =>
    `${random.pick(['LIST', 'LSUB'])} ${random.pick(mailboxes)} ${random.pick(['*', '%', '"*%*%*%*%*%*%*%*%*x"', '%/%', ...mailboxes])}`,
  (random) =>
    `LIST ${list(random, ['SUBSCRIBED', 'RECURSIVEMATCH', 'REMOTE', 'SPECIAL-USE', 'X'])} "" (${many(random, ['*', '%', 'INBOX', '""'])}) RETURN (${many(random, ['CHILDREN', 'SUBSCRIBED', 'SPECIAL-USE', 'STATUS (MESSAGES SIZE)', 'STATUS ()'])})`,
  (random) => `STATUS ${random.pick(mailboxes)} ${list(random, statusItems)}`,
  (random) =>
    `SETACL ${random.pick(mailboxes)} ${random.pick(identifiers)} ${random.pick(['lrs', '+w', '-lrswipkxtecda', '""', '+Q', '-', 'lr+s', '{2+}\r\nlr'])}`,
  (random) => `${random.pick(['DELETEACL', 'LISTRIGHTS'])} ${random.pick(mailboxes)} ${random.pick(identifiers)}`,
  (random) => `${random.pick(['GETACL', 'MYRIGHTS'])} ${random.pick(mailboxes)}`,
  () => 'LIST "" * RETURN (MYRIGHTS STATUS (UNSEEN))',
  (random) =>
    `GETMETADATA ${random.pick(['', '(DEPTH infinity) ', '(MAXSIZE 3 DEPTH 1) ', '(X) '])}${random.pick(['""', ...mailboxes])} ${random.pick([...entryNames, list(random, entryNames)])}`,
  (random) =>
    `SETMETADATA ${random.pick(['""', ...mailboxes])} (${random.pick(entryNames)} ${anyString(random)} ${random.pick(entryNames)} ${random.pick(['NIL', '""', '~{2+}\r\n\0x'])})`,
  (random) =>
    `LIST "" * RETURN (METADATA ${list(random, entryNames)} STATUS (${random.pick(['DELETED-STORAGE', 'DELETED'])}))`,
  (random) => `${random.pick(['GETQUOTA', 'GETQUOTAROOT'])} ${random.pick(['""', ...mailboxes])}`,
  (random) =>
    `SETQUOTA ${random.pick(['""', ...mailboxes])} (${random.pick(['', 'MESSAGE 4294967295', 'STORAGE 9223372036854775807', 'X 1'])})`,
  (random) => {
    const message = random.pick(['', 'x', 'Subject: a\r\n\r\nb', '\r\n', 'a: b\r\n'.repeat(200), 'x\0y'])
    const head = random.pick(['', list(random, flags) + ' ', random.pick(dateTimes) + ' '])
    const literal = `${random.pick(['', '~'])}{${message.length}+}\r\n${message}`
    const whole = random.oneIn(6) ? `UTF8 (${literal})` : literal
    return `APPEND ${random.pick(mailboxes)} ${head}${whole}${random.oneIn(5) ? ' ' + whole : ''}`
  },
  (random) => `${random.pick(['', 'UID '])}REPLACE ${random.pick(sets)} INBOX {3+}\r\na:b`,
  (random) =>
    `${random.pick(['', 'UID '])}STORE ${random.pick(sets)}${random.pick(['', '', ' (UNCHANGEDSINCE 1)', ' (UNCHANGEDSINCE 99999999)'])} ${random.pick(['', '+', '-'])}FLAGS${random.pick(['', '.SILENT'])} ${list(random, flags)}`,
  (random) =>
    `${random.pick(['', 'UID '])}${random.pick(['COPY', 'MOVE'])} ${random.pick(sets)} ${random.pick(mailboxes)}`,
  (random) =>
    `${random.pick(['', 'UID '])}FETCH ${random.pick(sets)} ${random.pick(['ALL', 'FULL', 'FAST', 'FLAGS', '()'])}`,
  (random) =>
    `${random.pick(['', 'UID '])}FETCH ${random.pick(sets)} (${Array.from({ length: 1 + random.below(5) }, () => fetchItem(random)).join(' ')})${random.pick(['', '', ' (CHANGEDSINCE 1)', ' (CHANGEDSINCE 1 VANISHED)', ' (PARTIAL -1:-2)', ' (PARTIAL 1:0 CHANGEDSINCE 1)'])}`,
  (random) =>
    `${random.pick(['', 'UID '])}FETCH ${random.pick(sets)} (${Array.from({ length: 1 + random.below(5) }, () => fetchItem(random)).join(' ')})`,
  (random) =>
    `${random.pick(['', 'UID '])}SEARCH ${random.pick(['', '', 'RETURN (ALL) ', 'RETURN (MIN MAX COUNT) ', 'RETURN (SAVE) ', 'RETURN (PARTIAL 1:2 SAVE) ', 'RETURN (PARTIAL -4294967295:-1 COUNT) ', 'RETURN (RELEVANCY ALL) ', 'RETURN () ', 'CHARSET UTF-8 ', 'CHARSET X '])}${searchKey(random, 4)}`,
  (random) => `${random.pick(['', 'UID '])}SEARCH ${searchKey(random, 3)} ${searchKey(random, 2)}`,
  (random) =>
    `${random.pick(['', 'UID '])}SORT ${random.pick(['', 'RETURN (ALL COUNT) '])}(${random.pick(['SUBJECT', 'REVERSE DATE', 'ARRIVAL CC', 'DISPLAYFROM', 'SIZE TO FROM', 'RELEVANCY', ''])}) ${random.pick(['UTF-8', 'US-ASCII', 'X'])} ${searchKey(random, 2)}`,
  (random) =>
    `${random.pick(['', 'UID '])}THREAD ${random.pick(['REFERENCES', 'ORDEREDSUBJECT', 'REFS', 'X'])} UTF-8 ${searchKey(random, 1)}`,
  (random) =>
    `ESEARCH ${random.pick(['', 'IN (personal) ', 'IN (selected) ', 'IN (subscribed inboxes) ', `IN (subtree ${random.pick(mailboxes)}) `, `IN (mailboxes (${random.pick(mailboxes)} INBOX)) `, 'IN () ', 'IN (X) '])}${random.pick(['', 'RETURN (COUNT) ', 'RETURN (SAVE) ', 'RETURN (PARTIAL 1:3 RELEVANCY) '])}${searchKey(random, 2)}`,
  (random) =>
    `UIDBATCHES ${random.pick(['500', '499', '0', '4294967295'])}${random.pick(['', ' 1:2', ' 2:1', ' 1:4294967295', ' 3'])}`,
  (random) =>
    `COMPARATOR ${random.pick(['', 'default', 'i;octet', '"i;*"', '"****************x"', 'i;basic i;ascii-casemap', '""'])}`,
  (random) => `LANGUAGE ${random.pick(['', 'en', 'default', 'X', 'en-a-b-c-d-e-f-g', '"*"', '""', 'mul en'])}`,
  (random) =>
    `SETMETADATA "" (/private/filters/values/a ${random.pick(['"SEEN"', '"FILTER a"', '"OR SEEN"', 'NIL', '{4+}\r\nTO \xc3', '"FUZZY TEXT hello"'])})`,
  (random) =>
    `${random.pick(['APPEND', 'REPLACE 1', 'UID REPLACE 1:2'])} ${random.pick(mailboxes)} CATENATE (${Array.from({ length: random.below(5) }, () => part(random)).join(' ')})${random.oneIn(5) ? ` CATENATE (${part(random)})` : ''}`,
  (random) => `GENURLAUTH ${url(random)} ${random.pick(['INTERNAL', 'internal', 'X', '""'])}`,
  (random) => `URLFETCH ${url(random)} (${url(random)} ${many(random, ['BODY', 'BINARY', 'BODYPARTSTRUCTURE', 'X'])})`,
  (random) => `URLFETCH ${url(random)}`,
  (random) => `RESETKEY${random.pick(['', ' INBOX', ' INBOX INTERNAL', ' INBOX X', ' ""'])}`,
  (random) =>
    `CONVERSIONS ${random.pick(['"*"', 'text/html', '"image/*"', '"/"'])} ${random.pick(['"*"', '"text/*"'])}`,
  (random) =>
    `${random.pick(['', 'UID '])}CONVERT ${random.pick(sets)} (${random.pick(['NIL', '"text/plain"', '"text/html"', '"x/y"'])}${random.pick(['', ' ("charset" "utf-8")', ' (charset us-ascii unknown-character-replacement {1+}\r\n?)', ' (charset utf-16)', ' (x y)'])}) (${many(random, convertItems)})`,
  () => 'EXPUNGE',
  (random) => `UID EXPUNGE ${random.pick(sets)}`,
  (random) => random.pick(['CLOSE', 'UNSELECT', 'UNAUTHENTICATE', 'STARTTLS', 'LOGOUT', 'XYZZY', 'UID', 'UID NOOP']),
]

/** One command, its tag and CRLF included. */
export function generateCommand(random: Random, tag: string): string {
  return `${tag} ${random.pick(makes)(random)}\r\n`
}
