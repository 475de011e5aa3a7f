import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkBodyStructure, checkEnvelope } from './grammar.test-support.ts'
import { indexMessage, MessageIndexer } from './indexer.ts'
import { decodeKeys } from './keys.ts'
import { maxDepth, maxParts } from './limits.ts'
import type { IndexedMessage, Part } from './message.ts'
import { decodeParts } from './parts.ts'

const octets = (text: string): Buffer => Buffer.from(text, 'latin1')

/** Hands the message over in pieces that end at `cuts`. */
function inPieces(message: Buffer, cuts: readonly number[]): IndexedMessage {
  const indexer = new MessageIndexer()
  let start = 0
  for (const cut of [...cuts, message.length]) {
    const piece = Buffer.from(message.subarray(start, cut))
    indexer.write(piece)
    piece.fill(0x2d) // the indexer must not lean on octets it was lent
    start = cut
  }
  return indexer.end()
}

/** What must be so for every message whatsoever. */
function checkInvariants(message: Buffer, indexed: IndexedMessage): void {
  assert.equal(indexed.size, message.length)
  const { root } = indexed
  assert.equal(root.headerStart, 0)
  assert.equal(root.bodyEnd, message.length)
  const check = (part: Part): void => {
    assert.ok(part.headerStart <= part.bodyStart && part.bodyStart <= part.bodyEnd)
    const body = message.subarray(part.bodyStart, part.bodyEnd)
    assert.equal(part.lines, body.filter((octet) => octet === 0x0a).length)
    let before = part.bodyStart
    for (const child of part.children) {
      assert.ok(
        before <= child.headerStart && child.bodyEnd <= part.bodyEnd,
        'children lie in a row inside their parent',
      )
      before = child.bodyEnd
      check(child)
    }
  }
  check(root)
  assert.deepEqual(decodeParts(indexed.parts), root)
  assert.deepEqual(decodeKeys(indexed.encodedKeys), indexed.keys)
  checkEnvelope(indexed.envelope.toString('latin1'))
  checkBodyStructure(indexed.body.toString('latin1'), false)
  checkBodyStructure(indexed.bodyStructure.toString('latin1'), true)
  assert.ok(Array.from(indexed.preview.toString()).length <= 200)
}

/** The tree as text: type, header, body and lines of each part. */
function outline(message: Buffer, part: Part): unknown[] {
  const slice = (start: number, end: number): string => message.toString('latin1', start, end)
  const own = [
    `${part.type}/${part.subtype}`,
    slice(part.headerStart, part.bodyStart),
    part.children.length > 0 ? '' : slice(part.bodyStart, part.bodyEnd),
    part.lines,
  ]
  return part.children.length === 0 ? own : [...own, part.children.map((child) => outline(message, child))]
}

const mixed = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n'

