import { separator, type MailboxTree } from '../model/mailbox.ts'
import type { MailboxId } from '../model/numbers.ts'
import { exceeded, type QuotaLimits, type QuotaResource, quotaResources, type QuotaRoot } from '../model/quota.ts'
import { Refusal } from '../model/refusal.ts'
import type { AccountStore } from '../store/store.ts'
import { astring } from '../wire/strings.ts'
import type { SessionIn } from './command.ts'
import { findMailbox } from './namespaces.ts'
import { allows, type MailboxReference, permitted, type Place } from './reference.ts'
import type { ImapSession } from './session.ts'
import type { Login } from './state.ts'

/**
 * Quota roots as clients name them (RFC 9208 §3.2). An account is named as its namespace is: the user's own by the
 * empty text, another's as in `Other Users/bob`; a mailbox that has limits together with all below it by its own name.
 */
export interface NamedRoot {
  readonly name: string
  readonly account: AccountStore
  readonly root: QuotaRoot
}

/** The resources by their names (RFC 9208 §5), with how many of the store's units one of theirs has. */
const resources: Readonly<Record<QuotaResource, readonly [name: string, unit: number]>> = {
  storage: ['STORAGE', 1024],
  messages: ['MESSAGE', 1],
  mailboxes: ['MAILBOX', 1],
  // Deviates: RFC 9208 §5.4 means annotations of messages, which there are none of; those of mailboxes are counted.
  annotations: ['ANNOTATION-STORAGE', 1024],
}

/** The resource with this name in capitals, and the limit in the store's units. */
export function limitNamed(name: string, limit: number): readonly [QuotaResource, number] | undefined {
  const resource = quotaResources.find((one) => resources[one][0] === name)
  return resource && [resource, Math.min(limit * resources[resource][1], Number.MAX_SAFE_INTEGER)]
}

/** `* QUOTA "" (STORAGE 10 512)` (RFC 9208 §4.2.1): usage rounded up, limits down. */
export function quotaResponse(session: ImapSession, { name, root }: NamedRoot): string {
  const triplets = quotaResources.flatMap((resource) => {
    const limit = root.limits[resource]
    const [text, unit] = resources[resource]
    return limit === undefined ? [] : [`${text} ${Math.ceil(root.usage[resource] / unit)} ${Math.floor(limit / unit)}`]
  })
  return `* QUOTA ${rootText(session, name)} (${triplets.join(' ')})`
}

/** A root's name as it goes out. */
export function rootText(session: ImapSession, name: string): string {
  return name === '' ? astring('') : session.mailboxText(name)
}

/** The roots of a mailbox with this name in its account that the user may see, outermost first. */
export async function rootsFor(session: ImapSession, login: Login, place: Place, name: string): Promise<NamedRoot[]> {
  const { account } = place
  const tree = await account.tree()
  const roots = await account.quotas()
  return roots
    .map((root) => ({ name: nameOf(place, tree, root.mailbox), account, root }))
    .filter(({ root }) => covers(tree, root.mailbox, name) && mayRead(session, login, place, tree, root.mailbox))
    .sort((a, b) => a.name.length - b.name.length)
}

function nameOf({ prefix }: Place, { byId }: MailboxTree, mailbox: MailboxId | undefined): string {
  return mailbox === undefined ? prefix.slice(0, -separator.length) : prefix + (byId.get(mailbox)?.name ?? '')
}

function covers({ byId }: MailboxTree, mailbox: MailboxId | undefined, name: string): boolean {
  if (mailbox === undefined) return true
  const root = byId.get(mailbox)?.name
  return root !== undefined && (name === root || name.startsWith(root + separator))
}

/**
 * What others hold is theirs to know (RFC 9208 §8): of another's account only who administers it is told, of a mailbox
 * and what is below it who may read the mailbox (RFC 9208 §6).
 */
function mayRead(
  session: ImapSession,
  login: Login,
  place: Place,
  { byId }: MailboxTree,
  mailbox: MailboxId | undefined,
): boolean {
  if (place === login.own) return true
  const rights = place.rightsTo(mailbox === undefined ? undefined : byId.get(mailbox))
  return allows({ rights }, mailbox === undefined ? 'a' : 'r') || isAdministrator(session, login)
}

/** Whether the user may set the quotas of accounts. */
export function isAdministrator({ services }: ImapSession, { identity }: Login): boolean {
  return services.administrators?.has(identity.user) === true
}

