import { mentions } from '../../search/search.ts'
import type { SearchKey } from '../../wire/search-grammar.ts'
import type { SearchReturns } from '../../wire/search-returns.ts'
import type { SortCriterion } from '../../wire/sort-grammar.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { offers } from '../capabilities.ts'
import type { CommandForm, SessionIn } from '../command.ts'
import { requireKnownItems } from '../gmail/labels.ts'
import { lastingKey } from './lasting-key.ts'
import { refuseUpdates, UpdateContexts } from './update-contexts.ts'

/**
 * Checks CONTEXT and UPDATE ahead of a search: whether there are such options, and whether the tag is free (RFC 5267
 * §4.3). Throws `BadSyntax`.
 */
export function requireUpdatable(
  session: SessionIn<'authenticated'>,
  name: 'SEARCH' | 'SORT',
  returns: SearchReturns | undefined,
  { tag }: CommandForm,
): void {
  if (!returns?.context && !returns?.update) return
  if (!offers(session, `CONTEXT=${name}`)) throw new BadSyntax('There is no such return option', 0)
  requireKnownItems(session, returns.update ?? [])
  if (returns.update?.some(({ item }) => item === 'MODSEQ')) session.enableCondstore() // RFC 7162 §3.1
  if (returns.update && session.selected?.contexts?.has(tag)) throw new BadSyntax('Another search has this tag', 0)
}

/** A search that was done. */
export interface DoneSearch {
  readonly returns: SearchReturns | undefined
  readonly form: CommandForm
  /** As the client sent it, and as it was asked. */
  readonly key: SearchKey
  readonly decoded: SearchKey
  readonly criteria?: readonly SortCriterion[]
  /** Whether it was asked of some messages only (RFC 9738 §3.1). */
  readonly isCut: boolean
}

/** Keeps a search up to date where the client wants that, or says that it will not be. `rows`: what it has found. */
export function keepUpdated(session: SessionIn<'selected'>, done: DoneSearch, rows: Uint32Array): void {
  const { returns, form, key, decoded, criteria, isCut } = done
  const { update: pushed } = returns ?? {}
  if (!pushed) return
  const { selected } = session
  const { view, saved } = selected
  const { tag } = form
  if (isCut) return refuseUpdates(session, tag, 'Not all messages were searched')
  // Scores compare messages that nothing has changed, and labels may change without their message.
  const byScore = criteria?.some((criterion) => criterion.key === 'RELEVANCY') === true
  if (byScore || mentions(key, ['X-GM-LABELS', 'X-GM-RAW'])) {
    return refuseUpdates(session, tag, 'Such a search cannot be kept up to date')
  }
  const uids = rows.map((row) => view.snapshot.uids[row]!) // rows of the snapshot
  const request = { tag, byUid: form.byUid, key: lastingKey(decoded, view.uids, saved), pushed }
  const contexts = (selected.contexts ??= new UpdateContexts())
  if (!contexts.add({ ...request, ...(criteria && { criteria }) }, uids)) {
    refuseUpdates(session, tag, 'Too much is kept up to date already')
  }
}
