import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DataDecoder } from './data-decoder.ts'

/** What stands behind DATA, what of it is message, and what is left for the next command (`undefined`: no end seen). */
const cases: readonly (readonly [input: string, message: string, rest: string | undefined])[] = [
  ['.\r\n', '', ''],
  ['\r\n.\r\n', '\r\n', ''],
  ['a\r\n.\r\nQUIT\r\n', 'a\r\n', 'QUIT\r\n'],
  ['a\r\n..\r\n.\r\n', 'a\r\n.\r\n', ''],
  ['..a\r\n...b\r\n.\r\n', '.a\r\n..b\r\n', ''],
  ['.a\r\n.\r\n', 'a\r\n', ''],
  // A dot inside a line is text.
  ['a.\r\n.\r\n', 'a.\r\n', ''],
  // Not one of these ends the message: only CR LF . CR LF does.
  ['a\n.\nb', 'a\n.\nb', undefined],
  ['a\n.\r\nb', 'a\n.\r\nb', undefined],
  ['a\r.\rb', 'a\r.\rb', undefined],
  ['a\r.\r\nb', 'a\r.\r\nb', undefined],
  ['a\r\n.\nb', 'a\r\n\nb', undefined],
  ['a\r\n.\rb', 'a\r\n\rb', undefined],
  ['a\n\r.\r\nb', 'a\n\r.\r\nb', undefined],
  ['\r\n.\r\r\n.\r\n', '\r\n\r\r\n', ''],
  ['\r\r\n.\r\n', '\r\r\n', ''],
  ['a\r\n.\r.\r\n.\r\n', 'a\r\n\r.\r\n', ''],
  ['a\0b\xff\r\n.\r\n.\r\n', 'a\0b\xff\r\n', '.\r\n'],
]

function decode(chunks: readonly Buffer[]): { message: string; rest: string | undefined } {
  const decoder = new DataDecoder()
  const message: Buffer[] = []
  const rest: Buffer[] = []
  for (const chunk of chunks) {
    const used = decoder.push(chunk, (octets) => message.push(Buffer.from(octets)))
    rest.push(chunk.subarray(used))
  }
  return {
    message: Buffer.concat(message).toString('latin1'),
    rest: decoder.ended ? Buffer.concat(rest).toString('latin1') : undefined,
  }
}

test('the end of DATA and the dots, at every split and pair of splits', () => {
  for (const [input, message, rest] of cases) {
    const octets = Buffer.from(input, 'latin1')
    for (let one = 0; one <= octets.length; one++) {
      for (let two = one; two <= octets.length; two++) {
        const chunks = [octets.subarray(0, one), octets.subarray(one, two), octets.subarray(two)]
        // What is held back of an unfinished end is no octet of the message yet.
        assert.deepEqual(decode(chunks), { message, rest }, JSON.stringify([input, one, two]))
      }
    }
  }
})

/** A client's side: a dot in front of each line that starts with one (RFC 5321 §4.5.2). */
function stuff(message: string): string {
  const ended = message === '' || message.endsWith('\r\n') ? message : message + '\r\n'
  return ('\r\n' + ended).replaceAll('\r\n.', '\r\n..').slice(2) + '.\r\n'
}

test('what a client stuffs comes out as it was', () => {
  const pieces = fc.constantFrom('.', '..', '\r\n', '\r', '\n', 'a', 'é', '\0', '.\r\n', '\r\n.\r\n')
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), fc.integer({ min: 1, max: 20 }), (parts, step) => {
      const message = parts.join('')
      const octets = Buffer.from(stuff(message) + 'QUIT\r\n', 'latin1')
      const chunks: Buffer[] = []
      for (let at = 0; at < octets.length; at += step) chunks.push(octets.subarray(at, at + step))
      const ended = message === '' || message.endsWith('\r\n') ? message : message + '\r\n'
      assert.deepEqual(decode(chunks), { message: ended, rest: 'QUIT\r\n' })
    }),
    { numRuns: 300 },
  )
})
