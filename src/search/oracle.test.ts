/** Random mail and random searches, against a matcher that knows the mail from its making and reads no octets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SearchKey } from '../wire/search-grammar.ts'
import { mailboxOf, type TestMail } from './mailbox.test-support.ts'
import { search } from './search.ts'

// No letter here has capitals of its own kind or a mark, so that folding is what anyone would write.
const letters = ['a', 'B', 'b', ' ', 'é', 'É', 'Ж', 'ж', '語', '.', '=', '-']
const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...letters), { maxLength }).map((chars) => chars.join(''))

interface Leaf {
  readonly text: string
  readonly encoding: '8bit' | 'base64' | 'quoted-printable'
}
interface Mail {
  readonly subject: string | undefined
  readonly to: string
  /** From 1970-01-01. */
  readonly sentDay: number | undefined
  readonly day: number
  readonly seen: boolean
  readonly keyword: boolean
  readonly leaves: readonly Leaf[]
}

const leaf: fc.Arbitrary<Leaf> = fc.record({
  text: text(30),
  encoding: fc.constantFrom('8bit', 'base64', 'quoted-printable'),
})
const mail: fc.Arbitrary<Mail> = fc.record({
  subject: fc.option(text(10), { nil: undefined }),
  to: text(6),
  sentDay: fc.option(fc.nat(4), { nil: undefined }),
  day: fc.nat(4),
  seen: fc.boolean(),
  keyword: fc.boolean(),
  leaves: fc.array(leaf, { minLength: 1, maxLength: 3 }),
})

/** A text as encoded words, cut anywhere. */
function encodedWords(value: string): string {
  if (value === '') return ''
  const octets = Buffer.from(value)
  const middle = octets.length >> 1
  return [octets.subarray(0, middle), octets.subarray(middle)]
    .map((half) => `=?utf-8?B?${half.toString('base64')}?=`)
    .join('\n ')
}

function encodedBody({ text: body, encoding }: Leaf): string {
  const octets = Buffer.from(body)
  if (encoding === '8bit') return body
  if (encoding === 'base64') return octets.toString('base64').replace(/.{8}(?=.)/g, '$&\n')
  return [...octets].map((octet, n) => '=' + octet.toString(16).toUpperCase().padStart(2, '0') + (n % 9 === 8 ? '=\n' : '')).join('') // prettier-ignore
}

type Field = readonly [name: string, value: string]

const partFields = ({ encoding }: Leaf): Field[] => [
  ['Content-Type', 'text/plain; charset=utf-8'],
  ['Content-Transfer-Encoding', encoding],
]

/** The fields of the message's own header, decoded. */
function ownFields({ subject, to, sentDay, leaves }: Mail): Field[] {
  const fields: Field[] = [['To', to]]
  if (subject !== undefined) fields.push(['Subject', subject])
  if (sentDay !== undefined) fields.push(['Date', `${sentDay + 1} Jan 1970 23:00:00 -0500`])
  const [only, second] = leaves
  if (second || !only) fields.push(['Content-Type', 'multipart/mixed; boundary=q'])
  else fields.push(...partFields(only))
  return fields
}

function octetsOf(made: Mail): string {
  const header = ownFields(made).map(([name, value]) => {
    const isText = name === 'To' || name === 'Subject'
    return `${name}: ${isText ? encodedWords(value) : value}\n`
  })
  const [only, second] = made.leaves
  if (only && !second) return header.join('') + '\n' + encodedBody(only)
  const parts = made.leaves.map((part) => {
    const fields = partFields(part).map(([name, value]) => `${name}: ${value}\n`)
    return `--q\n${fields.join('')}\n${encodedBody(part)}\n`
  })
  return header.join('') + '\n' + parts.join('') + '--q--\n'
}

const folded = (value: string): string => value.toUpperCase().normalize('NFKD')
const has = (value: string, needle: string): boolean => folded(value).includes(folded(needle))

