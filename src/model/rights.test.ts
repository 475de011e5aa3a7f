import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { allRights, formatRights, parseRights, rightsOf, withoutRights, withRights } from './rights.ts'

test('rights are read in any order, and with the letters of RFC 2086', () => {
  for (const [text, rights] of [
    ['', ''],
    ['lrs', 'lrs'],
    ['srlrs', 'lrs'],
    ['lrswida', 'lrswitea'],
    ['c', 'kx'],
    ['cd', 'kxte'],
    ['lrswipkxtecda', allRights],
    ['q', undefined],
    ['L', undefined],
    ['l r', undefined],
    ['0', undefined],
  ] as const) {
    assert.equal(parseRights(text), rights, text)
  }
})

test('rights are told with the letters of RFC 2086 that they are a part of', () => {
  for (const [rights, text] of [
    ['', ''],
    ['lr', 'lr'],
    ['k', 'kc'],
    ['xa', 'xac'],
    ['te', 'ted'],
    [allRights, 'lrswipkxteacd'],
  ] as const) {
    assert.equal(formatRights(rights), text, rights)
  }
})

test('what is told is read as it was', () => {
  fc.assert(
    fc.property(fc.subarray(Array.from(allRights)), (letters) => {
      const rights = withRights('', letters.join(''))
      const told = parseRights(formatRights(rights)) ?? ''
      // A client that writes back what it was told gives whole the groups of which there was a part.
      assert.equal(withRights(told, rights), told)
      assert.equal(withoutRights(rights, rights), '')
    }),
  )
})

test('what a list grants: all that applies together, less all that is denied', () => {
  const acl = new Map([
    ['bob', 'lrs'],
    ['$team', 'wi'],
    ['anyone', 'lp'],
    ['-bob', 's'],
    ['-$other', 'r'],
    ['-anyone', 'p'],
  ])
  for (const [identifiers, rights] of [
    [['bob', 'anyone'], 'lr'],
    [['bob', '$team', 'anyone'], 'lrwi'],
    [['bob', '$other', 'anyone'], 'l'],
    [['carol', 'anyone'], 'l'],
    [['carol'], ''],
    [[], ''],
  ] as const) {
    assert.equal(rightsOf(acl, identifiers), rights, identifiers.join())
  }
  assert.equal(rightsOf(new Map(), ['bob']), '')
})
