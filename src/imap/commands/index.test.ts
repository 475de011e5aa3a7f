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

test('every file of a command is in the table', () => {
  const files = globSync(join(import.meta.dirname, '*.ts')).filter((path) => !/\/index|\.test\./.test(path))
  // SELECT and EXAMINE share a file, as do SUBSCRIBE and UNSUBSCRIBE.
  assert.equal(commands.length, files.length + 2)
})

test('a UID form is found only where there is one', () => {
  assert.equal(commandNamed('STORE', true)?.name, 'STORE')
  assert.equal(commandNamed('NOOP', true), undefined)
  assert.equal(commandNamed('XLIST', false), undefined)
})
