import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fold, foldAscii } from './casemap.ts'
import { decodeText, decodeTextOrGuess, isKnownCharset } from './charset.ts'
import { parseContentType } from './content.ts'
import { isKnownEncoding, TransferDecoder } from './decode.ts'
import { decodeHeaderValue } from './encoded-word.ts'
import { decodedParameter } from './parameters.ts'

const octets = (text: string): Buffer => Buffer.from(text, 'latin1')

function decode(encoding: string, pieces: readonly Buffer[]): string {
  const decoder = new TransferDecoder(encoding)
  return Buffer.concat([...pieces.map((piece) => Buffer.from(decoder.write(piece))), decoder.end()]).toString('latin1')
}

const encoded: readonly (readonly [encoding: string, encoded: string, decoded: string])[] = [
  ['7bit', 'a=20\r\n', 'a=20\r\n'],
  ['8bit', '\xe4\0', '\xe4\0'],
  ['base64', 'YWJj', 'abc'],
  ['base64', 'YW\r\nJj\r\nZA==\r\n', 'abcd'],
  ['base64', 'YQ==YmM=', 'abc'],
  ['base64', 'Y-W!Jj', 'abc'],
  ['base64', 'YWI', 'ab'],
  ['base64', 'YWJjZ', 'abc'],
  ['base64', '', ''],
  ['quoted-printable', 'a=3Db=3dc', 'a=b=c'],
  ['quoted-printable', 'a=\r\nb=\nc', 'abc'],
  ['quoted-printable', 'a= \t\r\nb', 'ab'],
  ['quoted-printable', 'a  \t\r\nb \nc ', 'a\r\nb\nc'],
  ['quoted-printable', 'a b\tc', 'a b\tc'],
  ['quoted-printable', 'a=4', 'a=4'],
  ['quoted-printable', 'a=zz=', 'a=zz'],
  ['quoted-printable', '=\r', '=\r'],
  ['quoted-printable', 'a \rb', 'a \rb'],
  ['quoted-printable', '\xe4=E4', '\xe4\xe4'],
]

test('transfer encodings, whole and cut anywhere', () => {
  for (const [encoding, from, to] of encoded) {
    const input = octets(from)
    assert.equal(decode(encoding, [input]), to, from)
    assert.equal(
      decode(
        encoding,
        Array.from(input.keys(), (at) => input.subarray(at, at + 1)),
      ),
      to,
      from,
    )
    for (let cut = 0; cut <= input.length; cut++) {
      assert.equal(decode(encoding, [input.subarray(0, cut), input.subarray(cut)]), to, `${from} cut at ${cut}`)
    }
  }
})

test('base64 of anything', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(50), (content, cut) => {
      const text = octets(Buffer.from(content).toString('base64'))
      const decoded = decode('base64', [text.subarray(0, cut), text.subarray(cut)])
      assert.equal(decoded, Buffer.from(content).toString('latin1'))
    }),
    { numRuns: 50 },
  )
})

test('quoted-printable in any pieces', () => {
  const piece = fc.constantFrom('=', '=3D', 'a', ' ', '\t', '\r', '\n', '\r\n', '4', ' '.repeat(1200))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(40), { maxLength: 4 }), (pieces, cuts) => {
      const input = octets(pieces.join(''))
      const ends = [...cuts.sort((a, b) => a - b), input.length]
      const parts = ends.map((end, n) => input.subarray(ends[n - 1] ?? 0, end))
      assert.equal(decode('quoted-printable', parts), decode('quoted-printable', [input]))
    }),
    { numRuns: 200 },
  )
})

test('unknown transfer encodings', () => {
  assert.equal(isKnownEncoding('x-uuencode'), false)
  assert.throws(() => new TransferDecoder('x-uuencode'), RangeError)
})

const charsets: readonly (readonly [charset: string, octets: string, text: string | undefined])[] = [
  ['UTF-8', '\xc3\xa9', 'é'],
  ['iso-8859-1', '\xe9', 'é'],
  ['"iso-8859-15"', '\xa4', '€'],
  ['iso_8859-1', '\xe9', 'é'],
  ['cp932', '\x82\xa0', 'あ'],
  ['iso-2022-jp', '\x1b$B$"\x1b(B', 'あ'],
  ['ks_c_5601-1987', '\xb0\xa1', '가'],
  ['gb2312', '\xb0\xa1', '啊'],
  ['koi8-r', '\xc1', 'а'],
  ['utf-7', '+AOk-', 'é'],
  ['cp850', '\x82', 'é'],
  ['utf-16le', 'a\0', 'a'],
  ['us-ascii*en', 'a', 'a'],
  ['x-unknown', 'a', undefined],
  ['', 'a', undefined],
  ['hex', 'a', undefined],
]

