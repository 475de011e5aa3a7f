/** The package as npm installs it: what `npm pack` makes, below a node_modules folder, without the sources. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

const root = join(import.meta.dirname, '../..')
const place = mkdtempSync(join(tmpdir(), 'crispin-package-'))
const modules = join(place, 'node_modules')

before(() => {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', place], { cwd: root })
  const tarball = readdirSync(place).find((name) => name.endsWith('.tgz')) ?? assert.fail('npm pack made no file')
  mkdirSync(join(modules, 'crispin'), { recursive: true })
  execFileSync('tar', ['-xzf', join(place, tarball), '-C', join(modules, 'crispin'), '--strip-components=1'])
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  writeFileSync(join(place, 'package.json'), '{ "type": "module" }')
})

after(() => {
  rmSync(place, { recursive: true })
})

test('the program runs and knows its version', () => {
  const output = execFileSync(join(modules, 'crispin/bin/crispin'), ['--version'], { encoding: 'utf8' })
  assert.match(output, /^\d+\.\d+\.\d+\n$/)
})

test('users can be added, and their mail checked', () => {
  const crispin = (args: readonly string[], input = ''): string =>
    execFileSync(join(modules, 'crispin/bin/crispin'), args, { cwd: place, encoding: 'utf8', input })
  crispin(['user', 'add', 'joe', '--data', 'data', '--password-stdin'], 'secret\n')
  assert.match(crispin(['user', 'list', '--data', 'data']), /^joe\b/m)
  assert.match(crispin(['check', '--data', 'data']), /all in order/)
})

test('crispin, crispin/wire and crispin/mime can be imported', () => {
  const program = `
    import { startServer } from 'crispin'
    import { Framer } from 'crispin/wire'
    import { MessageIndexer } from 'crispin/mime'
    const server = await startServer({ accounts: [{ name: 'joe', password: 'secret' }] })
    const connection = server.connect()
    connection.write('a LOGIN joe secret\\r\\nb LOGOUT\\r\\n')
    for await (const part of connection) process.stdout.write(part)
    await server.close()
    console.log(typeof Framer, typeof MessageIndexer)`
  writeFileSync(join(place, 'program.js'), program)
  const output = execFileSync(process.execPath, [join(place, 'program.js')], { encoding: 'utf8' })
  assert.match(output, /^a OK /m)
  assert.match(output, /^function function$/m)
})

test('their types can be imported', () => {
  writeFileSync(
    join(place, 'typed.ts'),
    `import { startServer } from 'crispin'
import type { CrispinServer } from 'crispin'
import 'crispin/wire'
import 'crispin/mime'
export const server: CrispinServer = await startServer()
// @ts-expect-error a stream is no number, which shows that the types were found
export const wrong: number = server.connect()
`,
  )
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', '--types', 'node']
  execFileSync(join(root, 'node_modules/.bin/tsc'), [...options, 'typed.ts'], { cwd: place, stdio: 'inherit' })
})
