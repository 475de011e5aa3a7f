import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Framer, maxBrokenText, type FramerLimits } from './framer.ts'

const limits: FramerLimits = { maxLineBytes: 30, maxCommandBytes: 60, maxGatheredLiteralBytes: 20, maxLiterals: 3 }

type Answer = 'gather' | 'stream' | 'discard' | 'abandon'

/** Feeds pieces and writes down what comes, data of one literal joined, so that it is the same for each split. */
function run(pieces: readonly Buffer[], answers: readonly Answer[] = [], raw: readonly string[] = []): string[] {
  const framer = new Framer(limits)
  const left = [...answers]
  const told: string[] = []
  let data = ''
  for (const piece of pieces) {
    framer.feed(Buffer.from(piece))
    for (let frame = framer.next(); frame; frame = framer.next()) {
      switch (frame.kind) {
        case 'literal':
          told.push(`literal ${frame.text} ${frame.size}${frame.synchronising ? '' : '+'}${frame.binary ? '~' : ''}`)
          framer[left.shift() ?? 'gather']()
          break
        case 'literalData':
          assert.ok(frame.chunk.length > 0)
          data += frame.chunk.toString('latin1')
          break
        case 'literalEnd':
          told.push(`data ${data}`)
          data = ''
          break
        case 'broken':
          told.push(`broken ${frame.problem} ${frame.tag} ${frame.text}`)
          break
        case 'command':
        case 'line':
        case 'discarded':
          told.push(`${frame.kind} ${frame.text}`)
      }
      if (frame.kind === 'command' && raw.includes(frame.text)) framer.expectLine()
    }
  }
  assert.equal(framer.buffered, 0)
  return told
}

const long = 'x'.repeat(31)

const cases: readonly { input: string; answers?: Answer[]; raw?: string[]; told: string[] }[] = [
  { input: 'a NOOP\r\n', told: ['command a NOOP'] },
  { input: '\r\n\r\na NOOP\r\nb NOOP\r\n', told: ['command a NOOP', 'command b NOOP'] },
  { input: 'a X\rY\r\n', told: ['command a X\rY'] },
  {
    input: 'a L {3}\r\nb\r\n {0}\r\n\r\n',
    told: ['literal a L {3} 3', 'literal a L {3}\r\nb\r\n {0} 0', 'command a L {3}\r\nb\r\n {0}\r\n'],
  },
  { input: 'a {2+}\r\nx\0\r\n', told: ['literal a {2+} 2+', 'command a {2+}\r\nx\0'] },
  {
    input: 'a ~{3+}\r\n\0\n\r\r\n',
    answers: ['stream'],
    told: ['literal a ~{3+} 3+~', 'data \0\n\r', 'command a ~{3+}\r\n'],
  },
  { input: 'a {2}\r\nxy b\r\n', answers: ['stream'], told: ['literal a {2} 2', 'data xy', 'command a {2}\r\n b'] },
  { input: 'a {0}\r\n b\r\n', answers: ['stream'], told: ['literal a {0} 0', 'data ', 'command a {0}\r\n b'] },
  {
    input: 'a {3+}\r\nb X {2+}\r\n\r\n\r\nc X\r\n',
    answers: ['discard'],
    told: ['literal a {3+} 3+', 'discarded a {3+}', 'command c X'],
  },
  {
    input: 'a {1+}\r\nb {9}\r\nc X\r\n',
    answers: ['discard'],
    told: ['literal a {1+} 1+', 'discarded a {1+}', 'command c X'],
  },
  { input: 'a {9}\r\nc X\r\n', answers: ['abandon'], told: ['literal a {9} 9', 'command c X'] },
  {
    input: 'a {21+}\r\n' + 'y'.repeat(21) + ' z\r\nb X\r\n',
    told: ['literal a {21+} 21+', 'broken command-too-long a a {21+}', 'command b X'],
  },
  { input: `a ${long}\r\nb X\r\n`, told: [`broken line-too-long a a ${long}`, 'command b X'] },
  {
    input: `a ${long} {3+}\r\n\r\n\n{4+}\r\nz X\n\r\nb X\r\n`,
    told: [`broken line-too-long a a ${long} {3+}`, 'command b X'],
  },
  { input: `a ${long}{3}\r\nb X\r\n`, told: [`broken line-too-long a a ${long}{3}`, 'command b X'] },
  { input: 'a' + long.slice(2) + '\r\n', told: ['command a' + long.slice(2)] },
  { input: 'a' + long.slice(1) + '\r\n', told: ['broken line-too-long undefined a' + long.slice(1)] },
  { input: 'a X\nb X\r\n', told: ['broken bare-lf a a X', 'command b X'] },
  { input: '\nb X\r\n', told: ['broken bare-lf undefined ', 'command b X'] },
  { input: 'a {3+}\nb X\r\n', told: ['broken bare-lf a a {3+}', 'command b X'] },
  { input: 'a \0 {3+}\r\n\r\n\n\r\nb X\r\n', told: ['broken nul a a \0 {3+}', 'command b X'] },
  {
    input: 'a {20+}\r\n' + 'y'.repeat(20) + ' {20+}\r\n' + 'z'.repeat(20) + ' {2+}\r\n\r\n\r\nb X\r\n',
    told: [
      'literal a {20+} 20+',
      'literal a {20+}\r\n' + 'y'.repeat(20) + ' {20+} 20+',
      'broken command-too-long a a {20+}\r\n' + 'y'.repeat(20) + ' {20+}\r\n' + 'z'.repeat(20) + ' {2+}',
      'command b X',
    ],
  },
  {
    input: 'a {0+}\r\n{1+}\r\nx{0+}\r\n {2+}\r\n\r\n {3+}\r\nabc\r\nb X\r\n',
    told: [
      'literal a {0+} 0+',
      'literal a {0+}\r\n{1+} 1+',
      'literal a {0+}\r\n{1+}\r\nx{0+} 0+',
      'broken too-many-literals a a {0+}\r\n{1+}\r\nx{0+}\r\n {2+}',
      'command b X',
    ],
  },
  { input: 'a {99999999999999999}\r\n', told: ['command a {99999999999999999}'] },
  {
    input: 'a {}\r\nb {+}\r\nc {-1}\r\nd {1}x\r\ne 1}\r\nf {1++}\r\n',
    told: ['command a {}', 'command b {+}', 'command c {-1}', 'command d {1}x', 'command e 1}', 'command f {1++}'],
  },
  { input: 'a A\r\n{5}\r\nb X\r\n', raw: ['a A'], told: ['command a A', 'line {5}', 'command b X'] },
  { input: 'a A\r\n\r\nb X\r\n', raw: ['a A'], told: ['command a A', 'line ', 'command b X'] },
  {
    input: `a A\r\n${long}{5+}\r\nb X\r\n`,
    raw: ['a A'],
    told: ['command a A', `broken line-too-long undefined ${long}{5+}`, 'command b X'],
  },
  {
    input: 'a A\r\nDONE\nb X\r\n',
    raw: ['a A'],
    told: ['command a A', 'broken bare-lf undefined DONE', 'command b X'],
  },
]

