import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addressGroup,
  BadAddress,
  isLoopback,
  parseListenAddress,
  plainAddress,
  writeListenAddress,
} from './address.ts'

const addresses: readonly (readonly [text: string, host: string, port: number, loopback: boolean])[] = [
  ['127.0.0.1:1143', '127.0.0.1', 1143, true],
  ['localhost:0', 'localhost', 0, true],
  ['mail.example.org:993', 'mail.example.org', 993, false],
  ['[::1]:143', '::1', 143, true],
  ['[2001:db8::1]:143', '2001:db8::1', 143, false],
]
for (const [text, host, port, loopback] of addresses) {
  test(`listen address ${text}`, () => {
    const address = parseListenAddress(text)
    assert.deepEqual(address, { kind: 'tcp', host, port })
    assert.equal(writeListenAddress(address), text)
    assert.equal(isLoopback(address), loopback)
  })
}

test('a star is every address, unix: a path', () => {
  assert.deepEqual(parseListenAddress('*:143'), { kind: 'tcp', host: '::', port: 143 })
  const socket = parseListenAddress('unix:/run/crispin/lmtp:1')
  assert.deepEqual(socket, { kind: 'unix', path: '/run/crispin/lmtp:1' })
  assert.equal(writeListenAddress(socket), 'unix:/run/crispin/lmtp:1')
  assert.ok(isLoopback(socket))
})

for (const text of ['', ':143', '143', 'localhost', 'a:b', 'h:65536', '::1:143', '[::1]', '[zz]:1', 'unix:', 'h:-1']) {
  test(`no listen address: '${text}'`, () => {
    assert.throws(() => parseListenAddress(text), BadAddress)
  })
}

const groups: readonly (readonly [address: string, group: string])[] = [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4::/64'],
  ['local', 'local'],
]
for (const [address, group] of groups) {
  test(`${address} counts as ${group}`, () => assert.equal(addressGroup(address), group))
}

test('an IPv4 address in IPv6 dress is undressed', () => {
  assert.equal(plainAddress('::ffff:10.0.0.1'), '10.0.0.1')
  assert.equal(plainAddress('::1'), '::1')
})