/** A message, and the outline it has. */
const tables: readonly (readonly [what: string, message: string, outline: unknown])[] = [
  ['nothing', '', ['text/plain', '', '', 0]],
  ['an empty line', '\r\n', ['text/plain', '\r\n', '', 0]],
  ['an empty line with a body', '\r\nx', ['text/plain', '\r\n', 'x', 0]],
  ['a lone LF as empty line', '\nx\ny\n', ['text/plain', '\n', 'x\ny\n', 2]],
  ['a header only', 'A: b\r\n', ['text/plain', 'A: b\r\n', '', 0]],
  ['a header without line end', 'A: b', ['text/plain', 'A: b', '', 0]],
  ['a CR at the very end', 'A: b\r\n\r', ['text/plain', 'A: b\r\n\r', '', 0]],
  ['CRs alone', 'A: b\rB: c\r\rx', ['text/plain', 'A: b\rB: c\r\rx', '', 0]],
  ['no empty line', 'A: b\r\nsome text\r\nmore', ['text/plain', 'A: b\r\nsome text\r\nmore', '', 0]],
  [
    'two parts, preamble and epilogue',
    mixed + 'pre\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\ntwo\r\n2\r\n--b--\r\nepi\r\n--b\r\n\r\nno',
    ['multipart/mixed', mixed, '', 13, [
      ['text/plain', '\r\n', 'one', 0],
      ['text/html', 'Content-Type: text/html\r\n\r\n', 'two\r\n2', 1],
    ]],
  ],
  ['lines that end in LF', mixed + '--b\n\none\n--b--\n', ['multipart/mixed', mixed, '', 4, [['text/plain', '\n', 'one', 0]]]],
  ['blanks behind a boundary', mixed + '--b \t\r\n\r\none\r\n--b-- \r\n', ['multipart/mixed', mixed, '', 4, [['text/plain', '\r\n', 'one', 0]]]],
  ['a part that is not closed', mixed + '--b\r\n\r\none', ['multipart/mixed', mixed, '', 2, [['text/plain', '\r\n', 'one', 0]]]],
  ['a boundary that is cut off', mixed + '--b\r\n\r\none\r\n--b', ['multipart/mixed', mixed, '', 3, [['text/plain', '\r\n', 'one', 0]]]],
  ['a part that ends in its header', mixed + '--b\r\nA: b\r\n--b--', ['multipart/mixed', mixed, '', 2, [['text/plain', 'A: b\r\n', '', 0]]]],
  ['an empty part', mixed + '--b\r\n\r\n--b--', ['multipart/mixed', mixed, '', 2, [['text/plain', '\r\n', '', 0]]]],
  ['a part of nothing', mixed + '--b\r\n--b--', ['multipart/mixed', mixed, '', 1, [['text/plain', '', '', 0]]]],
  ['no boundary parameter', 'Content-Type: multipart/mixed\r\n\r\n--b\r\n', ['text/plain', 'Content-Type: multipart/mixed\r\n\r\n', '--b\r\n', 1]],
  ['no boundary line', mixed + 'text\r\n', ['multipart/mixed', mixed, '', 1, [['text/plain', '', 'text\r\n', 1]]]],
  ['closed before it began', mixed + '--b--\r\ntext', ['multipart/mixed', mixed, '', 1, [['text/plain', '', '--b--\r\ntext', 1]]]],
  [
    'boundaries that are prefixes of others',
    mixed + '--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\n1\r\n--bb--\r\n--bbc\r\n--b\r\n\r\n2\r\n--b--\r\n',
    ['multipart/mixed', mixed, '', 12, [
      ['multipart/mixed', 'Content-Type: multipart/mixed; boundary=bb\r\n\r\n', '', 3, [['text/plain', '\r\n', '1', 0]]],
      ['text/plain', '', '', 0],
      ['text/plain', '\r\n', '2', 0],
    ]],
  ],
  [
    'an inner multipart that the outer boundary ends',
    mixed + '--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--',
    ['multipart/mixed', mixed, '', 9, [
      ['multipart/mixed', 'Content-Type: multipart/mixed; boundary=c\r\n\r\n', '', 2, [['text/plain', '\r\n', '1', 0]]],
      ['text/plain', '\r\n', '2', 0],
    ]],
  ],
  [
    'a digest',
    'Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: x\r\n\r\nhi\r\n--b--',
    ['multipart/digest', 'Content-Type: multipart/digest; boundary=b\r\n\r\n', '', 5, [
      ['message/rfc822', '\r\n', '', 2, [['text/plain', 'Subject: x\r\n\r\n', 'hi', 0]]],
    ]],
  ],
  [
    'a nested message that is only a header',
    mixed + '--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n--b--',
    ['multipart/mixed', mixed, '', 5, [
      ['message/rfc822', 'Content-Type: message/rfc822\r\n\r\n', '', 2, [['text/plain', 'Subject: x\r\n\r\n', '', 0]]],
    ]],
  ],
  [
    'a nested message that is encoded',
    'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQTogYg==',
    ['message/rfc822', 'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n', 'QTogYg==', 0],
  ],
  ['NULs', 'A: \0b\r\n\r\n\0\n', ['text/plain', 'A: \0b\r\n\r\n', '\0\n', 1]],
] // prettier-ignore

for (const [what, text, expected] of tables) {
  test(`structure of ${what}`, () => {
    const message = octets(text)
    const whole = indexMessage(message)
    checkInvariants(message, whole)
    assert.deepEqual(outline(message, whole.root), expected)
    for (let first = 0; first <= message.length; first++) {
      assert.deepEqual(inPieces(message, [first]), whole, `cut at ${first}`)
      assert.deepEqual(inPieces(message, [first, Math.min(first + 1, message.length)]), whole, `octet ${first} alone`)
    }
    assert.deepEqual(inPieces(message, [...message.keys()]), whole, 'octet by octet')
  })
}

