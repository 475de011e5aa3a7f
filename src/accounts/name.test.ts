import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newAccountId } from './directory.ts'
import { candidateNames, canonicalDomain, canonicalName } from './name.ts'

const names: readonly [text: string, canonical: string | undefined][] = [
  ['alice', 'alice'],
  ['Alice', 'alice'],
  ['ALICE@Example.ORG', 'alice@example.org'],
  ['ｅｄ', 'ed'],
  ['Jose\u0301', 'josé'],
  ['Σίσυφος', 'σίσυφος'],
  ['straße', 'straße'],
  ['a.b-c_d+e=f,g', 'a.b-c_d+e=f,g'],
  ['jan@MÜNCHEN.example', 'jan@münchen.example'],
  ['jan@xn--mnchen-3ya.example', 'jan@münchen.example'],
  ['a\u00adb', 'ab'],
  ['', undefined],
  ['\u00ad', undefined],
  ['@', undefined],
  ['@example.org', undefined],
  ['alice@', undefined],
  ['a@b@example.org', undefined],
  ['al ice', undefined],
  ['al\u00a0ice', undefined],
  ['a/b', undefined],
  ['../x', undefined],
  ['a\\b', undefined],
  ['"a"', undefined],
  ['a*', undefined],
  ['a%', undefined],
  ['a\0', undefined],
  ['a\r\nb', undefined],
  ['a\x7f', undefined],
  ['\u202ea', undefined],
  ['\ud800', undefined],
  ['anyone', undefined],
  ['Anyone', undefined],
  ['-alice', undefined],
  ['a@-b.org', undefined],
  ['a@b..org', undefined],
  ['a@%65xample.org', undefined],
  ['a@[127.0.0.1]', undefined],
  ['x'.repeat(255), 'x'.repeat(255)],
  ['x'.repeat(256), undefined],
  ['é'.repeat(128), undefined],
]

test('canonical names', () => {
  for (const [text, canonical] of names) assert.equal(canonicalName(text), canonical, JSON.stringify(text).slice(0, 40))
})

test('canonical domains', () => {
  const domains: readonly [text: string, canonical: string | undefined][] = [
    ['LocalHost', 'localhost'],
    ['ex_ample.org', 'ex_ample.org'],
    ['例え.JP', '例え.jp'],
    ['０.com', '0.com'],
    ['', undefined],
    ['a b', undefined],
    ['a:25', undefined],
    ['a/b', undefined],
    ['a#b', undefined],
    ['a?b', undefined],
    ['user@a', undefined],
    [`${'x'.repeat(64)}.org`, undefined],
  ]
  for (const [text, canonical] of domains) assert.equal(canonicalDomain(text), canonical, text)
})

test('a canonical name stays as it is, and its spelling in capitals means the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (text) => {
      const canonical = canonicalName(text)
      if (canonical === undefined) return
      assert.equal(canonicalName(canonical), canonical)
      assert.equal(canonical, canonical.normalize('NFC'))
    }),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9.]{1,8}(@[a-z]{1,5}\.org)?$/), (text) => {
      assert.equal(canonicalName(text.toUpperCase()), canonicalName(text))
    }),
  )
})

test('a name at a local domain may be that of a user without a domain', () => {
  const local = new Set(['localhost', 'münchen.example'])
  for (const [text, candidates] of [
    ['Alice', ['alice']],
    ['alice@localhost', ['alice@localhost', 'alice']],
    ['alice@XN--MNCHEN-3YA.example', ['alice@münchen.example', 'alice']],
    ['alice@example.org', ['alice@example.org']],
    ['a b@localhost', []],
  ] as const) {
    assert.deepEqual(candidateNames(text, local), candidates)
  }
})

test('ids of accounts', () => {
  const ids = new Set(Array.from({ length: 1000 }, newAccountId))
  assert.equal(ids.size, 1000)
  for (const id of ids) assert.match(id, /^a[a-z2-7]{16}$/)
})
