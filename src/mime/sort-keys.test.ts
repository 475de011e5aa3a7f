import assert from 'node:assert/strict'
import { test } from 'node:test'
import { indexMessage } from './indexer.ts'
import { SortKeysReader } from './sort-keys.ts'

test('sort keys say what the keys of the message say', () => {
  const mails = [
    '',
    'Subject: Re: plan\r\n\r\n',
    'Date: Tue, 1 Jul 2003 10:52:37 +0200\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\ntext',
  ]
  const indexed = mails.map((mail) => indexMessage(Buffer.from(mail)))
  const reader = new SortKeysReader(Buffer.concat(indexed.map(({ sortKeys }) => sortKeys)))
  let start = 0
  for (const { keys, sortKeys } of indexed) {
    const end = start + sortKeys.length
    assert.equal(reader.open(start, end), true)
    assert.equal(reader.sentDate, keys.sentDate ?? NaN)
    assert.equal(reader.sentDay, keys.sentDay ?? NaN)
    assert.equal(reader.isReplyOrForward, keys.isReplyOrForward)
    assert.equal(reader.bytes.toString('utf8', reader.subjectStart, end), keys.baseSubject)
    start = end
  }
})

test('messages of older versions have no sort keys, and octets of another version are none', () => {
  const reader = new SortKeysReader(Buffer.alloc(40, 2))
  assert.equal(reader.open(7, 7), false)
  assert.throws(() => reader.open(0, 40), RangeError)
  assert.throws(() => reader.open(0, 10), RangeError)
})
