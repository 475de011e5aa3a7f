import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SearchKey } from '../wire/search-grammar.ts'
import { mailboxOf, searchFor, withoutHints, withReadBlob } from './mailbox.test-support.ts'
import { search } from './search.ts'

const name = fc.constantFrom('Subject', 'From', 'TO', 'Message-ID', 'X-One', 'x-two', 'Date', 'su', '!', 'Received')
const value = fc.oneof(
  fc.array(fc.constantFrom('a', 'S', 'subject:', 'é', ' ', ':', '\n ', '!', 'from', '=?utf-8?B?w6k=?=', 'ﬁ'), { maxLength: 6 }), // prettier-ignore
  fc.constantFrom(['x'.repeat(4_000)], ['y'.repeat(90), 'x'.repeat(10_000)], ['ß'.repeat(3_000)]),
)
const line = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(name, value).map(([field, words]) => `${field}: ${words.join('')}\n`) },
  { weight: 1, arbitrary: fc.constantFrom('no field\n', 'Subject:\n', 'Subject : x\n', ': a\n') },
)
const header = fc.array(line, { maxLength: 8 }).map((lines) => lines.join('') + '\nsubject:a\n')
const text = fc.array(fc.constantFrom('a', 's', 'é', ':', ' ', '\n', '!', 'x', 'subject'), { maxLength: 3 })
const key: fc.Arbitrary<SearchKey> = fc.oneof(
  fc.record({
    key: fc.constantFrom('SUBJECT', 'FROM', 'TO'),
    value: text.map((words) => words.join('')),
  }),
  fc.record({
    key: fc.constant('HEADER'),
    field: fc.constantFrom('message-id', 'X-ONE', 'x-two', 'date', 'SU', '!', '', 'sub\nject', 'received', 'x:'),
    value: text.map((words) => words.join('')),
  }),
)

test('the column knows no more and no less than the messages', async () => {
  const inputs = fc.tuple(
    fc.array(header, { minLength: 1, maxLength: 5 }),
    fc.array(key, { minLength: 1, maxLength: 9 }),
  )
  await fc.assert(
    fc.asyncProperty(inputs, async ([mails, keys]) => {
      const context = await mailboxOf(mails)
      const plain = { ...context, account: withoutHints(context.account) }
      for (const one of [...keys, { key: 'OR', left: keys[0]!, right: keys.at(-1)! } as const]) {
        assert.deepEqual(await search(one, context), await search(one, plain), JSON.stringify(one))
      }
    }),
    { numRuns: 80 },
  )
})

test('few messages are read', async () => {
  const mails = ['Subject: a\nX-One: b\n\n', `Subject: ${'ab'.repeat(5_000)}\n\n`, 'From: a\n\n', 'Bcc: c\nDate: d\n\n']
  const context = await mailboxOf(mails)
  const { account } = context
  const read = new Set<number>()
  const counted = {
    ...context,
    account: withReadBlob(account, (message, offset, into) => {
      read.add(message)
      return account.readBlob(message, offset, into)
    }),
  }
  for (const [asked, found, messages] of [
    ['SUBJECT a', [1, 2], [2]],
    ['SUBJECT "bab"', [2], [2]],
    ['HEADER X-One ""', [1], [1]],
    ['HEADER X-Two a', [], []],
    ['HEADER Date d', [4], [1, 2, 3, 4]],
    ['FROM "" NOT SUBJECT q', [3], [2]],
    ['UID 1:3 HEADER Date d', [], [1, 2, 3]],
  ] as const) {
    read.clear()
    assert.deepEqual(await searchFor(counted, asked), found, asked)
    assert.deepEqual([...read], messages, asked)
  }
})
