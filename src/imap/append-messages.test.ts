import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Cursor } from '../wire/cursor.ts'
import { BadSyntax } from '../wire/syntax-error.ts'
import { type MessageArgs, openMessages, parseMessages } from './append-messages.ts'

/** A command from behind the name of its mailbox on, cut where the framer stops for a decision. */
interface Written {
  /** As the framer gives it: of texts the markers only. */
  readonly text: string
  /** Where each literal's marker ends, and whether the literal is a message or a part of one. */
  readonly stops: readonly { readonly at: number; readonly isText: boolean }[]
  readonly shape: readonly (readonly (number | string)[])[]
}

const part = fc.oneof(
  fc.nat(5000).map((size) => ({ kind: 'text' as const, size })),
  fc.stringMatching(/^[a-z;=/]{0,8}$/).map((url) => ({ kind: 'url' as const, url, isLiteral: url.length % 2 === 0 })),
)
const message = fc.record({
  head: fc.constantFrom('', ' (\\Seen)', ' "01-Jan-2020 00:00:00 +0000"', ' () "01-Jan-2020 00:00:00 +0000"'),
  form: fc.constantFrom('whole', 'utf8', 'parts'),
  size: fc.nat(5000),
  parts: fc.array(part, { minLength: 1, maxLength: 4 }),
})

const written = fc.array(message, { minLength: 1, maxLength: 3 }).map((messages): Written => {
  let text = ''
  const stops: { at: number; isText: boolean }[] = []
  const marker = (size: number, isText: boolean, prefix = ''): void => {
    text += `${prefix}{${size}+}\r\n`
    stops.push({ at: text.length, isText })
  }
  for (const { head, form, size, parts } of messages) {
    text += head + ' '
    if (form === 'whole') marker(size, true)
    else if (form === 'utf8') {
      text += 'UTF8 ('
      marker(size, true, '~')
      text += ')'
    } else {
      text += 'CATENATE ('
      for (const [place, one] of parts.entries()) {
        if (place > 0) text += ' '
        text += one.kind === 'text' ? 'TEXT ' : 'URL '
        if (one.kind === 'text') marker(one.size, true)
        else if (one.isLiteral) {
          marker(one.url.length, false)
          text += one.url
        } else text += `"${one.url}"`
      }
      text += ')'
    }
  }
  const shape = messages.map(({ form, size, parts }) =>
    form === 'parts' ? parts.map((one) => (one.kind === 'text' ? one.size : one.url)) : [size],
  )
  return { text, stops, shape }
})

const shapeOf = (messages: readonly MessageArgs[]) =>
  messages.map(({ parts }) => parts.map((one) => (one.kind === 'text' ? one.size : one.url)))

test('a command is read the same in pieces and as a whole', () => {
  fc.assert(
    fc.property(written, ({ text, stops, shape }) => {
      assert.deepEqual(shapeOf(parseMessages(new Cursor(text))), shape)
      for (const { at, isText } of stops) {
        const open = openMessages(new Cursor(text.slice(0, at)))
        assert.equal(open !== undefined, isText, text.slice(0, at))
        if (!open) continue
        const told = shapeOf(open)
        const last = told.pop() ?? []
        assert.deepEqual(told, shape.slice(0, told.length))
        assert.deepEqual(last, shape[told.length]?.slice(0, last.length))
      }
    }),
    { numRuns: 200 },
  )
})

test('a command that breaks off anywhere else is neither complete nor open', () => {
  fc.assert(
    fc.property(written, fc.nat(), ({ text, stops }, where) => {
      const cut = where % text.length
      if (stops.some(({ at }) => at === cut)) return
      const piece = text.slice(0, cut)
      assert.equal(openMessages(new Cursor(piece)), undefined, piece)
    }),
    { numRuns: 200 },
  )
})

test('nothing at all does more than fail', () => {
  const piece = fc.constantFrom(
    ' ',
    '(',
    ')',
    'CATENATE',
    'TEXT',
    'URL',
    'UTF8',
    '{3+}\r\n',
    '~{3}\r\n',
    '"a"',
    'x',
    '()',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
      openMessages(new Cursor(pieces.join('')))
      try {
        parseMessages(new Cursor(pieces.join('')))
      } catch (error) {
        assert.ok(error instanceof BadSyntax)
      }
    }),
    { numRuns: 300 },
  )
})
