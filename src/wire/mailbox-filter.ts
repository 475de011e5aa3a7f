import type { Cursor } from './cursor.ts'

/**
 * Which mailboxes are meant: RFC 5465 §6 filter-mailboxes, and `subtree-one` of RFC 7377 §2.2. Names are octets as they
 * came.
 */
export type MailboxFilter =
  | { readonly which: 'selected' | 'selected-delayed' | 'inboxes' | 'personal' | 'subscribed' }
  | { readonly which: 'subtree' | 'subtree-one' | 'mailboxes'; readonly names: readonly string[] }

/** RFC 5465 §8 filter-mailboxes, with `subtree-one`; who does not take all of them says so. */
export function parseMailboxFilter(cursor: Cursor): MailboxFilter {
  const which = cursor.atom('which mailboxes').toLowerCase()
  switch (which) {
    case 'selected':
    case 'selected-delayed':
    case 'inboxes':
    case 'personal':
    case 'subscribed':
      return { which }
    case 'subtree':
    case 'subtree-one':
    case 'mailboxes': {
      cursor.space()
      if (cursor.peek() !== '(') return { which, names: [cursor.mailbox()] }
      const names = cursor.list(() => cursor.mailbox())
      if (names.length === 0) throw cursor.expected('a mailbox name')
      return { which, names }
    }
    default:
      throw cursor.bad('unknown kind of mailboxes')
  }
}

/** RFC 7377 §4 esearch-source-opts and the space behind them, if they stand here. */
export function parseSearchSources(cursor: Cursor): readonly MailboxFilter[] | undefined {
  if (!cursor.tryWord('IN')) return undefined
  cursor.space()
  // Options of the scope would stand in parentheses behind the filters; there are none yet (RFC 7377 §4).
  const filters = cursor.list(() => parseMailboxFilter(cursor))
  if (filters.length === 0) throw cursor.expected('which mailboxes')
  if (filters.some(({ which }) => which === 'selected-delayed')) throw cursor.bad('selected-delayed is for NOTIFY')
  cursor.space()
  return filters
}
