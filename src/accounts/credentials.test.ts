import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { impossibleCredentials, isPassword, makeCredentials, testCosts } from './credentials.ts'
import { formatPhc, parsePhc } from './phc.ts'

const phc = '$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

test('PHC strings: there and back', () => {
  const octets = (minLength: number): fc.Arbitrary<Buffer> =>
    fc.uint8Array({ minLength, maxLength: 64 }).map((array) => Buffer.from(array))
  const hash = fc.record(
    {
      memoryKib: fc.integer({ min: 512, max: 1024 * 1024 }),
      passes: fc.integer({ min: 1, max: 64 }),
      lanes: fc.integer({ min: 1, max: 64 }),
      salt: octets(8),
      tag: octets(16),
    },
    { noNullPrototype: true },
  )
  fc.assert(fc.property(hash, (value) => assert.deepEqual(parsePhc(formatPhc(value)), value)))
  assert.equal(formatPhc(parsePhc(phc)), phc)
})

const brokenPhc: readonly [title: string, text: string][] = [
  ['nothing', ''],
  ['another function', phc.replace('argon2id', 'argon2i')],
  ['another version', phc.replace('v=19', 'v=16')],
  ['no version', phc.replace('v=19$', '')],
  ['all memory', phc.replace('m=19456', 'm=9999999')],
  ['too little memory', phc.replace('m=19456', 'm=7')],
  ['no passes', phc.replace('t=2', 't=0')],
  ['many passes', phc.replace('t=2', 't=99')],
  ['leading zero', phc.replace('t=2', 't=02')],
  ['another order', phc.replace('t=2,p=1', 'p=1,t=2')],
  ['short salt', phc.replace('AAECAwQFBgcICQoLDA0ODw', 'AAEC')],
  ['padding', phc.replace('ODw$', 'ODw==$')],
  ['loose bits', phc.replace('ODw$', 'ODx$')],
  ['URL base64', phc.replace('AAEC', 'A-_C')],
  ['short tag', phc.slice(0, -30)],
  ['more', `${phc}$`],
  ['line end', `${phc}\n`],
]
for (const [title, text] of brokenPhc) {
  test(`no PHC string: ${title}`, () => assert.throws(() => parsePhc(text), /^Error: not an argon2id hash$/))
}

test('argon2id of another implementation', async () => {
  // The reference implementation's test of argon2id with version 19, 256 KiB, two passes, one lane.
  const known = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'
  assert.equal(await isPassword(known, 'password'), true)
  assert.equal(await isPassword(known, 'Password'), false)
})

test('a password fits its own hash alone, and an impossible one none', async () => {
  const [one, two] = [await makeCredentials('secret', testCosts), await makeCredentials('secret', testCosts)]
  assert.notEqual(one.password, two.password)
  for (const { password } of [one, two]) {
    assert.equal(await isPassword(password, 'secret'), true)
    assert.equal(await isPassword(password, 'Secret'), false)
    assert.equal(await isPassword(password, ''), false)
  }
  assert.equal(await isPassword(impossibleCredentials(testCosts).password, ''), false)
  assert.notDeepEqual(one.scram['SHA-256'].salt, two.scram['SHA-256'].salt)
})
