import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')
const rfcs = join(root, '../shared/rfc')

/** `RFC 9051 §6.4.7`, also with several sections behind one number: `RFC 9051 §6.4.7, §7.5.1`. */
const citation = /RFC (\d+)((?:,? (?:and )?§[A-Z]?\d*(?:\.\d+)*)+)/g

const sectionsOf = new Map<string, Set<string>>()

/** The numbers of all headings of an RFC, appendices included. */
function headings(rfc: string): Set<string> {
  let known = sectionsOf.get(rfc)
  if (!known) {
    const text = readFileSync(join(rfcs, `rfc${rfc}.txt`), 'latin1')
    const found = text.matchAll(/^ {0,9}(?:Appendix )?([A-Z]|\d+|[A-Z]?\.?\d+(?:\.\d+)+|[A-Z](?:\.\d+)+)[.:]? /gm)
    known = new Set([...found].map((match) => match[1] ?? ''))
    sectionsOf.set(rfc, known)
  }
  return known
}

test(
  'every cited section exists',
  { skip: existsSync(rfcs) ? false : 'the RFC texts are not here (../shared/rfc)' },
  () => {
    const wrong: string[] = []
    for (const path of globSync(['src/**/*.ts', 'test/**/*.{ts,txt}', 'docs/**/*.md', '*.md'], { cwd: root })) {
      const text = readFileSync(join(root, path), 'utf8')
      for (const [whole, rfc = '', sections = ''] of text.matchAll(citation)) {
        if (!existsSync(join(rfcs, `rfc${rfc}.txt`))) {
          wrong.push(`${relative(root, path)}: ${whole}: no such RFC at hand`)
          continue
        }
        for (const [, section = ''] of sections.matchAll(/§([A-Z]?\d*(?:\.\d+)*)/g)) {
          if (!headings(rfc).has(section)) wrong.push(`${path}: RFC ${rfc} has no section ${section}`)
        }
      }
    }
    assert.deepEqual(wrong, [])
  },
)
