import assert from 'node:assert/strict'
import { createHmac, pbkdf2Sync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { Refusal } from '../model/refusal.ts'
import { authenticationFailed } from './refusals.ts'
import type { SaslChannel, SaslExchange } from './sasl.ts'
import { deriveScramKeys, formatScramKeys, parseScramKeys, scramDigest, scramHashes } from './scram-keys.ts'
import type { ScramHash, ScramKeys } from './scram-keys.ts'
import { parseClientFinal, parseClientFirst, unescapeName } from './scram-messages.ts'
import { scram } from './scram.ts'
import type { ScramOptions } from './scram.ts'
import type { Verifier } from './verifier.ts'

const exporter = Buffer.alloc(32, 7)
const plainTls: SaslChannel = { secure: true, remoteAddress: 'local', tlsExporter: undefined, certificateNames: [] }
const tls13: SaslChannel = { ...plainTls, tlsExporter: exporter }

/** A verifier that knows one user. */
function oneUser(user: string, keys: ScramKeys): Verifier {
  const identity = { user, account: 'a1' }
  return {
    password: () => Promise.reject(authenticationFailed()),
    identity: async (name) => (name === user ? identity : undefined),
    scram: async (name) => ({
      keys,
      finish: async (proved) => {
        if (!proved || name !== user) throw authenticationFailed()
        return identity
      },
    }),
  }
}

async function exchange(
  user: string,
  channel: SaslChannel = plainTls,
  options: Partial<ScramOptions> = {},
): Promise<SaslExchange> {
  const hash = options.hash ?? 'SHA-256'
  const keys = await deriveScramKeys(hash, 'pencil', 4096, Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'))
  const defaults = { hash, plus: false, plusOffered: false, makeNonce: () => 'SERVER' }
  return scram(oneUser(user, keys), channel, { ...defaults, ...options })
}

/** The client's second message, made independently of the code under test. */
function clientFinal(
  hash: ScramHash,
  password: string,
  first: string,
  serverFirst: string,
  channelData: string | Buffer = '',
  extra = '',
): string {
  const [, nonce = '', salt = '', iterations = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst) ?? []
  const [, header = '', bare = ''] = /^([^,]*,[^,]*,)(.*)$/s.exec(first) ?? []
  const { digest, bytes } = scramHashes[hash]
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), bytes, digest)
  const clientKey = createHmac(digest, salted).update('Client Key').digest()
  const binding = Buffer.concat([Buffer.from(header), Buffer.from(channelData)]).toString('base64')
  const withoutProof = `c=${binding},r=${nonce}${extra}`
  const signature = createHmac(digest, scramDigest(hash, clientKey))
    .update(`${bare},${serverFirst},${withoutProof}`)
    .digest()
  const proof = Buffer.from(clientKey.map((octet, at) => octet ^ (signature[at] ?? 0)))
  return `${withoutProof},p=${proof.toString('base64')}`
}

async function say(exchanged: SaslExchange, text: string): Promise<string> {
  const step = await exchanged.respond(Buffer.from(text))
  return `${step.kind}: ${step.data?.toString() ?? ''}`
}

function refusal(code: string | undefined, text?: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof Refusal && error.code === code && (text?.test(error.message) ?? true)
}

