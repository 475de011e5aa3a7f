/**
 * Writes docs/protocol-support.md from the tables and comments of the code: `node tools/protocol-support.ts`.
 * With `--check` it only says whether the page is up to date (exit status 1 if not).
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { capabilities } from '../src/imap/capabilities.ts'

const root = join(import.meta.dirname, '..')
const page = join(root, 'docs/protocol-support.md')

/** `RFC 9051 §6.4.7, §7.5.1`: a number and the sections behind it. */
const citation = /RFC (\d+)((?:,? (?:and )?§[A-Z]?\d*(?:\.\d+)*)*)/g

/** For each RFC, the files that cite it and the sections they name. */
function citations(pattern: string): Map<number, Map<string, Set<string>>> {
  const byRfc = new Map<number, Map<string, Set<string>>>()
  for (const path of globSync(pattern, { cwd: root }).sort()) {
    if (path.endsWith('.test.ts')) continue
    for (const [, rfc = '', sections = ''] of readFileSync(join(root, path), 'utf8').matchAll(citation)) {
      const files = byRfc.get(Number(rfc)) ?? new Map<string, Set<string>>()
      byRfc.set(Number(rfc), files)
      const named = files.get(path) ?? new Set<string>()
      files.set(path, named)
      for (const [, section = ''] of sections.matchAll(/§([A-Z]?\d*(?:\.\d+)*)/g)) named.add(section)
    }
  }
  return byRfc
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Dotted numbers in their natural order. */
const inOrder = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })

function render(): string {
  const code = citations('src/**/*.ts')
  const dialogues = citations('test/dialogues/**/*.txt')
  const dialoguesOf = (rfc: number): number => dialogues.get(rfc)?.size ?? 0
  const capabilityRows = [...capabilities].map(({ token, rfc, shown }) => [
    `\`${token}\``,
    `RFC ${rfc}`,
    { always: 'before and after sign-in', before: 'before sign-in', after: 'after sign-in' }[shown],
    String(dialoguesOf(rfc)),
  ])
  const total = globSync('test/dialogues/**/*.txt', { cwd: root }).length
  const indexRows = [...code]
    .sort(([a], [b]) => a - b)
    .flatMap(([rfc, files]) =>
      [...files].map(([path, sections], n) => [
        n === 0 ? `RFC ${rfc}` : '',
        [...sections]
          .sort(inOrder)
          .map((section) => `§${section}`)
          .join(' '),
        `[${relative('src', path)}](../${path})`,
      ]),
    )
  return [
    '# Protocol support',
    '',
    'Made by `tools/protocol-support.ts` from the capability table and the comments of the code; do not edit.',
    '',
    '## Capabilities',
    '',
    `Each is switched off by naming it in the configuration (\`imap.disabledCapabilities\`). ${total} dialogues in all; the`,
    'last column counts those that cite the document.',
    '',
    table(['capability', 'document', 'shown', 'dialogues'], capabilityRows),
    '',
    '`AUTH=` with each mechanism that the connection allows is added; limits are shown with their values.',
    '',
    '## From the documents to the code',
    '',
    'Where each rule is carried out.',
    '',
    table(['document', 'sections', 'file'], indexRows),
    '',
  ].join('\n')
}

const wanted = render()
if (!process.argv.includes('--check')) writeFileSync(page, wanted)
else if (readFileSync(page, 'utf8') !== wanted) {
  console.error('docs/protocol-support.md is not up to date: run npm run docs')
  process.exitCode = 1
}
