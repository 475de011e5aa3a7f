/**
 * Where the time of a CPU profile went, by function, the start of the process left out: `npm run bench -- --crispin-only --only search --profile DIR`, then
 * `node bench/profile.ts DIR/*.cpuprofile`.
 */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What `--cpu-prof` writes, as far as it is read here. */
interface Profile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

interface Spent {
  selfUs: number
  totalUs: number
}

const shown = 25
const outside = new Set(['(root)', '(program)', '(idle)'])

function spentIn({ nodes, samples, timeDeltas }: Profile): Map<string, Spent> {
  const selfOf = new Map<number, number>()
  samples.forEach((id, i) => selfOf.set(id, (selfOf.get(id) ?? 0) + (timeDeltas[i] ?? 0)))
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const spent = new Map<string, Spent>()
  /** A function that calls itself counts once in its total. */
  const walk = (node: ProfileNode, above: ReadonlySet<string>): number => {
    if (isStart(node)) return 0
    const place = placeOf(node)
    const within = new Set(above).add(place)
    const self = selfOf.get(node.id) ?? 0
    let total = self
    for (const id of node.children ?? []) {
      const child = byId.get(id)
      if (child) total += walk(child, within)
    }
    const own = spent.get(place) ?? { selfUs: 0, totalUs: 0 }
    own.selfUs += self
    if (!above.has(place)) own.totalUs += total
    spent.set(place, own)
    return total
  }
  const [root] = nodes
  if (root) walk(root, new Set())
  return spent
}

/** Loading modules is a second of every profile and not what anybody asks about. */
const isStart = ({ callFrame: { url } }: ProfileNode): boolean =>
  url.startsWith('node:internal/modules/') || url.endsWith('/src/server/main.ts')

function placeOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const path = url.startsWith('file:') ? relative(process.cwd(), fileURLToPath(url)) : url
  return path === '' ? functionName || '(anonymous)' : `${functionName || '(anonymous)'} ${path}:${lineNumber + 1}`
}

function print(title: string, spent: ReadonlyMap<string, Spent>, by: 'selfUs' | 'totalUs', allUs: number): void {
  console.log(`\n${title}`)
  const rows = [...spent].filter(([place]) => !outside.has(place)).sort(([, a], [, b]) => b[by] - a[by])
  for (const [place, { [by]: us }] of rows.slice(0, shown)) {
    console.log(`${(us / 1000).toFixed(0).padStart(8)} ms ${((100 * us) / allUs).toFixed(1).padStart(5)}%  ${place}`)
  }
}

for (const file of process.argv.slice(2)) {
  // Written by Node itself.
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile
  const spent = spentIn(profile)
  let busyUs = 0
  for (const [place, { selfUs }] of spent) if (!outside.has(place)) busyUs += selfUs
  console.log(`${file}: ${(busyUs / 1000).toFixed(0)} ms busy`)
  print('in the function itself', spent, 'selfUs', busyUs)
  print('with what it calls', spent, 'totalUs', busyUs)
}
