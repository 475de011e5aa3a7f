import { firstRowFrom } from '../../model/snapshot.ts'
import { type FetchItem, formatFetchItem } from '../../wire/fetch-grammar.ts'
import type { SessionIn } from '../command.ts'
import { writeFetched } from '../fetch/answer.ts'
import type { ResultChange } from './update-contexts.ts'

/**
 * Sends of new messages what the client asked for: of all by NOTIFY (RFC 5465 §5.2), of those that a search finds by
 * UPDATE (§7). Each message comes once, with all that is wanted of it; those that the client brought itself do not.
 */
export async function writeArrivals(
  session: SessionIn<'selected'>,
  uidNextBefore: number,
  changes: readonly ResultChange[],
): Promise<void> {
  const ofAll = session.notifications?.pushed ?? []
  const pushing = changes.filter(({ context, addedUids }) => context.pushed.length > 0 && addedUids.size > 0)
  const { selected } = session
  const own = selected.ownCommits
  selected.ownCommits = undefined
  if (ofAll.length === 0 && pushing.length === 0) return
  const { view } = selected
  const { uids, modSeqs } = view.snapshot
  const from = firstRowFrom(uids, uidNextBefore)
  const wantedOf = (row: number): readonly (readonly FetchItem[])[] => {
    if (own?.has(modSeqs.at(row))) return []
    const searched = pushing.filter(({ addedUids }) => addedUids.has(uids[row]!)) // inside bounds
    return [...(ofAll.length > 0 ? [ofAll] : []), ...searched.map(({ context }) => context.pushed)]
  }
  for (let row = from; row < uids.length;) {
    const wanted = wantedOf(row)
    const rows: number[] = []
    do rows.push(row++)
    while (row < uids.length && isSame(wanted, wantedOf(row)))
    const items = together(wanted)
    if (items.length === 0) continue
    // RFC 7162 §3.2.4: what the client did not fetch has both.
    const { condstore } = session
    await writeFetched(session, { items, selection: view.selectRows(rows), withUid: condstore, withModSeq: condstore })
  }
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((one, n) => one === b[n])
}

/** All items of these lists, each once. */
function together(lists: readonly (readonly FetchItem[])[]): readonly FetchItem[] {
  const [first = []] = lists
  if (lists.length < 2) return first
  return [...new Map(lists.flat().map((item) => [formatFetchItem(item), item])).values()]
}
