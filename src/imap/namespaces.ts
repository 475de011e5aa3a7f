import { type Mailbox, type MailboxTree, parentNames, separator } from '../model/mailbox.ts'
import { Refusal } from '../model/refusal.ts'
import { allRights, rightsOf } from '../model/rights.ts'
import { type AccountStore, StoreFailure } from '../store/store.ts'
import { allows, type MailboxReference, type Place, referenceTo, visibleIn } from './reference.ts'
import type { ImapSession } from './session.ts'
import type { Holder, Sharing } from './sharing.ts'
import type { Login } from './state.ts'

/** The place that is the user's own account: every right, and names as they are. */
export function ownPlace(account: AccountStore): Place {
  return { account, prefix: '', user: undefined, rightsTo: everyRight }
}

const everyRight = (): string => allRights

/** A name, as the session uses it, taken apart. */
export interface PlacedName {
  readonly place: Place
  /** What the account calls it. */
  readonly name: string
}

/** Whether a name lies in the namespaces of others, or is the first level of one. */
export function isOthers(sharing: Sharing | undefined, name: string): boolean {
  if (!sharing) return false
  return [sharing.otherUsers, sharing.shared].some((level) => name === level || name.startsWith(level + separator))
}

/**
 * The account and the mailbox's name in it that a name of others' namespaces stands for, whether or not there is such
 * a mailbox; `undefined` when there is no such account, or it has nothing for this user.
 */
export async function placeOthers(session: ImapSession, login: Login, name: string): Promise<PlacedName | undefined> {
  const { sharing } = session.services
  const [level, holderName, ...rest] = name.split(separator)
  if (!sharing || level === undefined || holderName === undefined || rest.length === 0) return undefined
  const holder = await sharing.holderNamed(holderName)
  // Asked for in any case, so that the time taken does not tell who has an account here.
  const identifiers = await sharing.identifiersOf(login.identity.user)
  const accounts = await accountsFor(session, login, sharing, identifiers)
  if (!holder || level !== levelOf(sharing, holder) || !accounts.includes(holder.account)) return undefined
  const place = await placeOf(session, standing(login, sharing, holder, identifiers), holder)
  return { place, name: inboxInCapitals(rest.join(separator)) }
}

/** The mailbox with this name, whatever the rights to it. Own ones come first, so that none is ever covered. */
export async function findMailbox(
  session: ImapSession,
  login: Login,
  name: string,
): Promise<MailboxReference | undefined> {
  const own = (await login.account.tree()).byName.get(name)
  if (own) return referenceTo(login.own, own)
  if (!isOthers(session.services.sharing, name)) return undefined
  const placed = await placeOthers(session, login, name)
  const mailbox = placed && (await placed.place.account.tree()).byName.get(placed.name)
  return mailbox && referenceTo(placed.place, mailbox)
}

/**
 * Where a new mailbox with this name goes: the right `k` to the nearest superior one that exists allows it (RFC 4314
 * §4). Throws `Refusal` (`NOPERM`), the same whether or not there is such an account, or such a mailbox unseen.
 */
export async function placeNew(session: ImapSession, login: Login, name: string): Promise<PlacedName> {
  const { sharing } = session.services
  const [firstLevel = ''] = name.split(separator, 1)
  // Who had mailboxes of such a name before anything was shared keeps them.
  if (!isOthers(sharing, name) || (await login.account.tree()).byName.has(firstLevel)) {
    return { place: login.own, name }
  }
  const placed = await placeOthers(session, login, name)
  if (placed) {
    const { place } = placed
    const tree = await place.account.tree()
    const existing = tree.byName.get(placed.name)
    const mayCreate = allows({ rights: place.rightsTo(nearestParent(tree, placed.name)) }, 'k')
    const isHidden = existing !== undefined && !allows(referenceTo(place, existing), 'l')
    if (mayCreate && !isHidden) return placed
  }
  throw new Refusal('NOPERM', 'Mailboxes cannot be made there')
}

function nearestParent({ byName }: MailboxTree, name: string): Mailbox | undefined {
  return byName.get(parentNames(name).findLast((parent) => byName.has(parent)) ?? '')
}

/** Own mailboxes, in the order of their creation. */
export async function ownMailboxes(login: Login): Promise<MailboxReference[]> {
  return visibleIn(login.own, await login.account.tree())
}

/** A mailbox of another user, for who wants to name it and no more. */
export type NamedMailbox = Pick<MailboxReference, 'name' | 'rights' | 'mailbox'>

