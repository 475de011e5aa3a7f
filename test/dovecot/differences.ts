/** The known differences between Dovecot and the dialogues, from `differences.txt`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where Dovecot departs from a dialogue, and why the dialogue stands. */
export interface Difference {
  readonly line: number
  readonly what: string
  readonly why: string
}

/** Differences by the path of their dialogue. */
export function knownDifferences(): Map<string, Difference> {
  const known = new Map<string, Difference>()
  const text = readFileSync(join(import.meta.dirname, 'differences.txt'), 'utf8')
  for (const entry of text.split('\n\n').filter((some) => !some.startsWith('#') && some.trim() !== '')) {
    const [head = '', what = '', why = ''] = entry.trim().split('\n')
    const [path = '', line = ''] = head.split(':')
    if (!/^\d+$/.test(line) || !what.startsWith('  Dovecot: ') || !why.startsWith('  We: ')) {
      throw new Error(`differences.txt: not understood: ${entry}`)
    }
    known.set(path, { line: Number(line), what: what.slice(11), why: why.slice(6) })
  }
  return known
}
