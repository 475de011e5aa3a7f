import type { SearchScope } from './context.ts'
import { inSlices, orderedBy } from './slices.ts'
import type { ThreadForest } from './thread.ts'

/** The same threads in the order of their most recent messages by INTERNALDATE, the newest last (THREAD=REFS). */
export async function byNewestMessage(forest: ThreadForest, { snapshot, breathe }: SearchScope): Promise<ThreadForest> {
  const { rows, firstChild, first } = forest
  const nextSibling = forest.nextSibling.slice()
  const roots: number[] = []
  for (let root = first; root >= 0; root = nextSibling[root]!) roots.push(root) // nodes, all inside bounds here
  const newest = new Float64Array(roots.length)
  const waiting: number[] = []
  const look = (place: number): void => {
    let latest = -Infinity
    waiting.push(roots[place]!)
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      const row = rows[node]!
      if (row >= 0) latest = Math.max(latest, snapshot.internalDates[row]!)
      for (let child = firstChild[node]!; child >= 0; child = nextSibling[child]!) waiting.push(child)
    }
    newest[place] = latest
  }
  await inSlices(roots.length, look, breathe)
  const ordered = await orderedBy(Uint32Array.from(roots), newest, false, breathe)
  for (let place = 0; place < ordered.length; place++) nextSibling[ordered[place]!] = ordered[place + 1] ?? -1
  return { rows, firstChild, nextSibling, first: ordered[0] ?? -1 }
}
