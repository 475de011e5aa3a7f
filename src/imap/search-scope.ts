import type { SearchContext } from '../search/context.ts'
import type { SessionIn } from './command.ts'

/** Where this session searches, sorts and threads. */
export function searchContext({ selected, services, io, collation }: SessionIn<'selected'>): SearchContext {
  const { view, saved } = selected
  const work = { done: 0, goal: 0 }
  return {
    account: selected.account,
    snapshot: view.snapshot,
    viewUids: view.uids,
    saved,
    isRecent: (uid) => view.isRecent(uid),
    now: Math.floor(services.now() / 1000),
    breathe: () => io.breatheWhile(work),
    work,
    ...(collation && { collation }),
  }
}
