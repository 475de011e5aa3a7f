import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entriesOf, isEmptyMetadata, metadataBytes, noMetadata, withMetadata } from './metadata.ts'

const octets = (text: string): Buffer => Buffer.from(text)

test('annotations are the same object while nothing changes', () => {
  const one = withMetadata(noMetadata, undefined, [['/shared/a', octets('text')]])
  assert.notEqual(one, noMetadata)
  assert.equal(withMetadata(one, undefined, [['/shared/a', octets('text')]]), one)
  assert.equal(withMetadata(one, undefined, [['/shared/b', null]]), one)
  assert.equal(withMetadata(noMetadata, 'bob', []), noMetadata)
  assert.equal(isEmptyMetadata(withMetadata(one, undefined, [['/shared/a', null]])), true)
})

test('each user has entries apart, and all are counted', () => {
  let metadata = withMetadata(noMetadata, undefined, [['/a', octets('12')]])
  metadata = withMetadata(metadata, 'bob', [
    ['/a', octets('1')],
    ['/é', octets('')],
  ])
  assert.equal(metadataBytes(metadata), 4 + 3 + 3)
  assert.equal(entriesOf(metadata, undefined).size, 1)
  assert.equal(entriesOf(metadata, 'bob').size, 2)
  assert.equal(entriesOf(metadata, 'carol').size, 0)
  const without = withMetadata(metadata, 'bob', [
    ['/a', null],
    ['/é', null],
  ])
  assert.equal(without.private.has('bob'), false)
  assert.equal(metadata.private.has('bob'), true)
})
