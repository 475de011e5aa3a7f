/**
 * Writes docs/protocol-support.md from the tables and comments of the code: `node tools/protocol-support.ts`.
 * With `--check` it only says whether the page is up to date (exit status 1 if not).
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { capabilities } from '../src/imap/capabilities.ts'
import { startServer } from '../src/index.ts'

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

/** What a server without any settings offers, before and after sign-in, in capitals and without values. */
async function offeredByDefault(): Promise<ReadonlySet<string>> {
  const server = await startServer({ accounts: [{ name: 'joe', password: 'secret' }] })
  try {
    const stream = server.connect({ secure: false, startTls: true })
    stream.end('a CAPABILITY\r\nb STARTTLS\r\n')
    const before = (await stream.toArray()).join('')
    const secured = server.connect()
    secured.end('a CAPABILITY\r\nb LOGIN joe secret\r\nc CAPABILITY\r\nd LOGOUT\r\n')
    const tokens = (before + (await secured.toArray()).join('')).matchAll(/(?<=\* CAPABILITY .*)\S+/g)
    return new Set(
      Array.from(tokens, ([token]) => token.toUpperCase()).flatMap((token) => [token, token.split('=')[0]!]),
    )
  } finally {
    await server.close()
  }
}

/** Rows of the tables of a page whose header begins with `first`, as cells. */
function rowsOfPage(path: string, first: string): string[][] {
  const rows: string[][] = []
  let isIn = false
  for (const line of readFileSync(join(root, path), 'utf8').split('\n')) {
    const cells = line.split('|').slice(1, -1)
    if (cells.length === 0) isIn = false
    else if (isIn && !/^-+$/.test(cells[0]!.trim())) rows.push(cells.map((cell) => cell.trim()))
    else if (cells[0]!.trim() === first) isIn = true
  }
  return rows
}

/** The folder in which most of these dialogues are. */
function folderOf(paths: Iterable<string>): string {
  const counts = new Map<string, number>()
  for (const path of paths) {
    const [, , folder = ''] = path.split('/')
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? ''
}

async function render(): Promise<string> {
  const offered = await offeredByDefault()
  const quirks = rowsOfPage('docs/clients.md', 'client')
  const quirksOf = (token: string): string =>
    quirks.flatMap(([client = '', , off = '']) => (off.includes(`\`${token}\``) ? [client] : [])).join('; ')
  const leftOut = rowsOfPage('docs/decisions/0008-capabilities-left-out.md', 'capability').filter(
    (row) => row.length === 2,
  )
  const code = citations('src/**/*.ts')
  const dialogues = citations('test/dialogues/**/*.txt')
  const dialoguesOf = (rfc: number): string => {
    const paths = [...(dialogues.get(rfc)?.keys() ?? [])]
    return paths.length === 0 ? '0' : `[${paths.length}](../test/dialogues/${folderOf(paths)})`
  }
  const dialoguesIn = (folder: string): string =>
    `[${globSync(`test/dialogues/${folder}/*.txt`, { cwd: root }).length}](../test/dialogues/${folder})`
  const capabilityRows = [...capabilities].map(({ token, rfc, shown, vendor }) => [
    `\`${token}\``,
    vendor === undefined ? `RFC ${rfc}` : `${vendor}, near RFC ${rfc}`,
    offered.has(token.toUpperCase()) ? 'on' : 'by a setting',
    { always: 'before and after sign-in', before: 'before sign-in', after: 'after sign-in' }[shown],
    vendor === undefined ? dialoguesOf(rfc) : dialoguesIn(vendor),
    quirksOf(token),
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
    `${capabilities.length} capabilities and ${total} dialogues. Each can be switched off by listener, by user and by app`,
    'password ([clients.md](clients.md)). The dialogues counted are those that cite the document; most of them are in the',
    'folder behind the number.',
    '',
    table(['capability', 'document', 'status', 'shown', 'dialogues', 'goes badly with'], capabilityRows),
    '',
    '`AUTH=` with each mechanism that the connection allows is added; limits are shown with their values.',
    '',
    '## Left out',
    '',
    'Living capabilities of the registry that are not offered; more on each in',
    '[the decision](decisions/0008-capabilities-left-out.md).',
    '',
    table(['capability', 'why'], leftOut),
    '',
    '## From the documents to the code',
    '',
    'Where each rule is carried out.',
    '',
    table(['document', 'sections', 'file'], indexRows),
    '',
  ].join('\n')
}

const wanted = await render()
if (!process.argv.includes('--check')) writeFileSync(page, wanted)
else if (readFileSync(page, 'utf8') !== wanted) {
  console.error('docs/protocol-support.md is not up to date: run npm run docs')
  process.exitCode = 1
}
