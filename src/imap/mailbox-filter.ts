import { parentNames } from '../model/mailbox.ts'
import type { MailboxFilter } from '../wire/mailbox-filter.ts'
import type { SessionIn } from './command.ts'
import { findMailbox, othersMailboxes, ownMailboxes } from './namespaces.ts'
import { allows, type MailboxReference } from './reference.ts'

/**
 * The mailboxes that filters mean, each once: those that exist and that the user may read; what is not named by itself
 * must be one that the user may look up, too (RFC 7377 §2.2). The selected mailbox is none of theirs here. Throws
 * `Refusal` for a name that is none.
 */
export async function filteredMailboxes(
  session: SessionIn<'authenticated'>,
  filters: readonly MailboxFilter[],
): Promise<MailboxReference[]> {
  const found = new Map<string, MailboxReference>()
  for (const filter of merged(filters)) {
    for (const reference of await mailboxesOf(session, filter)) {
      if (allows(reference, 'r')) found.set(reference.name, reference)
    }
  }
  return [...found.values()]
}

/** The same mailboxes with one filter of each kind: a client may name as many as a line has room for. */
function merged(filters: readonly MailboxFilter[]): MailboxFilter[] {
  const namesOfKinds = new Map<MailboxFilter['which'], Set<string>>()
  for (const filter of filters) {
    const names = namesOfKinds.get(filter.which) ?? new Set()
    namesOfKinds.set(filter.which, names)
    if ('names' in filter) for (const name of filter.names) names.add(name)
  }
  return Array.from(namesOfKinds, ([which, names]) =>
    which === 'mailboxes' || which === 'subtree' || which === 'subtree-one' ? { which, names: [...names] } : { which },
  )
}

async function mailboxesOf(
  session: SessionIn<'authenticated'>,
  filter: MailboxFilter,
): Promise<readonly MailboxReference[]> {
  const { login } = session
  switch (filter.which) {
    case 'selected':
    case 'selected-delayed':
      return []
    // Mail may be delivered to any own mailbox, by a detail in its address (RFC 5465 §6.3).
    case 'inboxes':
    case 'personal':
      return ownMailboxes(login)
    case 'subscribed': {
      const subscribed = (await login.account.tree()).subscriptions(login.identity.user)
      return (await named(session, subscribed)).filter((reference) => allows(reference, 'l'))
    }
    case 'mailboxes':
      return named(session, namesOf(session, filter.names))
    case 'subtree':
    case 'subtree-one': {
      const roots = namesOf(session, filter.names)
      const all = [...(await ownMailboxes(login)), ...(await othersMailboxes(session, login))]
      const known = new Set(roots)
      const inferior = all.filter(({ name }) => {
        const parents = parentNames(name)
        return (filter.which === 'subtree' ? parents : parents.slice(-1)).some((parent) => known.has(parent))
      })
      return [...(await named(session, roots)), ...inferior]
    }
  }
}

function namesOf(session: SessionIn<'authenticated'>, names: readonly string[]): string[] {
  return names.map((name) => session.mailboxName(name))
}

/** Those of the names that exist, whatever the rights. */
async function named(session: SessionIn<'authenticated'>, names: Iterable<string>): Promise<MailboxReference[]> {
  const found: MailboxReference[] = []
  for (const name of names) {
    const reference = await findMailbox(session, session.login, name)
    if (reference) found.push(reference)
    await session.io.breathe()
  }
  return found
}
