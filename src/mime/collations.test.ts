import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collations, collationsNamed, isCollationOrder } from './collations.ts'

test('collations by name', () => {
  const rows: readonly (readonly [string, ...string[]])[] = [
    ['default', 'i;unicode-casemap'],
    ['i;octet', 'i;octet'],
    ['I;OCTET', 'i;octet'],
    ['+i;octet', 'i;octet'],
    ['i;*casemap', 'i;unicode-casemap', 'i;ascii-casemap'],
    ['*', 'i;unicode-casemap', 'i;ascii-casemap', 'i;octet'],
    ['i;a*c*', 'i;ascii-casemap'],
    ['i;octet*octet'],
    ['cz;*'],
    ['i;basic'],
    ['i;ascii-numeric'],
  ]
  for (const [name, ...ids] of rows)
    assert.deepEqual(
      collationsNamed(name).map(({ id }) => id),
      ids,
      name,
    )
})

test('what may name one', () => {
  for (const name of ['i;octet', '*', 'cz;*', '-i;basic;a=b', 'default']) assert.ok(isCollationOrder(name), name)
  for (const name of ['', '**', '1', 'i octet', 'ü', 'a'.repeat(255)]) assert.ok(!isCollationOrder(name), name)
})

test('texts prepared by each', () => {
  const prepared = collations.map(({ prepare }) => prepare('aÄß'))
  assert.deepEqual(prepared, ['AA\u0308ß', 'AÄß', 'aÄß'])
})
