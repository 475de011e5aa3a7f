import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Refusal } from '../model/refusal.ts'
import { offeredMechanisms } from './mechanisms.ts'
import { parsePlain } from './plain.ts'
import { authenticationFailed } from './refusals.ts'
import type { Identity, SaslChannel, SaslExchange } from './sasl.ts'
import { prepare } from './text.ts'
import type { Verifier } from './verifier.ts'

const tls: SaslChannel = { secure: true, remoteAddress: '192.0.2.1', tlsExporter: undefined, certificateNames: [] }

const users: readonly Identity[] = [
  { user: 'tim', account: 'a1' },
  { user: 'ann@example.org', account: 'a2' },
]

const verifier: Verifier = {
  identity: async (name) => users.find(({ user }) => user === name.toLowerCase()),
  async password(name, password) {
    const identity = await verifier.identity(name)
    if (!identity || password !== 'tanstaaftanstaaf') throw authenticationFailed()
    return identity
  },
  scram: () => Promise.reject(authenticationFailed()),
}

function begin(name: string, channel: SaslChannel = tls): SaslExchange {
  const mechanism = offeredMechanisms(channel).find((offered) => offered.name === name)
  assert.ok(mechanism, `${name} is offered`)
  return mechanism.begin({ verifier, channel, plusOffered: false })
}

/** Feeds messages (`undefined`: no initial response) and gives the last step, or the code of the refusal. */
async function run(exchange: SaslExchange, messages: readonly (string | undefined)[]): Promise<string> {
  let result = ''
  try {
    for (const message of messages) {
      const step = await exchange.respond(message === undefined ? undefined : Buffer.from(message, 'latin1'))
      result = step.kind === 'success' ? `success: ${step.identity.user}` : `challenge: ${step.data.toString()}`
    }
    return result
  } catch (error) {
    assert.ok(error instanceof Refusal)
    assert.doesNotMatch(error.message, /tan/)
    return error.code ?? 'malformed'
  }
}

test('what is offered', () => {
  const cases: readonly [channel: Partial<SaslChannel>, names: string][] = [
    [{ secure: false, tlsExporter: Buffer.alloc(32), certificateNames: ['tim'] }, ''],
    [{}, 'SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN'],
    [{ tlsExporter: Buffer.alloc(32) }, 'SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN'],
    [{ certificateNames: ['tim'] }, 'EXTERNAL SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN'],
  ]
  for (const [channel, names] of cases) {
    assert.equal(
      offeredMechanisms({ ...tls, ...channel })
        .map(({ name }) => name)
        .join(' '),
      names,
    )
  }
  const some = offeredMechanisms(tls, new Set(['LOGIN', 'SCRAM-SHA-1']))
  assert.deepEqual(
    some.map(({ name }) => name),
    ['SCRAM-SHA-256', 'PLAIN'],
  )
})

const plainCases: readonly [message: string | undefined, result: string][] = [
  // RFC 4616 §4
  ['\0tim\0tanstaaftanstaaf', 'success: tim'],
  ['Ursel\0tim\0tanstaaftanstaaf', 'AUTHORIZATIONFAILED'],
  [undefined, 'challenge: '],
  ['tim\0tim\0tanstaaftanstaaf', 'success: tim'],
  ['TIM\0tim\0tanstaaftanstaaf', 'success: tim'],
  ['ann@example.org\0tim\0tanstaaftanstaaf', 'AUTHORIZATIONFAILED'],
  ['ann@example.org\0tim\0tanstaaf', 'AUTHENTICATIONFAILED'],
  ['\0ann@example.org\0tanstaaftanstaaf', 'success: ann@example.org'],
  ['\0tim\0wrong', 'AUTHENTICATIONFAILED'],
  ['\0nobody\0tanstaaftanstaaf', 'AUTHENTICATIONFAILED'],
  ['', 'malformed'],
  ['tim', 'malformed'],
  ['tim\0tanstaaftanstaaf', 'malformed'],
  ['\0\0tanstaaftanstaaf', 'malformed'],
  ['\0tim\0', 'malformed'],
  ['\0tim\0tanstaaf\0', 'malformed'],
  ['\0tim\0\xff', 'malformed'],
  [`\0tim\0${'x'.repeat(5000)}`, 'malformed'],
]
for (const [message, result] of plainCases) {
  test(`PLAIN ${JSON.stringify(message?.slice(0, 40))}: ${result}`, async () => {
    assert.equal(await run(begin('PLAIN'), [message]), result)
  })
}