test('an indexer that has ended takes no more', () => {
  const indexer = new MessageIndexer()
  indexer.end()
  assert.throws(() => indexer.write(octets('x')))
  assert.throws(() => indexer.end())
})

test('messages that are nested too deep end in a leaf', () => {
  const message = octets('Content-Type: message/rfc822\r\n\r\n'.repeat(200) + 'x')
  const indexed = indexMessage(message)
  checkInvariants(message, indexed)
  let depth = 1
  for (let part = indexed.root.children[0]; part; part = part.children[0]) depth++
  assert.equal(depth, maxDepth)
})

test('multiparts that are nested too deep end in a leaf', () => {
  let text = ''
  for (let n = 0; n < 100; n++) text += `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`
  checkInvariants(octets(text), indexMessage(octets(text)))
})

test('too many parts: the rest belongs to the last', () => {
  const message = octets(mixed + '--b\r\n\r\nx\r\n'.repeat(maxParts + 5))
  const indexed = indexMessage(message)
  checkInvariants(message, indexed)
  assert.equal(indexed.root.children.length, maxParts - 1)
  assert.equal(indexed.root.children.at(-1)?.bodyEnd, message.length)
})

test('fields behind the limit of a header are not seen, offsets stay right', () => {
  const message = octets('Subject: seen\r\n' + 'X: 0123456789\r\n'.repeat(20_000) + 'From: a@b\r\n\r\nbody')
  const indexed = indexMessage(message)
  checkInvariants(message, indexed)
  assert.match(indexed.envelope.toString('latin1'), /^\(NIL "seen" NIL/)
  assert.equal(message.toString('latin1', indexed.root.bodyStart), 'body')
  assert.deepEqual(inPieces(message, [7, 100_000, 290_000]), indexed)
})

/** Lines that matter to MIME, in any order. */
const line = fc.oneof(
  fc.constantFrom(
    '--b', '--b--', '--bb', '--bb--', '--', '-', '', ' ', 'Content-Type: multipart/mixed; boundary=b',
    'Content-Type: multipart/digest; boundary="bb"', 'Content-Type: message/rfc822', 'Content-Type: text/html; x="',
    'Content-Transfer-Encoding: base64', 'From: "a\\"" <b@c>, d: e@f;', 'Subject: Re: \xe4 \0', '\tfolded', 'x\ry', '\0',
    'Content-Disposition: attachment; filename*0*=utf-8\'\'%e4; filename*1="\\"', 'To: <', 'Date: 1 Jan 2020',
  ), // prettier-ignore
  fc.string({ maxLength: 10 }).map((text) => Buffer.from(text).toString('latin1')),
)
const anyMessage = fc
  .array(fc.tuple(line, fc.constantFrom('\r\n', '\r\n', '\n', '\r\n\r\n', '\r')), { maxLength: 25 })
  .map((lines) => octets(lines.map(([text, end]) => text + end).join('')))

test('any message, in any pieces', () => {
  fc.assert(
    fc.property(anyMessage, fc.array(fc.nat(400), { maxLength: 8 }), (message, cuts) => {
      const whole = indexMessage(message)
      checkInvariants(message, whole)
      const ordered = cuts.map((cut) => Math.min(cut, message.length)).sort((a, b) => a - b)
      assert.deepEqual(inPieces(message, ordered), whole)
      assert.deepEqual(inPieces(message, [...message.keys()]), whole)
    }),
    { numRuns: 300 },
  )
})

const corpus = join(import.meta.dirname, '../../../shared/corpus')
const paths = globSync(join(corpus, '*.eml')).sort()

test('the corpus', { skip: paths.length > 0 ? false : 'the corpus is not here (../shared/corpus)' }, () => {
  for (const path of paths) {
    const asStored = readFileSync(path)
    const asSent = octets(asStored.toString('latin1').replace(/\r?\n/g, '\r\n'))
    for (const message of [asStored, asSent]) {
      const whole = indexMessage(message)
      checkInvariants(message, whole)
      const cuts: number[] = []
      // Pieces of pseudo-random sizes, the same in every run.
      for (let at = 0, step = 1; at < message.length; at += step) {
        cuts.push(at)
        step = (step * 31 + 17) % 4099
      }
      assert.deepEqual(inPieces(message, cuts), whole, path)
    }
  }
})
