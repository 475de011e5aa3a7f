import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Cursor } from '../wire/cursor.ts'
import { parseSortCriteria } from '../wire/sort-grammar.ts'
import { mailboxOf, type TestMail, withMethods } from './mailbox.test-support.ts'
import type { SearchContext } from './context.ts'
import { orderedBy, sortInSlices } from './slices.ts'
import { sortRows } from './sort.ts'

/** Numbers of messages, from 1, sorted. */
async function sorted(context: SearchContext, criteria: string, rows?: readonly number[]): Promise<number[]> {
  const all = Uint32Array.from(rows ?? context.snapshot.uids, (number) => number - 1)
  return Array.from(await sortRows(all, parseSortCriteria(new Cursor(`(${criteria})`)), context), (row) => row + 1)
}

const mails: readonly TestMail[] = [
  {
    octets:
      'From: "Zoe" <alice@x>\nTo: =?utf-8?Q?=C3=84nne?= <t@x>\nSubject: Re: beta\nDate: 1 Jan 2024 10:00:00 +0200\n\n',
    internalDate: 300,
  },
  { octets: 'From: Bob <carol@x>\nSubject: Alpha\nDate: 1 Jan 2024 09:00:00 +0000\n\nlong text\n', internalDate: 200 },
  { octets: 'From: bob@y\nCc: zed@x, a@x\nSubject: [list] beta (fwd)\n\n', internalDate: 1_704_100_000 },
  { octets: 'Subject: \n\n', internalDate: 100 },
  { octets: 'From: Bob <aaron@x>\nTo: Bert <u@x>\nCc: anna@x\nSubject: ALPHA\nDate: bad\n\n', internalDate: 200 },
]

const tables: readonly (readonly [criteria: string, order: readonly number[]])[] = [
  ['ARRIVAL', [4, 2, 5, 1, 3]],
  ['REVERSE ARRIVAL', [3, 1, 2, 5, 4]], // REVERSE does not turn the order of equal ones
  ['SIZE', [4, 3, 5, 2, 1]],
  // In UTC; without a date that can be read it is the internal date (RFC 5256 §2.2).
  ['DATE', [4, 5, 1, 2, 3]],
  ['REVERSE DATE', [3, 2, 1, 5, 4]],
  ['SUBJECT', [4, 2, 5, 1, 3]],
  ['REVERSE SUBJECT', [1, 3, 2, 5, 4]],
  ['SUBJECT REVERSE DATE', [4, 2, 5, 3, 1]],
  ['FROM', [4, 5, 1, 3, 2]],
  ['CC', [1, 2, 4, 5, 3]],
  ['TO', [2, 3, 4, 1, 5]],
  ['DISPLAYFROM', [4, 2, 5, 3, 1]],
  ['DISPLAYTO', [2, 3, 4, 1, 5]],
  ['SUBJECT ARRIVAL REVERSE FROM', [4, 2, 5, 1, 3]],
]

test('every criterion', async () => {
  const context = await mailboxOf(mails)
  for (const [criteria, order] of tables) {
    assert.deepEqual(await sorted(context, criteria), order, criteria)
    const some = [2, 3, 5]
    const expected = order.filter((number) => some.includes(number))
    assert.deepEqual(await sorted(context, criteria, some), expected, `${criteria} of some`)
  }
  assert.deepEqual(await sorted(context, 'DATE', []), [])
})

test('messages that an older version took in have no sort keys, and are sorted all the same', async () => {
  for (const isOlder of [(): boolean => true, (message: number): boolean => message % 2 === 1]) {
    const context = await mailboxOf(mails)
    const { account } = context
    const asBefore = withMethods(account, {
      async readComputed(kind, messages) {
        const packed = await account.readComputed(kind, messages)
        if (kind !== 'sortKeys') return packed
        const { bytes, offsets } = packed
        const left = Array.from(messages, (message, n) =>
          isOlder(message) ? Buffer.alloc(0) : bytes.subarray(offsets[n], offsets[n + 1]),
        )
        const ends = new Uint32Array(messages.length + 1)
        left.forEach((keys, n) => (ends[n + 1] = ends[n]! + keys.length))
        return { bytes: Buffer.concat(left), offsets: ends }
      },
    })
    for (const [criteria, order] of tables) {
      assert.deepEqual(await sorted({ ...context, account: asBefore }, criteria), order, criteria)
    }
  }
})

test('each column of keys is read once for each message', async () => {
  const context = await mailboxOf(mails)
  const { account } = context
  const asked: number[] = []
  const counted = new Proxy(account, {
    get: (target, name) =>
      name === 'readComputed'
        ? (kind: 'keys', messages: ArrayLike<number>) => {
            asked.push(...Array.from(messages))
            return target.readComputed(kind, messages)
          }
        : Reflect.get(target, name, target),
  })
  const counting = { ...context, account: counted }
  await sorted(counting, 'FROM', [2, 3])
  await sorted(counting, 'ARRIVAL SIZE')
  await sorted(counting, 'FROM', [1, 2, 3])
  await sorted(counting, 'FROM REVERSE FROM')
  await sorted(counting, 'DATE', [5])
  await sorted(counting, 'DATE', [5])
  assert.deepEqual(asked, [2, 3, 1, 4, 5, 5])
})

test('texts sort by code points, not by halves of them', async () => {
  const subjects = ['\u{1f600}', '\ue001', 'a', '\ufffd']
  const context = await mailboxOf(subjects.map((subject) => `Subject: ${subject}\n\n`))
  assert.deepEqual(await sorted(context, 'SUBJECT'), [3, 2, 4, 1])
})

test('sorting in slices is sorting', async () => {
  const numbers = fc
    .integer({ min: 0, max: 9_000 })
    .chain((length) => fc.array(fc.nat(50), { minLength: length, maxLength: length, size: 'max' }))
  await fc.assert(
    fc.asyncProperty(numbers, async (values) => {
      const order = Uint32Array.from(values, (_, place) => place)
      const compare = (a: number, b: number): number => (values[a] ?? 0) - (values[b] ?? 0)
      const expected = [...order].sort(compare)
      let turns = 0
      await sortInSlices(order, compare, () => (++turns % 3 === 0 ? Promise.resolve() : undefined))
      assert.deepEqual([...order], expected)
    }),
    { numRuns: 10 },
  )
})

test('ordering by numbers is sorting, stably and both ways', async () => {
  const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -(2 ** 40), max: 2 ** 40 }))
  await fc.assert(
    fc.asyncProperty(fc.array(value), fc.boolean(), async (values, reverse) => {
      const items = Uint32Array.from(values, (_, place) => 10 * place)
      const sign = reverse ? -1 : 1
      const valueOf = (item: number): number => values[item / 10] ?? 0
      const expected = Array.from(items).sort((a, b) => sign * (valueOf(a) - valueOf(b)))
      const ordered = await orderedBy(items, Float64Array.from(values), reverse, () => undefined)
      assert.deepEqual([...ordered], expected)
    }),
  )
})