/** Whether a message matches, by what it was made of. */
function matches(key: SearchKey, made: Mail, number: number): boolean {
  const inBody = (needle: string): boolean => needle === '' || made.leaves.some((part) => has(part.text, needle))
  const inField = (name: string, needle: string): boolean =>
    ownFields(made).some(([field, value]) => folded(field) === folded(name) && has(value, needle))
  switch (key.key) {
    case 'AND':
      return key.operands.every((operand) => matches(operand, made, number))
    case 'OR':
      return matches(key.left, made, number) || matches(key.right, made, number)
    case 'NOT':
      return !matches(key.operand, made, number)
    case 'SUBJECT':
    case 'TO':
      return inField(key.key, key.value)
    case 'HEADER':
      return inField(key.field, key.value)
    case 'BODY':
      return inBody(key.value)
    case 'TEXT': {
      const fields = [...ownFields(made), ...(made.leaves.length > 1 ? made.leaves.flatMap(partFields) : [])]
      return inBody(key.value) || fields.some(([name, value]) => has(`${name}: ${value}`, key.value))
    }
    case 'FLAG':
      return (key.flag === 'Work' ? made.keyword : made.seen) === key.present
    case 'SENTBEFORE':
      return made.sentDay !== undefined && made.sentDay < key.days
    case 'SENTON':
      return made.sentDay === key.days
    case 'SENTSINCE':
      return made.sentDay !== undefined && made.sentDay >= key.days
    case 'BEFORE':
      return made.day < key.days
    case 'ON':
      return made.day === key.days
    case 'SINCE':
      return made.day >= key.days
    case 'SEQUENCE':
      return key.set.ranges.some(([first, last]) => number >= first && number <= last)
    case 'UIDAFTER':
      return number > key.uid
    case 'UIDBEFORE':
      return number < key.uid
    case 'X-GM-LABELS':
    case 'X-GM-MSGID':
    case 'X-GM-RAW':
    case 'X-GM-THRID':
    case 'ALL':
    case 'BCC':
    case 'CC':
    case 'EMAILID':
    case 'FILTER':
    case 'FUZZY':
    case 'FROM':
    case 'LARGER':
    case 'MODSEQ':
    case 'NEW':
    case 'OLD':
    case 'OLDER':
    case 'RECENT':
    case 'SAVEDATESUPPORTED':
    case 'SAVEDBEFORE':
    case 'SAVEDON':
    case 'SAVEDSINCE':
    case 'SMALLER':
    case 'THREADID':
    case 'UID':
    case 'YOUNGER':
      throw new Error(`not generated: ${key.key}`)
  }
}

const { key: randomKey } = fc.letrec<{ key: SearchKey; leaf: SearchKey }>((tie) => ({
  leaf: fc.oneof(
    fc.record({ key: fc.constantFrom('SUBJECT', 'TO', 'BODY', 'TEXT'), value: text(3) }),
    fc.record({
      key: fc.constant('HEADER'),
      field: fc.constantFrom('to', 'DATE', 'x', 'content-type'),
      value: text(2),
    }),
    fc.record({ key: fc.constant('FLAG'), flag: fc.constantFrom('\\Seen', 'Work'), present: fc.boolean() }),
    fc.record({
      key: fc.constantFrom('SENTBEFORE', 'SENTON', 'SENTSINCE', 'BEFORE', 'ON', 'SINCE'),
      days: fc.nat(5),
    }),
    fc.record({ key: fc.constantFrom('UIDAFTER', 'UIDBEFORE'), uid: fc.integer({ min: 1, max: 7 }) }),
    fc.tuple(fc.integer({ min: 1, max: 6 }), fc.nat(3)).map(([first, more]): SearchKey => ({
      key: 'SEQUENCE',
      set: { saved: false, ranges: [[first, first + more]] },
    })),
  ),
  key: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.record({ key: fc.constant('NOT'), operand: tie('key') }),
    fc.record({ key: fc.constant('OR'), left: tie('key'), right: tie('key') }),
    fc.record({ key: fc.constant('AND'), operands: fc.array(tie('key'), { minLength: 1, maxLength: 4 }) }),
  ),
}))

test('what is found is what matches', async () => {
  const inputs = fc.tuple(fc.array(mail, { maxLength: 6 }), fc.array(randomKey, { minLength: 1, maxLength: 8 }))
  await fc.assert(
    fc.asyncProperty(inputs, async ([mails, keys]) => {
      const stored = mails.map((made): TestMail => {
        const flags = [...(made.seen ? ['\\Seen'] : []), ...(made.keyword ? ['work'] : [])]
        return { octets: octetsOf(made), flags, internalDate: made.day * 86_400 + 4711 }
      })
      const context = await mailboxOf(stored)
      for (const key of keys) {
        const expected = mails.flatMap((made, n) => (matches(key, made, n + 1) ? [n + 1] : []))
        assert.deepEqual(
          Array.from(await search(key, context), (row) => row + 1),
          expected,
          JSON.stringify(key),
        )
      }
    }),
    { numRuns: 60 },
  )
})
