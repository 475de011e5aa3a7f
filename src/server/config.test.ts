import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parse, stringify } from 'smol-toml'
import { configurationPage } from './config-docs.ts'
import { ConfigFailure, lineOf, loadConfig, variableOf } from './config.ts'
import type { ConfigSources } from './config.ts'
import { checkConfig, settingTables } from './config-schema.ts'

let directory = ''
let file = ''
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crispin-config-'))
  file = join(directory, 'crispin.toml')
})
after(() => rm(directory, { recursive: true }))

async function problemsOf(sources: ConfigSources): Promise<string[]> {
  try {
    await loadConfig(sources)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigFailure)
    return error.message.replaceAll(file, 'FILE').split('\n')
  }
}

const faulty: readonly (readonly [what: string, toml: string, problems: readonly string[]])[] = [
  ['nothing', '', []],
  ['a good file', '[limits]\nmessageBytes = 1_000_000\n[imaps]\nlisten = ["*:993"]', []],
  ['no TOML', '[limits\n', []],
  ['an unknown table', '[limit]\nconnections = 1', ['FILE line 1: limit is no setting']],
  ['an unknown setting', '\n[limits]\n# few\nconections = 1', ['FILE line 4: limits.conections is no setting']],
  ['a word for a number', '[limits]\nconnections = "many"', ['FILE line 2: limits.connections must be a number']],
  ['half a number', '[limits]\nconnections = 1.5', ['FILE line 2: limits.connections must be a whole number']],
  ['too few', '[limits]\nidleSeconds = 60', ['FILE line 2: limits.idleSeconds must be 1800 or more']],
  ['a dotted key', 'limits.idleSeconds = 60', ['FILE line 1: limits.idleSeconds must be 1800 or more']],
  ['a table that is none', 'limits = 5', ['FILE line 1: limits must be an object']],
  ['a list that is none', '[imap]\nlisten = "x"', ['FILE line 2: imap.listen must be an array']],
  [
    'a bad address',
    '[imap]\nlisten = ["x"]',
    ['FILE line 2: imap.listen.0 is no address: HOST:PORT, [IPV6]:PORT or unix:PATH is expected'],
  ],
  ['a bad word', '[log]\nlevel = "loud"', ['FILE line 2: log.level must be one of debug, info, warn, error, silent']],
  ['a certificate without key', '[[tls.more]]\ncertFile = "a"', ['FILE line 1: tls.more.0.keyFile must be a string']],
  [
    'several at once',
    '[log]\nlevel = 1\n[limits]\nrecipients = 1',
    [
      'FILE line 4: limits.recipients must be 100 or more',
      'FILE line 2: log.level must be one of debug, info, warn, error, silent',
    ],
  ],
]
for (const [what, toml, problems] of faulty) {
  test(`configuration: ${what}`, async () => {
    await writeFile(file, toml)
    const found = await problemsOf({ file })
    if (what === 'no TOML') assert.match(found.join(), /^FILE line 1: Invalid TOML/)
    else assert.deepEqual(found, problems)
  })
}

test('a file that is not there is named', async () => {
  assert.deepEqual(await problemsOf({ file: '/nowhere/x.toml' }), ['/nowhere/x.toml: there is no such file'])
})

const variables: readonly (readonly [variable: string, value: string, path: string, reading: unknown])[] = [
  ['CRISPIN_LIMITS_LINE_BYTES', '9000', 'limits.lineBytes', 9000],
  ['CRISPIN_IMAP_ALLOW_PLAINTEXT_LOGIN', 'true', 'imap.allowPlaintextLogin', true],
  ['CRISPIN_IMAP_LISTEN', '127.0.0.1:1, [::1]:2', 'imap.listen', ['127.0.0.1:1', '[::1]:2']],
  ['CRISPIN_IMAP_LISTEN', '', 'imap.listen', []],
  ['CRISPIN_SERVER_NAME', '42', 'server.name', '42'],
  ['CRISPIN_TLS_CERT_FILE', '/a,b', 'tls.certFile', '/a,b'],
  ['CRISPIN_SIGN_IN_REMEMBER_SECONDS', '0', 'signIn.rememberSeconds', 0],
]
for (const [variable, value, path, reading] of variables) {
  test(`${variable}='${value}'`, async () => {
    const config = await loadConfig({ environment: { [variable]: value } })
    const [table = '', name = ''] = path.split('.')
    assert.deepEqual(Object.entries(config).find(([key]) => key === table)?.[1][name], reading)
  })
}

test('what is said later wins, and a fault is put down to who said it', async () => {
  await writeFile(file, '[limits]\nconnections = 1\nmailboxes = 2')
  const environment = { CRISPIN_LIMITS_CONNECTIONS: '3', CRISPIN_LIMITS_MAILBOXES: '4' }
  const config = await loadConfig({ file, environment, overrides: { limits: { mailboxes: 5 } } })
  assert.deepEqual([config.limits.connections, config.limits.mailboxes], [3, 5])
  assert.deepEqual(await problemsOf({ file, environment: { CRISPIN_LIMITS_KEYWORDS: 'few' } }), [
    'environment variable CRISPIN_LIMITS_KEYWORDS: limits.keywords must be a number',
  ])
  assert.deepEqual(await problemsOf({ overrides: { lmtp: { listen: ['x'] } } }), [
    'command line: lmtp.listen.0 is no address: HOST:PORT, [IPV6]:PORT or unix:PATH is expected',
  ])
})

test('every setting is described, and variables do not collide', () => {
  const all = settingTables.flatMap(({ settings }) => settings)
  for (const { path, meta } of all) {
    assert.match(meta.description, /^[A-Z].*\.$/s, path.join('.'))
    if (/Bytes$|Seconds$/.test(path[1])) assert.ok(meta.unit, path.join('.'))
  }
  assert.equal(new Set(all.map(({ path }) => variableOf(path))).size, all.length)
})

test('the defaults, shown as TOML and read again, are the defaults', async () => {
  const defaults = await loadConfig({})
  assert.deepEqual(checkConfig(parse(stringify(defaults))).data, defaults)
})

test('docs/configuration.md is as the schema says', async () => {
  const page = await readFile(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8')
  assert.equal(page, configurationPage(), 'make it anew: bin/crispin config docs > docs/configuration.md')
})

test('lines of settings are found', () => {
  const text = 'a.b = 1\n[c]\nd = 2\n[ e.f ]\ng = 3\n[[h.i]]\nj = 4\n'
  for (const [path, line] of [
    ['a.b', 1],
    ['c.d', 3],
    ['c.x', 2],
    ['e.f', 4],
    ['h.i', 6],
    ['nowhere.at', undefined],
  ] as const) {
    assert.equal(lineOf(text, path.split('.')), line, path)
  }
})
