import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Cursor } from './cursor.ts'
import { astring, base64, decodeBase64, maxQuotedLength, nstring, string, utf8ToWire, wireToUtf8 } from './strings.ts'

test('the form fits the content', () => {
  const rows: [string, string, string][] = [
    ['abc', 'abc', '"abc"'],
    ['a]', 'a]', '"a]"'],
    ['', '""', '""'],
    ['nil', '"nil"', '"nil"'],
    ['a b"\\', '"a b\\"\\\\"', '"a b\\"\\\\"'],
    ['\xe4', '{1}\r\n\xe4', '{1}\r\n\xe4'],
    ['a\r\n', '{3}\r\na\r\n', '{3}\r\na\r\n'],
  ]
  for (const [text, asAstring, asString] of rows) {
    assert.equal(astring(text), asAstring)
    assert.equal(string(text), asString)
  }
  assert.equal(nstring(undefined), 'NIL')
  assert.equal(nstring('NIL'), '"NIL"')
  assert.ok(astring('x'.repeat(maxQuotedLength + 1)).startsWith('{'))
})

test('what is written is read back', () => {
  const octets = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes.filter(Boolean)).toString('latin1'))
  fc.assert(
    fc.property(octets, (text) => {
      assert.equal(new Cursor(astring(text)).astring(''), text)
      assert.equal(new Cursor(string(text)).nstring(''), text)
    }),
  )
})

test('UTF-8 comes in and goes out', () => {
  assert.equal(utf8ToWire('ä'), '\xc3\xa4')
  assert.equal(wireToUtf8('\xc3\xa4'), 'ä')
  for (const malformed of ['\xc3', '\xe4', '\xc0\x80', '\xed\xa0\x80', '\xf4\x90\x80\x80']) {
    assert.equal(wireToUtf8(malformed), undefined)
  }
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(wireToUtf8(utf8ToWire(text)), text)))
})

test('base64 is strict', () => {
  assert.equal(base64(Uint8Array.of(1, 2)), 'AQI=')
  assert.deepEqual(decodeBase64('AQI='), Buffer.of(1, 2))
  assert.deepEqual(decodeBase64(''), Buffer.alloc(0))
  for (const wrong of ['A', 'AQI', 'AQ==AQ==', '====', 'AQ=I', 'AQ-_', 'AQ I']) {
    assert.equal(decodeBase64(wrong), undefined, wrong)
  }
})