test('every case, whole, at every split, octet by octet, and at every pair of splits', () => {
  for (const { input, answers, raw, told } of cases) {
    const octets = Buffer.from(input, 'latin1')
    assert.deepEqual(run([octets], answers, raw), told)
    assert.deepEqual(
      run(
        [...octets].map((octet) => Buffer.of(octet)),
        answers,
        raw,
      ),
      told,
      'octet by octet',
    )
    for (let first = 0; first <= octets.length; first++) {
      const head = octets.subarray(0, first)
      assert.deepEqual(run([head, octets.subarray(first)], answers, raw), told, `split at ${first}`)
      for (let second = first; octets.length < 50 && second <= octets.length; second++) {
        const pieces = [head, octets.subarray(first, second), octets.subarray(second)]
        assert.deepEqual(run(pieces, answers, raw), told, `split at ${first} and ${second}`)
      }
    }
  }
})

test('after garbage a command is framed exactly', () => {
  const piece = fc.oneof(
    fc.constantFrom('\r', '\n', '\r\n', '\0', ' ', '{', '}', '+', '~', '{3+}\r\nabc', 'a ', '{2}', 'x'.repeat(40), '"'),
    fc.uint8Array({ maxLength: 5 }).map((octets) => Buffer.from(octets).toString('latin1')),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 1, max: 20 }), (garbage, step) => {
      const text = garbage.join('').replaceAll(/\{(\d+)\}(?=\r\n)/g, '') + '.\r\nz NOOP\r\n'
      // A literal of the garbage's own making would rightly reach past its end.
      fc.pre(!/\{\d+\+\}\r\n/.test(text.replaceAll('{3+}\r\nabc', '')))
      const octets = Buffer.from(text, 'latin1')
      const framer = new Framer(limits)
      const commands: string[] = []
      for (let at = 0; at < octets.length; at += step) {
        framer.feed(octets.subarray(at, at + step))
        for (let frame = framer.next(); frame; frame = framer.next()) {
          if (frame.kind === 'literal') framer.discard()
          if (frame.kind === 'command') commands.push(frame.text)
        }
      }
      assert.equal(commands.at(-1), 'z NOOP')
    }),
    { numRuns: 500 },
  )
})

test('a line without end takes no more memory than its limit', () => {
  const framer = new Framer({
    maxLineBytes: 1000,
    maxCommandBytes: 2000,
    maxGatheredLiteralBytes: 500,
    maxLiterals: 50,
  })
  const chunk = Buffer.alloc(10_000, 0x61)
  for (let round = 0; round < 100; round++) {
    framer.feed(chunk)
    assert.equal(framer.next(), undefined)
    assert.equal(framer.buffered, 0)
  }
  framer.feed(Buffer.from('\r\nz NOOP\r\n'))
  const broken = framer.next()
  assert.ok(broken?.kind === 'broken' && broken.text.length === maxBrokenText)
  assert.deepEqual(framer.next(), { kind: 'command', text: 'z NOOP' })
})

test('what is left over is copied out of its chunk', () => {
  const framer = new Framer(limits)
  const chunk = Buffer.from('a NOOP\r\nb NO')
  framer.feed(chunk)
  assert.equal(framer.next()?.kind, 'command')
  assert.equal(framer.next(), undefined)
  chunk.fill(0)
  framer.feed(Buffer.from('OP\r\n'))
  assert.deepEqual(framer.next(), { kind: 'command', text: 'b NOOP' })
})

test('the rest goes to whoever takes over the connection', () => {
  const framer = new Framer(limits)
  framer.feed(Buffer.from('a STARTTLS\r\nb INJECTED\r\n'))
  assert.deepEqual(framer.next(), { kind: 'command', text: 'a STARTTLS' })
  assert.equal(framer.takeRest().toString(), 'b INJECTED\r\n')
  assert.equal(framer.next(), undefined)
})

test('decisions are asked for and nothing else', () => {
  const framer = new Framer(limits)
  assert.throws(() => framer.gather())
  framer.feed(Buffer.from('a X {3+}\r\n'))
  assert.deepEqual(framer.next(), {
    kind: 'literal',
    text: 'a X {3+}',
    size: 3,
    synchronising: false,
    binary: false,
    fits: true,
  })
  assert.equal(framer.next(), undefined)
  assert.throws(() => framer.abandon())
  assert.throws(() => framer.expectLine())
})