/** The root that a client names; undefined when there is none that the user may know of. */
export async function findRoot(session: ImapSession, login: Login, wire: string): Promise<NamedRoot | undefined> {
  if (wire === '') return ofAccount(login.account, '')
  const name = session.mailboxName(wire)
  const reference = await findMailbox(session, login, name)
  if (reference && allows(reference, 'r')) {
    const { place, mailbox } = reference
    const roots = await rootsFor(session, login, place, mailbox.name)
    const own = roots.find(({ root }) => root.mailbox === mailbox.id)
    if (own) return own
  }
  const other = await otherAccount(session, login, name)
  return other && ofAccount(other, name)
}

async function ofAccount(account: AccountStore, name: string): Promise<NamedRoot> {
  const [root] = await account.quotas()
  if (!root) throw new Error('an account is a quota root')
  return { name, account, root }
}

/**
 * What a client names to set limits for: an account, or a mailbox, which need not be a quota root yet. Throws `Refusal`:
 * `NOPERM` where the user may not (RFC 9208 §6), `NONEXISTENT` where there is nothing that they may know of.
 */
export async function findLimitable(
  session: ImapSession,
  login: Login,
  wire: string,
): Promise<Pick<MailboxReference, 'account'> & Partial<Pick<MailboxReference, 'mailbox'>>> {
  if (wire === '') {
    if (!isAdministrator(session, login)) throw new Refusal('NOPERM', 'Quotas of accounts are set by administrators')
    return { account: login.account }
  }
  const name = session.mailboxName(wire)
  const reference = await findMailbox(session, login, name)
  const other = reference ? undefined : await otherAccount(session, login, name)
  return other ? { account: other } : permitted(reference, 'a')
}

/** Another's account by the name of its namespace, for administrators alone. */
async function otherAccount(session: ImapSession, login: Login, name: string): Promise<AccountStore | undefined> {
  const { sharing } = session.services
  const [level, holderName, ...rest] = name.split(separator)
  if (!sharing || holderName === undefined || rest.length > 0 || !isAdministrator(session, login)) return undefined
  const holder = await sharing.holderNamed(holderName)
  if (!holder || level !== (holder.isShared ? sharing.shared : sharing.otherUsers)) return undefined
  return holder.account === login.identity.account ? login.account : session.others.open(holder.account)
}

/**
 * Refuses (`OVERQUOTA`) messages for a mailbox ahead of their octets, where it shows already that they find no room. The
 * commit looks again, and has the last word.
 */
export async function requireRoom(
  { account, mailbox }: Pick<MailboxReference, 'account' | 'mailbox'>,
  messages: number,
  octets: number,
): Promise<void> {
  const tree = await account.tree()
  for (const { mailbox: root, limits, usage } of await account.quotas()) {
    if (!covers(tree, root, mailbox.name)) continue
    const after = { ...usage, storage: usage.storage + octets, messages: usage.messages + messages }
    if (exceeded(limits, usage, after) !== undefined) throw new Refusal('OVERQUOTA', 'Over quota')
  }
}

/**
 * Warns a client that has added messages to a mailbox when little room is left (RFC 9208 §4.3.1), if the server is
 * configured so. How full a quota root is hears only who may read it.
 */
export async function warnOfQuota(
  session: SessionIn<'authenticated'>,
  { account, mailbox, place }: Pick<MailboxReference, 'account' | 'mailbox' | 'place'>,
): Promise<void> {
  const { quotaWarnPercent = 0 } = session.services
  if (quotaWarnPercent === 0) return
  const tree = await account.tree()
  for (const { mailbox: root, limits, usage } of await account.quotas()) {
    if (!covers(tree, root, mailbox.name) || !mayRead(session, session.login, place, tree, root)) continue
    const filled = filling.find(
      (resource) => usage[resource] * 100 >= (limits[resource] ?? Infinity) * quotaWarnPercent,
    )
    if (filled === undefined) continue
    const [name] = resources[filled]
    const percent = Math.floor((usage[filled] * 100) / (limits[filled] ?? 1))
    session.say('NO', 'OVERQUOTA', `${percent} percent of ${name} used`)
    return
  }
}

/** What messages take. */
const filling = ['storage', 'messages'] as const satisfies readonly (keyof QuotaLimits)[]
