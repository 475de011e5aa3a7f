import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'

/** Which folders of `src/` each folder may import from, besides itself. docs/architecture.md draws the same table. */
const layers: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  mime: [],
  model: ['wire', 'mime'],
  sasl: ['model'],
  net: ['model'],
  accounts: ['model', 'sasl'],
  store: ['model', 'mime'],
  'store/state': ['model', 'mime', 'store'],
  'store/memory': ['model', 'mime', 'store', 'store/state'],
  'store/embedded': ['model', 'mime', 'store', 'store/state'],
  'store/shared': ['model', 'mime', 'store', 'store/state', 'store/embedded'],
  search: ['wire', 'mime', 'model', 'store'],
  session: ['wire', 'model', 'store'],
  transfer: ['wire', 'mime', 'model', 'store'],
  imap: ['wire', 'mime', 'model', 'store', 'search', 'session', 'sasl', 'net'],
  lmtp: ['wire', 'mime', 'model', 'store', 'sasl', 'net'],
}

const root = join(import.meta.dirname, '../src')

/** `store/memory` for src/store/memory/x.ts, `imap` for src/imap/commands/x.ts: the longest name in the table. */
function layerOf(path: string): string {
  const [top = '', second = ''] = relative(root, path).split('/')
  return `${top}/${second}` in layers ? `${top}/${second}` : top
}

function importsOf(path: string): string[] {
  const source = readFileSync(path, 'utf8')
  return [
    ...source.matchAll(/^(?:import|export)\b[^'\n]*(?:\n[^'\n]*)*?from '(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm),
  ].map((found) => join(dirname(path), found[1] ?? found[2] ?? ''))
}

test('imports go one way', () => {
  const wrong: string[] = []
  for (const path of globSync(join(root, '**/*.ts'))) {
    const layer = layerOf(path)
    if (/\.test(-support)?\.ts$/.test(path) || relative(root, path).startsWith('server/') || dirname(path) === root)
      continue
    const allowed = layers[layer]
    if (!allowed) wrong.push(`${relative(root, path)}: its folder is in no layer`)
    for (const target of importsOf(path)) {
      const to = layerOf(target)
      if (to !== layer && !allowed?.includes(to)) {
        wrong.push(`${relative(root, path)} (${layer}) imports ${relative(root, target)} (${to})`)
      }
    }
  }
  assert.deepEqual(wrong, [])
})

test('every import names a file', () => {
  const missing = globSync(join(root, '**/*.ts')).flatMap((path) =>
    importsOf(path)
      .filter((target) => globSync(target).length === 0)
      .map((target) => `${relative(root, path)} imports ${relative(root, target)}`),
  )
  assert.deepEqual(missing, [])
})