test('charsets', () => {
  for (const [charset, from, to] of charsets) {
    assert.equal(decodeText(octets(from), charset), to, charset)
    assert.equal(isKnownCharset(charset), to !== undefined, charset)
  }
  assert.equal(decodeTextOrGuess(octets('\xc3\xa9'), undefined), 'é')
  assert.equal(decodeTextOrGuess(octets('\xe9\x80'), 'us-ascii'), 'é€')
  assert.equal(decodeTextOrGuess(octets('\xe9'), 'no-such'), 'é')
})

test('no charset name makes decoding throw', () => {
  fc.assert(
    fc.property(fc.string(), fc.uint8Array(), (name, content) => void decodeText(content, name)),
    { numRuns: 100 },
  )
})

// The first ones are the examples of RFC 2047 §8.
const headerValues: readonly (readonly [value: string, text: string])[] = [
  ['(=?ISO-8859-1?Q?a?=)', '(a)'],
  ['=?ISO-8859-1?Q?a?= b', 'a b'],
  ['=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=', 'ab'],
  ['=?ISO-8859-1?Q?a?=  \t =?ISO-8859-2?Q?_b?=', 'a b'],
  ['=?ISO-8859-1?Q?a_b?=', 'a b'],
  ['=?utf-8?B?w6k=?=', 'é'],
  ['=?utf-8?B?ww==?= =?utf-8?B?qQ==?=', 'é'],
  ['=?utf-8?Q?=C3?= =?UTF-8?q?=A9?=', 'é'],
  ['=?utf-8*fr?Q?=C3=A9?=', 'é'],
  ['=?no-such?Q?a?= b', '=?no-such?Q?a?= b'],
  ['=?utf-8?Q?a?= =?no-such?Q?b?=', 'a =?no-such?Q?b?='],
  ['=?utf-8?X?a?=', '=?utf-8?X?a?='],
  ['=?utf-8?Q?unclosed', '=?utf-8?Q?unclosed'],
  ['=?utf-8?Q?with blank?=', 'with blank'],
  ['a=?utf-8?Q?b?=c', 'abc'],
  ['caf\xc3\xa9', 'café'],
  ['caf\xe9', 'café'],
  ['=?utf-8?Q?a?= \xe9', 'a é'],
  ['=?ISO-2022-JP?B?GyRCJUYlOSVIGyhC?= =?ISO-2022-JP?B?GyRCJUYlOSVIGyhC?=', 'テストテスト'],
  ['', ''],
]

test('header values', () => {
  for (const [value, text] of headerValues) assert.equal(decodeHeaderValue(octets(value)), text, value)
})

const parameters: readonly (readonly [field: string, name: string | undefined])[] = [
  ['a/b', undefined],
  ['a/b; name=x', 'x'],
  ['a/b; name*=utf-8\'en\'%e2%82%ac', '€'],
  ['a/b; name*0*=utf-8\'\'%e2%82; name*1*=%ac; name*2=" x"', '€ x'],
  ['a/b; name=plain; name*=iso-8859-1\'\'%e9', 'é'],
  ['a/b; name*=no-such\'\'%e9; name=plain', 'plain'],
  ['a/b; name="=?utf-8?Q?=C3=A9?="', 'é'],
] // prettier-ignore

test('parameters for people', () => {
  for (const [field, name] of parameters) {
    assert.equal(decodedParameter(parseContentType(field)?.parameters ?? [], 'name'), name, field)
  }
})

const folded: readonly (readonly [text: string, folded: string])[] = [
  ['abc XYZ 1', 'ABC XYZ 1'],
  ['é', 'E\u0301'],
  ['É', 'E\u0301'],
  // RFC 5051 §2: titlecase ǅ, then decomposed all the way.
  ['Ǆ', 'Dz\u030c'],
  ['ǆ', 'Dz\u030c'],
  // No titlecase of its own: the full one (SS) does not count.
  ['ß', 'ß'],
  ['ẞ', 'ẞ'],
  ['ﬁ', 'fi'],
  ['ς', 'Σ'],
  ['σ', 'Σ'],
  ['ᾳ', 'Α\u0345'],
  ['ა', 'ა'],
  ['Å', 'A\u030a'],
  ['①', '1'],
  ['𐐨', '𐐀'],
  ['aßb', 'AßB'],
]

test('i;unicode-casemap', () => {
  for (const [text, expected] of folded) assert.equal(fold(text), expected, text)
  assert.equal(foldAscii('aé'), 'Aé')
})

test('folding holds for parts of a text', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => assert.ok(fold(a + b).startsWith(fold(a)))),
    { numRuns: 100 },
  )
})
