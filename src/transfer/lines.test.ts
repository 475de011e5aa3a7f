import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FromLines } from './from-lines.ts'
import type { FromQuoting } from './from-lines.ts'
import { FileForm, FileFormCheck, WireForm } from './wire-form.ts'

interface Transform {
  push(chunk: Buffer): Buffer
  finish?(): Buffer
}

function run(transform: Transform, chunks: readonly Buffer[]): string {
  const pieces = chunks.map((chunk) => Buffer.from(transform.push(chunk)))
  return Buffer.concat([...pieces, transform.finish?.() ?? Buffer.alloc(0)]).toString('latin1')
}

/** All ways to cut `text` in three. */
function* splits(text: string): Generator<Buffer[]> {
  const octets = Buffer.from(text, 'latin1')
  for (let one = 0; one <= octets.length; one++) {
    for (let two = one; two <= octets.length; two++) {
      yield [octets.subarray(0, one), octets.subarray(one, two), octets.subarray(two)]
    }
  }
}

const wireForms: readonly (readonly [file: string, wire: string])[] = [
  ['', ''],
  ['a\nb\n', 'a\r\nb\r\n'],
  ['a\r\nb\n', 'a\r\nb\r\n'],
  ['\n\n\r\n\r', '\r\n\r\n\r\n\r'],
  ['a\rb\r\r\n', 'a\rb\r\r\n'],
  ['\xff\n', '\xff\r\n'],
]

test('bare LF becomes CRLF, at every split', () => {
  for (const [file, wire] of wireForms) {
    for (const chunks of splits(file)) assert.equal(run(new WireForm(), chunks), wire)
  }
})

const quotings: readonly (readonly [quoting: FromQuoting, text: string, quoted: string, back: string])[] = [
  [
    'rd',
    'From a\nb From c\n>From d\n>>From',
    '>From a\nb From c\n>>From d\n>>From',
    'From a\nb From c\n>From d\n>>From',
  ],
  ['o', 'x\nFrom a\n>From b', 'x\n>From a\n>From b', 'x\nFrom a\nFrom b'],
  ['o', '>>From a\nFrom\n', '>>From a\nFrom\n', '>>From a\nFrom\n'],
  ['none', 'From a\n>From b', 'From a\n>From b', 'From a\n>From b'],
  ['rd', 'a\rFrom b\r\nFrom c\r\n', 'a\rFrom b\r\n>From c\r\n', 'a\rFrom b\r\nFrom c\r\n'],
]

test('From lines are quoted and unquoted, at every split', () => {
  for (const [quoting, text, quoted, back] of quotings) {
    for (const chunks of splits(text)) assert.equal(run(new FromLines('quote', quoting), chunks), quoted)
    for (const chunks of splits(quoted)) assert.equal(run(new FromLines('unquote', quoting), chunks), back)
  }
})

test('what the check calls safe comes back from a file; mboxrd quoting always does', () => {
  const pieces = fc.constantFrom(
    '\r\n',
    '\r\n',
    '\r',
    '\n',
    'a',
    '>',
    'From ',
    'Fro',
    '\r\nFrom x',
    '\r\n>From y',
    '\xff',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), fc.integer({ min: 1, max: 9 }), (parts, step) => {
      const octets = Buffer.from(parts.join(''), 'latin1')
      const chunks: Buffer[] = []
      for (let at = 0; at < octets.length; at += step) chunks.push(octets.subarray(at, at + step))
      const check = new FileFormCheck()
      for (const chunk of chunks) check.push(chunk)
      const text = octets.toString('latin1')
      assert.equal(check.safe, !/(?<!\r)\n|\r\r\n/.test(text))
      const file = run(new FileForm(), chunks)
      if (check.safe) assert.equal(run(new WireForm(), [Buffer.from(file, 'latin1')]), text)
      const quoted = run(new FromLines('quote', 'rd'), chunks)
      assert.equal(run(new FromLines('unquote', 'rd'), [Buffer.from(quoted, 'latin1')]), text)
      assert.doesNotMatch(quoted, /(?:^|\n)From /)
    }),
    { numRuns: 300 },
  )
})
