import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cursor } from './cursor.ts'
import { type MailboxFilter, parseMailboxFilter, parseSearchSources } from './mailbox-filter.ts'
import { BadSyntax } from './syntax-error.ts'

test('which mailboxes', () => {
  const rows: readonly (readonly [string, MailboxFilter])[] = [
    ['Selected', { which: 'selected' }],
    ['selected-delayed', { which: 'selected-delayed' }],
    ['INBOXES', { which: 'inboxes' }],
    ['personal', { which: 'personal' }],
    ['subscribed', { which: 'subscribed' }],
    ['subtree a', { which: 'subtree', names: ['a'] }],
    ['subtree-one ("a b" {1}\r\nc)', { which: 'subtree-one', names: ['a b', 'c'] }],
    ['mailboxes (INBOX)', { which: 'mailboxes', names: ['INBOX'] }],
  ]
  for (const [text, filter] of rows) assert.deepEqual(parseMailboxFilter(new Cursor(text)), filter, text)
  for (const text of ['', 'all', 'mailboxes', 'mailboxes ()', 'subtree ', 'subtree(a)']) {
    assert.throws(() => parseMailboxFilter(new Cursor(text)), BadSyntax, text)
  }
})

test('where to search', () => {
  assert.equal(parseSearchSources(new Cursor('INBOX')), undefined)
  assert.deepEqual(parseSearchSources(new Cursor('in (selected subtree a) ALL')), [
    { which: 'selected' },
    { which: 'subtree', names: ['a'] },
  ])
  for (const text of [
    'IN ()',
    'IN selected ALL',
    'IN (selected-delayed) ALL',
    'IN (selected (x)) ALL',
    'IN (selected)',
  ]) {
    assert.throws(() => parseSearchSources(new Cursor(text)), BadSyntax, text)
  }
})
