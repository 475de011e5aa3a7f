import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { test } from 'node:test'
import { maxProxyHeaderBytes, parseProxyHeader, readProxyHeader } from './proxy-protocol.ts'

const signature = '0d0a0d0a000d0a515549540a'

/** A header from its command, family and payload in hexadecimal. */
function header(command: string, family: string, payload: string): Buffer {
  const length = (payload.length / 2).toString(16).padStart(4, '0')
  return Buffer.from(signature + command + family + length + payload, 'hex')
}

const ipv4 = 'c0000207' + '7f000001' + 'c350' + '0477'
const ipv6 = '20010db8000000000000000000000001' + '00000000000000000000000000000001' + 'c350' + '0477'
const tlvs = '03000411223344' + '200003aabbcc'

const good: readonly (readonly [what: string, octets: Buffer, source: string | undefined])[] = [
  ['TCP over IPv4', header('21', '11', ipv4), '192.0.2.7 50000'],
  ['TCP over IPv4 with TLVs', header('21', '11', ipv4 + tlvs), '192.0.2.7 50000'],
  ['TCP over IPv6', header('21', '21', ipv6), '2001:db8:0:0:0:0:0:1 50000'],
  ['LOCAL, no addresses', header('20', '00', ''), undefined],
  ['LOCAL, addresses to be skipped', header('20', '11', ipv4), undefined],
  ['LOCAL, an unknown family to be skipped', header('20', 'ff', '00'), undefined],
  ['unspecified', header('21', '00', ''), undefined],
  ['a Unix socket', header('21', '31', '00'.repeat(216)), undefined],
  ['UDP', header('21', '12', ipv4), undefined],
]
for (const [what, octets, source] of good) {
  test(`PROXY v2: ${what}, at every split`, () => {
    const rest = Buffer.from('a LOGOUT\r\n')
    for (let length = 0; length < octets.length; length++) {
      assert.equal(parseProxyHeader(octets.subarray(0, length)).kind, 'incomplete')
    }
    const parsed = parseProxyHeader(Buffer.concat([octets, rest]))
    assert.ok(parsed.kind === 'complete')
    assert.equal(parsed.bytes, octets.length)
    assert.equal(parsed.source && `${parsed.source.address} ${parsed.source.port}`, source)
  })
}

const bad: readonly (readonly [what: string, octets: Buffer, why: RegExp])[] = [
  ['an IMAP command', Buffer.from('a LOGIN x y\r\n'), /signature/],
  ['TLS', Buffer.from('160301', 'hex'), /signature/],
  ['version 1', Buffer.from('PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n'), /signature/],
  ['a broken signature', Buffer.from(signature.slice(0, -2) + '0b', 'hex'), /signature/],
  ['version 3', Buffer.from(signature + '31', 'hex'), /version/],
  ['an unknown command', Buffer.from(signature + '22', 'hex'), /command/],
  ['an unknown family', header('21', '41', ''), /family/],
  ['an unknown protocol', header('21', '13', ipv4), /family/],
  ['a short address', header('21', '11', ipv4.slice(2)), /too short/],
  ['a long header', header('21', '11', '00'.repeat(maxProxyHeaderBytes + 1)), /longer/],
]
for (const [what, octets, why] of bad) {
  test(`no PROXY v2 header: ${what}`, () => {
    const parsed = parseProxyHeader(octets)
    assert.ok(parsed.kind === 'invalid')
    assert.match(parsed.why, why)
  })
}

test('what follows the header stays in the stream, whatever the split', async () => {
  const octets = Buffer.concat([header('21', '11', ipv4), Buffer.from('a NOOP\r\n')])
  for (let split = 1; split <= octets.length; split++) {
    const [near, far] = duplexPair()
    near.write(octets.subarray(0, split))
    if (split < octets.length) near.write(octets.subarray(split))
    near.end()
    const source = await readProxyHeader(far, 5000)
    assert.deepEqual(source, { address: '192.0.2.7', port: 50_000 })
    const rest = []
    for await (const chunk of far) rest.push(chunk)
    assert.equal(Buffer.concat(rest).toString(), 'a NOOP\r\n')
  }
})

test('silence and an early end are failures', async () => {
  const [, silent] = duplexPair()
  await assert.rejects(readProxyHeader(silent, 1), /within 1 ms/)
  const [near, far] = duplexPair()
  near.end(header('21', '11', ipv4).subarray(0, 20))
  await assert.rejects(readProxyHeader(far, 5000), /ended/)
})
