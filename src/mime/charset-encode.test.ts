import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeText } from './charset.ts'
import { encodeText, Inexpressible, isWritableCharset } from './charset-encode.ts'

test('text in charsets', () => {
  const rows: readonly (readonly [text: string, charset: string, octets: string, replacement?: string])[] = [
    ['aä€', 'utf-8', '61c3a4e282ac'],
    ['aä', 'ISO-8859-1', '61e4'],
    ['€', 'iso-8859-15', 'a4'],
    ['ł', 'iso-8859-2', 'b3'],
    ['abc', 'us-ascii', '616263'],
    ['aä€b', 'us-ascii', '613f3f62', '?'],
    ['a😀b', 'us-ascii', '612d2d62', '--'],
    ['ä', 'us-ascii', '', ''],
    ['я', 'koi8-r', 'd1'],
    ['я', 'windows-1251', 'ff'],
    ['日', 'shift_jis', '93fa'],
    ['?€', 'us-ascii', '3f21', '!'],
  ]
  for (const [text, charset, octets, replacement] of rows) {
    assert.equal(encodeText(text, charset, replacement).toString('hex'), octets, `${text} in ${charset}`)
  }
})

test('what a charset does not have', () => {
  assert.throws(() => encodeText('aä', 'us-ascii'), new Inexpressible('ä'))
  assert.throws(() => encodeText('😀', 'iso-8859-1'), new Inexpressible('😀'))
  assert.throws(() => encodeText('a', 'us-ascii', 'ä'), new Inexpressible('ä'))
})

test('what is no charset to write', () => {
  for (const charset of ['', 'base64', 'hex', 'binary', 'x-nope', 'utf-8\r\n', 'unknown-8bit']) {
    assert.equal(isWritableCharset(charset), false, charset)
    assert.throws(() => encodeText('a', charset), RangeError, charset)
  }
})

test('every charset that CONVERT must read can be written, too', () => {
  for (const part of [1, 2, 3, 4, 5, 6, 7, 8, 15]) {
    const charset = `iso-8859-${part}`
    const all =
      decodeText(
        Uint8Array.from({ length: 0x5f }, (_, code) => 0xa0 + code),
        charset,
      ) ?? ''
    const text = all.replaceAll('\ufffd', '')
    assert.ok(text.length > 30, charset)
    assert.equal(decodeText(encodeText(text, charset), charset), text, charset)
  }
})
