import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../model/refusal.ts'
import { addressPrefix, Throttle } from './throttle.ts'
import type { ThrottleLimits } from './throttle.ts'

const limits: ThrottleLimits = {
  account: { free: 3, firstBlockMs: 1000, maxBlockMs: 8000, forgiveMs: 10_000 },
  address: { free: 5, firstBlockMs: 1000, maxBlockMs: 60_000, forgiveMs: 10_000 },
  firstDelayMs: 100,
  maxDelayMs: 1000,
  maxEntries: 4,
}

test('what counts as one address', () => {
  for (const [address, prefix] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:0001:2::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::2', '0:0:0:0::/64'],
    ['::1', 'local'],
    ['127.0.0.1', 'local'],
    ['::ffff:127.0.0.1', 'local'],
    ['local', 'local'],
    ['', 'local'],
  ] as const) {
    assert.equal(addressPrefix(address), prefix)
  }
})

/** A throttle with a clock to turn, and the answers to its questions. */
function setUp() {
  let now = 1_000_000
  const throttle = new Throttle(limits, () => now)
  const answer = (ask: () => void): string => {
    try {
      ask()
      return 'admitted'
    } catch (error) {
      assert.ok(error instanceof Refusal && error.code === 'LIMIT')
      return /in \d+ seconds/.exec(error.message)?.[0] ?? error.message
    }
  }
  return {
    throttle,
    pass: (ms: number) => (now += ms),
    account: (name: string, address: string) => answer(() => throttle.admitAccount({ name, address })),
    address: (address: string) => answer(() => throttle.admitAddress(address)),
    fail: (name: string, address: string, times = 1) => {
      for (let time = 0; time < times; time++) throttle.failed({ name, address })
    },
  }
}

test('an account is closed for longer and longer, up to a limit, and opens again', () => {
  const { account, fail, pass } = setUp()
  fail('alice', '192.0.2.1', 3)
  assert.equal(account('alice', '192.0.2.1'), 'admitted')
  for (const wait of ['1', '2', '4', '8', '8']) {
    fail('alice', '192.0.2.1')
    assert.equal(account('alice', '192.0.2.1'), `in ${wait} seconds`)
    assert.equal(account('bob', '192.0.2.1'), 'admitted')
  }
  pass(7999)
  assert.equal(account('alice', '192.0.2.1'), 'in 1 seconds')
  pass(1)
  assert.equal(account('alice', '192.0.2.1'), 'admitted')
})

test('an address is closed whatever the accounts, its neighbours and this machine are not', () => {
  const { address, fail } = setUp()
  for (let number = 0; number < 6; number++) {
    fail(`user${number}`, '192.0.2.1')
    fail(`user${number}`, 'local')
  }
  assert.equal(address('192.0.2.1'), 'in 1 seconds')
  assert.equal(address('192.0.2.2'), 'admitted')
  assert.equal(address('local'), 'admitted')
})

test('failures are forgiven one by one', () => {
  const { account, fail, pass } = setUp()
  fail('alice', '192.0.2.1', 3)
  pass(25_000) // two are forgiven, and half of the third
  fail('alice', '192.0.2.1', 2)
  assert.equal(account('alice', '192.0.2.1'), 'admitted')
  pass(5000) // the half was not lost
  fail('alice', '192.0.2.1')
  assert.equal(account('alice', '192.0.2.1'), 'admitted')
  fail('alice', '192.0.2.1')
  assert.equal(account('alice', '192.0.2.1'), 'in 1 seconds')
})

test('strangers do not lock out an address from which the account has signed in', () => {
  const { throttle, account, fail } = setUp()
  throttle.succeeded({ name: 'alice', address: '192.0.2.1' })
  fail('alice', '198.51.100.1', 9)
  assert.equal(account('alice', '198.51.100.1'), 'in 8 seconds')
  assert.equal(account('alice', '203.0.113.1'), 'in 8 seconds')
  assert.equal(account('alice', '192.0.2.1'), 'admitted')
  fail('alice', '192.0.2.1', 4)
  assert.equal(account('alice', '192.0.2.1'), 'in 1 seconds')
})

test('signing in takes nothing back', () => {
  const { throttle, address, fail } = setUp()
  fail('alice', '192.0.2.1', 6)
  throttle.succeeded({ name: 'mallory', address: '192.0.2.1' })
  assert.equal(address('192.0.2.1'), 'in 1 seconds')
})

test('answers are held back for longer and longer, up to a limit', () => {
  const { throttle, fail } = setUp()
  const attempt = { name: 'alice', address: '192.0.2.1' }
  const delays = [1, 2, 3, 4, 5, 6].map(() => {
    fail('alice', '192.0.2.1')
    return throttle.delayMs(attempt)
  })
  assert.deepEqual(delays, [100, 200, 400, 800, 1000, 1000])
})

test('the tables stay small', () => {
  const { account, fail } = setUp()
  fail('alice', '192.0.2.1', 4)
  for (let number = 0; number < 4; number++) fail(`user${number}`, `198.51.100.${number}`)
  assert.equal(account('alice', '192.0.2.1'), 'admitted')
})