/** Mailboxes of others that the user may look up, by name, found without opening accounts where that is possible. */
export async function othersNames(session: ImapSession, login: Login): Promise<Map<string, NamedMailbox>> {
  const { sharing, store } = session.services
  const names = new Map<string, NamedMailbox>()
  if (!sharing) return names
  await eachAccount(session, login, sharing, async (holder, { prefix, rightsTo }) => {
    const { byId } =
      (await store.mailboxesOf?.(holder.account)) ?? (await (await session.others.open(holder.account)).tree())
    for (const mailbox of byId.values()) {
      const rights = rightsTo(mailbox)
      if (allows({ rights }, 'l')) names.set(prefix + mailbox.name, { name: prefix + mailbox.name, rights, mailbox })
    }
  })
  return names
}

/** Mailboxes of others that the user may look up, account by account. */
export async function othersMailboxes(session: ImapSession, login: Login): Promise<MailboxReference[]> {
  const { sharing } = session.services
  if (!sharing) return []
  const found: MailboxReference[] = []
  await eachAccount(session, login, sharing, async (holder, stands) => {
    const place = await placeOf(session, stands, holder)
    found.push(...visibleIn(place, await place.account.tree()))
  })
  return found
}

/** The accounts that have, or may have by now or soon, something for the user: for who is to hear of it. */
export async function othersPlaces(session: ImapSession, login: Login): Promise<Place[]> {
  const { sharing } = session.services
  const places: Place[] = []
  if (sharing) {
    await eachAccount(session, login, sharing, async (holder, stands) => {
      places.push(await placeOf(session, stands, holder))
    })
  }
  return places
}

/** Does something for each account that has something for the user; others have their turn in between. */
async function eachAccount(
  session: ImapSession,
  login: Login,
  sharing: Sharing,
  work: (holder: Holder, stands: Standing) => Promise<void>,
): Promise<void> {
  const identifiers = await sharing.identifiersOf(login.identity.user)
  for (const account of await accountsFor(session, login, sharing, identifiers)) {
    try {
      const holder = await sharing.holderOf(account)
      if (holder) await work(holder, standing(login, sharing, holder, identifiers)) // else it is removed, and not erased yet
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error
      // One account that cannot be opened is no reason to show nothing of the others.
      session.services.log.error({ err: error, account }, 'an account that is shared cannot be opened')
    }
    await session.io.breathe()
  }
}

/** The ids of the other accounts that have something for the user by now. */
export async function accountsSharing(session: ImapSession, login: Login): Promise<readonly string[]> {
  const { sharing } = session.services
  if (!sharing) return []
  return accountsFor(session, login, sharing, await sharing.identifiersOf(login.identity.user))
}

/** The other accounts that have something for the user, for whom these identifiers stand. */
async function accountsFor(
  session: ImapSession,
  login: Login,
  sharing: Sharing,
  identifiers: readonly string[],
): Promise<readonly string[]> {
  const granting = await session.services.store.sharedWith(identifiers)
  const accounts = new Set([...granting, ...(await sharing.ownedBy(identifiers))])
  accounts.delete(login.identity.account) // own mailboxes have no other name
  return [...accounts]
}

async function placeOf(session: ImapSession, stands: Standing, { account }: Holder): Promise<Place> {
  return { ...stands, account: await session.others.open(account) }
}

/** How the user stands to an account that is not theirs. */
type Standing = Omit<Place, 'account'>

function standing({ identity }: Login, sharing: Sharing, holder: Holder, identifiers: readonly string[]): Standing {
  const isOwner = holder.owners.some((owner) => identifiers.includes(owner))
  return {
    prefix: levelOf(sharing, holder) + separator + holder.name + separator,
    user: identity.user,
    ...(isOwner
      ? { rightsTo: everyRight }
      : { identifiers, rightsTo: (mailbox) => (mailbox ? rightsOf(mailbox.acl, identifiers) : '') }),
  }
}

function levelOf({ otherUsers, shared }: Sharing, { isShared }: Holder): string {
  return isShared ? shared : otherUsers
}

/** A name with INBOX in capitals where it stands behind the name of another account. */
export function normalOthersName(sharing: Sharing | undefined, name: string): string {
  if (!isOthers(sharing, name)) return name
  const [level = '', holder, ...rest] = name.split(separator)
  return holder === undefined || rest.length === 0
    ? name
    : [level, holder, inboxInCapitals(rest.join(separator))].join(separator)
}

/** INBOX is in any case in other accounts, too (RFC 9051 §5.1). */
function inboxInCapitals(name: string): string {
  return /^inbox(?:$|\/)/i.test(name) ? 'INBOX' + name.slice(5) : name
}
