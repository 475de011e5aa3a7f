import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { allDialogues } from './all-dialogues.ts'

const library = join(import.meta.dirname, '../src/index.ts')

test('every dialogue can be read', () => {
  assert.notEqual(allDialogues().length, 0)
})

test('the dialogues against Crispin', { skip: existsSync(library) ? false : 'there is no server yet' }, () => {})