const loginCases: readonly [messages: (string | undefined)[], result: string][] = [
  [[undefined], 'challenge: Username:'],
  [[undefined, 'tim'], 'challenge: Password:'],
  [['tim'], 'challenge: Password:'],
  [[undefined, 'tim', 'tanstaaftanstaaf'], 'success: tim'],
  [['tim', 'tanstaaftanstaaf'], 'success: tim'],
  [['tim', 'wrong'], 'AUTHENTICATIONFAILED'],
  [['nobody', 'tanstaaftanstaaf'], 'AUTHENTICATIONFAILED'],
  [[undefined, ''], 'malformed'],
  [['tim', ''], 'malformed'],
  [['tim\0x'], 'malformed'],
  [['\xff'], 'malformed'],
  [['x'.repeat(5000)], 'malformed'],
]
for (const [messages, result] of loginCases) {
  test(`LOGIN ${JSON.stringify(messages).slice(0, 60)}: ${result}`, async () => {
    assert.equal(await run(begin('LOGIN'), messages), result)
  })
}

const externalCases: readonly [certificateNames: string[], message: string | undefined, result: string][] = [
  [['tim'], undefined, 'challenge: '],
  [['tim'], '', 'success: tim'],
  [['tim'], 'tim', 'success: tim'],
  [['tim'], 'ann@example.org', 'AUTHORIZATIONFAILED'],
  [['tim'], 'nobody', 'AUTHORIZATIONFAILED'],
  [['unknown', 'ann@example.org', 'tim'], '', 'success: ann@example.org'],
  [['ann@example.org', 'tim'], 'tim', 'success: tim'],
  [['unknown'], '', 'AUTHENTICATIONFAILED'],
  [['unknown'], 'tim', 'AUTHENTICATIONFAILED'],
  [['tim'], 't\0m', 'malformed'],
  [['tim'], '\xff', 'malformed'],
]
for (const [certificateNames, message, result] of externalCases) {
  test(`EXTERNAL as ${certificateNames.join()} ${JSON.stringify(message)}: ${result}`, async () => {
    assert.equal(await run(begin('EXTERNAL', { ...tls, certificateNames }), [message]), result)
  })
}

test('PLAIN: there and back, and a refusal for anything else', () => {
  const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\0'))
  fc.assert(
    fc.property(fc.oneof(part, fc.constant('')), part, part, (authorization, user, password) => {
      const parsed = parsePlain(Buffer.from([authorization, user, password].join('\0')))
      assert.deepEqual(parsed, { authorization, user, password })
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (octets) => {
      try {
        assert.ok(parsePlain(Buffer.from(octets)).password.length > 0)
      } catch (error) {
        assert.ok(error instanceof Refusal && error.code === undefined)
      }
    }),
  )
})

test('prepared text', () => {
  const cases: readonly [text: string, prepared: string | undefined][] = [
    // RFC 4013 §3
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['\u0007', undefined],
    ['\u0627\u0031', undefined],
    ['', undefined],
    ['\u00ad', undefined],
    ['correct horse', 'correct horse'],
    ['correct\u00a0horse', 'correct horse'],
    ['e\u0301', 'é'],
    ['😀🫠', '😀🫠'],
    ['\ud800', undefined],
    ['x'.repeat(1024), 'x'.repeat(1024)],
    ['x'.repeat(1025), undefined],
    ['é'.repeat(600), undefined],
  ]
  for (const [text, prepared] of cases) assert.equal(prepare(text), prepared, JSON.stringify(text).slice(0, 40))
})