const vectors = [
  {
    source: 'RFC 5802 §5',
    hash: 'SHA-1',
    salt: 'QSXCR+Q6sek8bf92',
    serverNonce: '3rfcNHYJY1ZVvWVs7j',
    dialogue: [
      'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL',
      'challenge: r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
      'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
      'success: v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
    ],
  },
  {
    source: 'RFC 7677 §3',
    hash: 'SHA-256',
    salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
    serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    dialogue: [
      'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
      'challenge: r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
      'success: v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    ],
  },
] as const

for (const { source, hash, salt, serverNonce, dialogue } of vectors) {
  test(`SCRAM-${hash}: the example of ${source}`, async () => {
    const keys = await deriveScramKeys(hash, 'pencil', 4096, Buffer.from(salt, 'base64'))
    const options = { hash, plus: false, plusOffered: false, makeNonce: () => serverNonce }
    const exchanged = scram(oneUser('user', keys), plainTls, options)
    for (let at = 0; at < dialogue.length; at += 2) {
      assert.equal(await say(exchanged, dialogue[at] ?? ''), dialogue[at + 1])
    }
  })
}

const accepted: readonly {
  title: string
  first: string
  user?: string
  channel?: SaslChannel
  options?: Partial<ScramOptions>
  channelData?: Buffer
  extra?: string
}[] = [
  { title: 'no channel binding', first: 'n,,n=user,r=abc' },
  { title: 'client could bind, nothing was offered', first: 'y,,n=user,r=abc' },
  { title: 'client cannot bind, though it was offered', first: 'n,,n=user,r=abc', options: { plusOffered: true } },
  { title: 'own name as authorization identity', first: 'n,a=user,n=user,r=abc' },
  { title: 'escapes in names', user: 'a,b=c', first: 'n,a=a=2Cb=3Dc,n=a=2Cb=3Dc,r=abc' },
  { title: 'unknown optional extensions', first: 'n,,n=user,r=abc,x=1,Y=a=b', extra: ',z=2' },
  { title: 'Unicode in an extension', first: 'n,,n=user,r=abc,x=é' },
  {
    title: 'bound to the channel',
    first: 'p=tls-exporter,,n=user,r=abc',
    channel: tls13,
    options: { plus: true, plusOffered: true },
    channelData: exporter,
  },
  {
    title: 'bound to the channel, SHA-1',
    first: 'p=tls-exporter,a=user,n=user,r=abc',
    channel: tls13,
    options: { hash: 'SHA-1', plus: true, plusOffered: true },
    channelData: exporter,
  },
]

for (const { title, first, user = 'user', channel, options, channelData, extra } of accepted) {
  test(`SCRAM is done: ${title}`, async () => {
    const exchanged = await exchange(user, channel, options)
    const serverFirst = (await say(exchanged, first)).replace('challenge: ', '')
    const step = await say(
      exchanged,
      clientFinal(options?.hash ?? 'SHA-256', 'pencil', first, serverFirst, channelData, extra),
    )
    assert.match(step, /^success: v=/)
  })
}

const plus = { plus: true, plusOffered: true }
const firstRefused: readonly [
  title: string,
  first: string,
  code: string | undefined,
  text: RegExp,
  options?: Partial<ScramOptions>,
][] = [
  [
    'downgrade',
    'y,,n=user,r=abc',
    'AUTHENTICATIONFAILED',
    /e=server-does-support-channel-binding/,
    { plusOffered: true },
  ],
  ['p without -PLUS', 'p=tls-exporter,,n=user,r=a', 'AUTHENTICATIONFAILED', /e=channel-binding-not-supported/],
  ['another binding', 'p=tls-unique,,n=user,r=a', 'AUTHENTICATIONFAILED', /e=unsupported-channel-binding-type/, plus],
  ['n with -PLUS', 'n,,n=user,r=abc', undefined, /channel binding/, plus],
  ['mandatory extension', 'n,,m=x,n=user,r=abc', 'AUTHENTICATIONFAILED', /e=extensions-not-supported/],
  ['mandatory extension at the end', 'n,,n=user,r=abc,m=x', 'AUTHENTICATIONFAILED', /e=extensions-not-supported/],
  ['name with a control character', 'n,,n=us\x07er,r=abc', 'AUTHENTICATIONFAILED', /e=invalid-username-encoding/],
  ['name that prepares to nothing', 'n,,n=\u00ad,r=abc', 'AUTHENTICATIONFAILED', /e=invalid-username-encoding/],
  ['empty', '', undefined, /GS2/],
  ['no GS2 header', 'n=user,r=abc', undefined, /GS2/],
  ['another flag', 'x,,n=user,r=abc', undefined, /GS2/],
  ['capital flag', 'N,,n=user,r=abc', undefined, /GS2/],
  ['GS2 non-standard flag', 'F,n,,n=user,r=abc', undefined, /GS2/],
  ['empty authorization identity', 'n,a=,n=user,r=abc', undefined, /GS2/],
  ['empty binding type', 'p=,,n=user,r=abc', undefined, /GS2/],
  ['no name', 'n,,r=abc', undefined, /"n="/],
  ['empty name', 'n,,n=,r=abc', undefined, /"n="/],
  ['wrong order', 'n,,r=abc,n=user', undefined, /"n="/],
  ['no nonce', 'n,,n=user', undefined, /"r="/],
  ['empty nonce', 'n,,n=user,r=', undefined, /"r="/],
  ['nonce with a space', 'n,,n=user,r=a b', undefined, /nonce/],
  ['nonce outside ASCII', 'n,,n=user,r=é', undefined, /nonce/],
  ['broken escape', 'n,,n=us=er,r=abc', undefined, /2C or 3D/],
  ['escape in small letters', 'n,,n=us=2cer,r=abc', undefined, /2C or 3D/],
  ['broken escape in the authorization identity', 'n,a=x=,n=user,r=abc', undefined, /2C or 3D/],
  ['NUL', 'n,,n=us\0er,r=abc', undefined, /NUL/],
  ['extension without a value', 'n,,n=user,r=abc,x=', undefined, /extension/],
  ['extension without a name', 'n,,n=user,r=abc,', undefined, /extension/],
  ['extension with a long name', 'n,,n=user,r=abc,xy=1', undefined, /extension/],
  ['too long', `n,,n=user,r=${'a'.repeat(9000)}`, undefined, /long/],
]

for (const [title, first, code, text, options] of firstRefused) {
  test(`SCRAM refuses the first message: ${title}`, async () => {
    const exchanged = await exchange('user', options?.plusOffered ? tls13 : plainTls, options)
    await assert.rejects(exchanged.respond(Buffer.from(first)), refusal(code, text))
  })
}

test('SCRAM refuses what is not UTF-8', async () => {
  const exchanged = await exchange('user')
  await assert.rejects(exchanged.respond(Buffer.from('n,,n=\xff,r=abc', 'latin1')), refusal(undefined, /UTF-8/))
})

/** How a right second message is spoilt, and what is said. */
const finalRefused: readonly [
  title: string,
  spoil: (final: string) => string,
  code: string | undefined,
  text: RegExp,
][] = [
  ['another nonce', (final) => final.replace('r=abcSERVER', 'r=abcSERVEr'), 'AUTHENTICATIONFAILED', /e=other-error/],
  [
    "only the client's nonce",
    (final) => final.replace('r=abcSERVER', 'r=abc'),
    'AUTHENTICATIONFAILED',
    /e=other-error/,
  ],
  ['another GS2 header', (final) => final.replace('c=biws', 'c=eSws'), 'AUTHENTICATIONFAILED', /dont-match/],
  [
    'binding data not asked for',
    (final) => final.replace('c=biws', 'c=biwsAAAA'),
    'AUTHENTICATIONFAILED',
    /dont-match/,
  ],
  ['binding that is not base64', (final) => final.replace('c=biws', 'c=*'), 'AUTHENTICATIONFAILED', /dont-match/],
  [
    'an extension added on the way',
    (final) => final.replace(',p=', ',x=1,p='),
    'AUTHENTICATIONFAILED',
    /^Authentication failed$/,
  ],
  [
    'mandatory extension',
    (final) => final.replace(',p=', ',m=1,p='),
    'AUTHENTICATIONFAILED',
    /extensions-not-supported/,
  ],
  ['another proof', (final) => final.replace(/p=.{4}/, 'p=AAAA'), 'AUTHENTICATIONFAILED', /^Authentication failed$/],
  ['short proof', (final) => final.replace(/p=.*/, 'p=AAAA'), 'AUTHENTICATIONFAILED', /^Authentication failed$/],
  ['proof not base64', (final) => final.replace(/p=.*/, 'p=A'), undefined, /base64/],
  ['no proof', (final) => final.replace(/,p=.*/, ''), undefined, /"p="/],
  ['proof not last', (final) => `${final},x=1`, undefined, /"p="/],
  ['no binding', (final) => final.replace('c=biws,', ''), undefined, /"c="/],
  ['nothing', () => '', undefined, /./],
  ['only commas', () => ',,,,', undefined, /./],
]

for (const [title, spoil, code, text] of finalRefused) {
  test(`SCRAM refuses the second message: ${title}`, async () => {
    const exchanged = await exchange('user')
    const first = 'n,,n=user,r=abc'
    const serverFirst = (await say(exchanged, first)).replace('challenge: ', '')
    const final = spoil(clientFinal('SHA-256', 'pencil', first, serverFirst))
    await assert.rejects(exchanged.respond(Buffer.from(final)), refusal(code, text))
  })
}

test('SCRAM refuses a wrong password, an unknown user, and to act as another', async () => {
  for (const [user, password, authorization, code] of [
    ['user', 'pen', '', 'AUTHENTICATIONFAILED'],
    ['nobody', 'pencil', '', 'AUTHENTICATIONFAILED'],
    ['user', 'pencil', 'a=admin', 'AUTHORIZATIONFAILED'],
  ] as const) {
    const exchanged = await exchange('user')
    const first = `n,${authorization},n=${user},r=abc`
    const serverFirst = (await say(exchanged, first)).replace('challenge: ', '')
    const final = clientFinal('SHA-256', password, first, serverFirst)
    await assert.rejects(exchanged.respond(Buffer.from(final)), refusal(code))
  }
})

test('SCRAM refuses the binding of another channel', async () => {
  const exchanged = await exchange('user', tls13, plus)
  const first = 'p=tls-exporter,,n=user,r=abc'
  const serverFirst = (await say(exchanged, first)).replace('challenge: ', '')
  const final = clientFinal('SHA-256', 'pencil', first, serverFirst, Buffer.alloc(32, 8))
  await assert.rejects(exchanged.respond(Buffer.from(final)), refusal('AUTHENTICATIONFAILED', /dont-match/))
})

test('SCRAM asks for a first message that did not come along', async () => {
  const exchanged = await exchange('user')
  assert.deepEqual(await exchanged.respond(undefined), { kind: 'challenge', data: Buffer.alloc(0) })
  assert.match(await say(exchanged, 'n,,n=user,r=abc'), /^challenge: r=abcSERVER,/)
})

test('a proof does not work twice', async () => {
  const exchanged = await exchange('user')
  const first = 'n,,n=user,r=abc'
  const serverFirst = (await say(exchanged, first)).replace('challenge: ', '')
  const final = Buffer.from(clientFinal('SHA-256', 'pencil', first, serverFirst))
  assert.equal((await exchanged.respond(final)).kind, 'success')
  await assert.rejects(exchanged.respond(final), refusal(undefined))
})

test('a random nonce is long, printable and new each time', async () => {
  const nonces = new Set<string>()
  for (let run = 0; run < 3; run++) {
    const answer = await say(await exchange('user', plainTls, { makeNonce: undefined }), 'n,,n=user,r=abc')
    nonces.add(/r=abc([!-+\--~]{24}),/.exec(answer)?.[1] ?? '')
  }
  assert.equal(nonces.size, 3)
  assert.ok(!nonces.has(''))
})

test('keys as text: there and back, nothing else read', async () => {
  for (const hash of ['SHA-1', 'SHA-256'] as const) {
    const keys = await deriveScramKeys(hash, 'pencil', 4096)
    const text = formatScramKeys(hash, keys)
    assert.deepEqual(parseScramKeys(hash, text), keys)
    const other = hash === 'SHA-1' ? 'SHA-256' : 'SHA-1'
    for (const wrong of [
      text.slice(0, -1),
      text + '=',
      text.replace('4096', '4095'),
      text.replace('4096', '04096'),
      text.replace('4096', '9999999999'),
      text.replace(hash, other),
      '',
    ]) {
      assert.throws(() => parseScramKeys(hash, wrong), /^Error: not the keys of SCRAM-/, wrong)
    }
    assert.throws(() => parseScramKeys(other, text))
  }
})

test('names: escaped and back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      const escaped = name.replace(/=/g, '=3D').replace(/,/g, '=2C')
      assert.equal(unescapeName(escaped), name)
    }),
  )
})

test('whatever octets come, the parsers give a value or a refusal without a code', () => {
  const piece = fc.constantFrom(
    'n',
    'y',
    'p=tls-exporter',
    ',',
    'a=',
    'n=',
    'r=',
    'c=',
    'p=',
    'm=',
    '=2C',
    '=',
    'x',
    'é',
    '\0',
  )
  const message = fc.oneof(
    fc.array(piece, { maxLength: 16 }).map((pieces) => Buffer.from(pieces.join(''))),
    fc.uint8Array({ maxLength: 40 }).map((octets) => Buffer.from(octets)),
  )
  fc.assert(
    fc.property(message, (data) => {
      for (const parse of [parseClientFirst, parseClientFinal]) {
        try {
          const { nonce } = parse(data)
          assert.match(nonce, /^[!-+\--~]+$/)
        } catch (error) {
          assert.ok(error instanceof Refusal && error.code === undefined)
        }
      }
    }),
    { numRuns: 500 },
  )
})
