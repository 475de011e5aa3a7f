import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectionLimits } from './connection-limits.ts'
import type { Admission, CeilingReached } from './connection-limits.ts'

const roomy = { total: 100, perAddress: 100, unauthenticated: 100 }

function admitted(admission: Admission | CeilingReached): Admission {
  assert.ok(typeof admission === 'object', `refused: ${JSON.stringify(admission)}`)
  return admission
}

test('each ceiling is named when it is reached, and a release makes room', () => {
  for (const [ceilings, reached] of [
    [{ ...roomy, total: 2 }, 'total'],
    [{ ...roomy, perAddress: 2 }, 'perAddress'],
    [{ ...roomy, unauthenticated: 2 }, 'unauthenticated'],
  ] as const) {
    const limits = new ConnectionLimits(ceilings)
    const first = admitted(limits.admit('192.0.2.1'))
    admitted(limits.admit('192.0.2.1'))
    assert.equal(limits.admit('192.0.2.1'), reached)
    first.release()
    first.release()
    admitted(limits.admit('192.0.2.1'))
    assert.equal(limits.admit('192.0.2.1'), reached)
  }
})

test('an IPv6 client is its /64, and others are not disturbed', () => {
  const limits = new ConnectionLimits({ ...roomy, perAddress: 1 })
  admitted(limits.admit('2001:db8::1'))
  assert.equal(limits.admit('2001:db8::2'), 'perAddress')
  admitted(limits.admit('2001:db8:0:1::2'))
  admitted(limits.admit('192.0.2.1'))
})

test('signing in leaves the count of those who did not', () => {
  const limits = new ConnectionLimits({ ...roomy, unauthenticated: 1 })
  const first = admitted(limits.admit('a'))
  assert.equal(limits.admit('b'), 'unauthenticated')
  first.signedIn()
  first.signedIn()
  assert.deepEqual(limits.open, { total: 1, unauthenticated: 0 })
  admitted(limits.admit('b')).release()
  first.release()
  assert.deepEqual(limits.open, { total: 0, unauthenticated: 0 })
})

test('new ceilings hold from the next connection on', () => {
  const limits = new ConnectionLimits(roomy)
  admitted(limits.admit('a'))
  limits.change({ ...roomy, total: 1 })
  assert.equal(limits.admit('a'), 'total')
})
