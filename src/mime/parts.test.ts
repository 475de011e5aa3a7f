import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { indexMessage } from './indexer.ts'
import type { Part } from './message.ts'
import { decodeParts, encodeParts, findPart, sectionRange, type SectionText } from './parts.ts'

/** Any tree whose offsets lie in a row. */
const tree: fc.Arbitrary<Part> = fc.letrec<{ part: Part }>((tie) => ({
  part: fc.record({
    type: fc.oneof(fc.constantFrom('text', 'TEXT', 'multipart'), fc.string()),
    subtype: fc.oneof(fc.constantFrom('plain', 'mixed'), fc.string()),
    charset: fc.option(fc.oneof(fc.constant('utf-8'), fc.string()), { nil: undefined }),
    encoding: fc.oneof(fc.constantFrom('7bit', 'base64'), fc.string()),
    headerStart: fc.nat(2 ** 40),
    bodyStart: fc.nat(300),
    bodyEnd: fc.nat(2 ** 33),
    lines: fc.nat(2 ** 32),
    children: fc.oneof({ maxDepth: 3 }, fc.constant([]), fc.array(tie('part'), { maxLength: 3 })),
  }),
})).part

/** Turns what is random in offsets into distances. */
function inARow(part: Part, from: number): Part {
  const headerStart = from + (part.headerStart % 1000)
  const bodyStart = headerStart + part.bodyStart
  let end = bodyStart
  const children = part.children.map((child) => {
    const placed = inARow(child, end)
    end = placed.bodyEnd
    return placed
  })
  return { ...part, headerStart, bodyStart, bodyEnd: end + part.bodyEnd, children }
}

test('decodeParts reads what encodeParts wrote', () => {
  fc.assert(
    fc.property(tree, (random) => {
      const part = inARow(random, 0)
      assert.deepEqual(decodeParts(encodeParts(part)), part)
    }),
    { numRuns: 100 },
  )
})

test('decodeParts refuses what is cut off or of another version', () => {
  const encoded = encodeParts(indexMessage(Buffer.from('Content-Type: x/y\r\n\r\nbody')).root)
  for (let length = 0; length < encoded.length; length++) {
    assert.throws(() => decodeParts(encoded.subarray(0, length)), RangeError)
  }
  assert.throws(() => decodeParts(Buffer.from([9])), RangeError)
})

// The structure that RFC 9051 §6.4.5.1 shows.
const example = [
  'Subject: outer',
  'Content-Type: multipart/mixed; boundary=a',
  '',
  '--a',
  'Content-Type: text/plain',
  '',
  'one',
  '--a',
  'Content-Type: application/octet-stream',
  '',
  'two',
  '--a',
  'Content-Type: message/rfc822',
  '',
  'Subject: three',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  '',
  'three one',
  '--b',
  'Content-Type: application/octet-stream',
  '',
  'three two',
  '--b--',
  '--a',
  'Content-Type: multipart/mixed; boundary=c',
  '',
  '--c',
  'Content-Type: image/gif',
  '',
  'four one',
  '--c',
  'Content-Type: message/rfc822',
  '',
  'Subject: four two',
  '',
  'four two one',
  '--c--',
  '--a--',
  '',
].join('\r\n')

const sections: readonly (readonly [path: readonly number[], text: SectionText | undefined, octets: string | undefined])[] = [
  [[], undefined, example],
  [[], 'HEADER', 'Subject: outer\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n'],
  [[], 'TEXT', example.slice(example.indexOf('--a'))],
  [[], 'MIME', undefined],
  [[1], undefined, 'one'],
  [[1], 'MIME', 'Content-Type: text/plain\r\n\r\n'],
  [[1], 'HEADER', undefined],
  [[1], 'TEXT', undefined],
  [[1, 1], undefined, undefined],
  [[2], undefined, 'two'],
  [[3], 'MIME', 'Content-Type: message/rfc822\r\n\r\n'],
  [[3], 'HEADER', 'Subject: three\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'],
  [[3, 1], undefined, 'three one'],
  [[3, 1], 'MIME', '\r\n'],
  [[3, 2], undefined, 'three two'],
  [[3, 3], undefined, undefined],
  [[4], 'HEADER', undefined],
  [[4, 1], undefined, 'four one'],
  [[4, 1], 'MIME', 'Content-Type: image/gif\r\n\r\n'],
  [[4, 2], undefined, 'Subject: four two\r\n\r\nfour two one'],
  [[4, 2], 'HEADER', 'Subject: four two\r\n\r\n'],
  [[4, 2], 'TEXT', 'four two one'],
  [[4, 2, 1], undefined, 'four two one'],
  [[4, 2, 1], 'MIME', 'Subject: four two\r\n\r\n'],
  [[4, 2, 1, 1], undefined, undefined],
  [[4, 2, 2], undefined, undefined],
  [[5], undefined, undefined],
  [[0], undefined, undefined],
] // prettier-ignore

test('sections', () => {
  const { root } = indexMessage(Buffer.from(example))
  for (const [path, text, octets] of sections) {
    const range = sectionRange(root, path, text)
    assert.equal(range && example.slice(range.start, range.end), octets, `${path.join('.')} ${text}`)
  }
})

test('part 1 of a message without parts is its body', () => {
  const { root } = indexMessage(Buffer.from('Subject: x\r\n\r\nbody'))
  assert.equal(findPart(root, [1]), root)
  assert.deepEqual(sectionRange(root, [1]), { start: 14, end: 18 })
  assert.deepEqual(sectionRange(root, [1], 'MIME'), { start: 0, end: 14 })
  assert.equal(sectionRange(root, [1], 'HEADER'), undefined)
  assert.equal(findPart(root, [1, 1]), undefined)
  assert.equal(findPart(root, [2]), undefined)
})

test('a message that is a nested message: 1 is the nested one', () => {
  const text = 'Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nbody'
  const { root } = indexMessage(Buffer.from(text))
  const octets = (path: number[], what?: SectionText): string | undefined => {
    const range = sectionRange(root, path, what)
    return range && text.slice(range.start, range.end)
  }
  assert.equal(octets([1]), 'Subject: in\r\n\r\nbody')
  assert.equal(octets([1], 'HEADER'), 'Subject: in\r\n\r\n')
  assert.equal(octets([1], 'TEXT'), 'body')
  assert.equal(octets([1, 1]), 'body')
  assert.equal(octets([], 'HEADER'), 'Content-Type: message/rfc822\r\n\r\n')
})
