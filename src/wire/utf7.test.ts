import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeUtf7, encodeUtf7 } from './utf7.ts'

test('both ways', () => {
  const rows = [
    ['', ''],
    ['a&b', 'a&-b'],
    ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
    ['Entwürfe', 'Entw&APw-rfe'],
    ['é&', '&AOk-&-'],
    ['😀', '&2D3eAA-'],
  ] as const
  for (const [text, wire] of rows) {
    assert.equal(encodeUtf7(text), wire)
    assert.equal(decodeUtf7(wire), text)
  }
})

test('one spelling only', () => {
  const wrong = [
    '&',
    '&AOk',
    '&AOk-&AOk-',
    '&AGE-',
    'é',
    '\t',
    '&AO-',
    '&AOl-',
    '&A/k-',
    '&2D0-',
    '&3gA-',
    '&AOkA-',
    '&AOk=-',
  ]
  for (const text of wrong) assert.equal(decodeUtf7(text), undefined, text)
})

test('round trips', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(decodeUtf7(encodeUtf7(text)), text)))
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('&', '-', 'A', 'O', 'k', 'a', ',', '2', 'D') }), (wire) => {
      const text = decodeUtf7(wire)
      if (text !== undefined) assert.equal(encodeUtf7(text), wire)
    }),
    { numRuns: 2000 },
  )
})
