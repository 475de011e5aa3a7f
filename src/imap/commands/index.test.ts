import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandNamed, commands } from './index.ts'

test('every command has a name of its own, in capitals', () => {
  const names = commands.map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  for (const name of names) assert.equal(name, name.toUpperCase())
})

test('every command that a file makes is in the table, and every file makes one', async () => {
  const files = globSync(join(import.meta.dirname, '*.ts')).filter((path) => !/\/index|\.test\./.test(path))
  const known = new Set<unknown>(commands)
  for (const file of files) {
    const exported: unknown[] = Object.values((await import(file)) as object) // a module is an object
    const made = exported.filter((one) => typeof one === 'object' && one !== null && 'run' in one && 'parse' in one)
    assert.notEqual(made.length, 0, file)
    for (const command of made) assert.ok(known.has(command), file)
  }
})

test('a UID form is found only where there is one', () => {
  assert.equal(commandNamed('STORE', true)?.name, 'STORE')
  assert.equal(commandNamed('NOOP', true), undefined)
  assert.equal(commandNamed('XLIST', false), undefined)
})
