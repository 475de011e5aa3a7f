import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { indexMessage } from './indexer.ts'
import { maxHeaderOctets } from './limits.ts'
import { threadKeysOf } from './thread-keys.ts'

const rows: readonly { readonly name: string; readonly mail: string; readonly keys: object }[] = [
  { name: 'nothing', mail: '', keys: { messageId: undefined, references: [] } },
  { name: 'no header', mail: '\r\nMessage-ID: <a@b>\r\n', keys: { messageId: undefined, references: [] } },
  {
    name: 'a reply',
    mail: 'Message-ID: <c@d>\r\nReferences: <a@b>\r\n <"b"@b>\r\n\r\ntext',
    keys: { messageId: 'c@d', references: ['a@b', 'b@b'] },
  },
  {
    name: 'bare line feeds, and a header that ends with the message',
    mail: 'message-id : c@d\nIn-Reply-To: <a@b> <b@b>',
    keys: { messageId: 'c@d', references: ['a@b'] },
  },
]

for (const { name, mail, keys } of rows) {
  test(`thread keys: ${name}`, () => assert.deepEqual(threadKeysOf(Buffer.from(mail)), keys))
}

test('thread keys are those that indexing finds', () => {
  const piece = fc.constantFrom(
    'Message-ID: ', 'References: ', 'in-reply-to:', 'Subject: x', '<a@b>', '<"c d"@e>', ' ', '\t', '\r\n', '\n', '\r',
    '--b\r\n', 'Content-Type: multipart/mixed; boundary=b', '\0', ':',
  ) // prettier-ignore
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const octets = Buffer.from(pieces.join(''), 'latin1')
      const { messageId, references } = indexMessage(octets).keys
      assert.deepEqual(threadKeysOf(octets), { messageId, references })
    }),
    { numRuns: 300 },
  )
})

test('thread keys behind the limit of a header are not seen', () => {
  const long = 'X: y\r\n'.repeat(maxHeaderOctets / 6)
  const octets = Buffer.from(`References: <a@b>\r\n${long}Message-ID: <c@d>\r\n\r\n`)
  const { messageId, references } = indexMessage(octets).keys
  assert.deepEqual(threadKeysOf(octets), { messageId, references })
  assert.deepEqual(threadKeysOf(octets), { messageId: undefined, references: ['a@b'] })
})
