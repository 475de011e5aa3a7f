import { normalMailboxName } from '../../model/mailbox.ts'
import { type ImapUrl, rumpOf, type UrlAccess } from '../../wire/imap-url.ts'
import type { MessageSource } from '../fetch/octets.ts'
import { findMailbox, ownPlace } from '../namespaces.ts'
import type { MailboxReference } from '../reference.ts'
import type { ImapSession } from '../session.ts'
import type { Login } from '../state.ts'
import { sameToken, tokenOf, wasMadeHere } from './access-keys.ts'
import { isSelf, isThisServer } from './own-urls.ts'
import { messageOfUrl } from './url-octets.ts'
import { noUrlServices } from './url-services.ts'

/** The one mechanism there is (RFC 4467 §2.4.1). */
export const internal = 'INTERNAL'

/** Access identifiers that stand alone, and those that have a user behind them (RFC 5593 §3.1, §3.4). */
const identifiers = new Set(['anonymous', 'authuser', 'stream'])
const prefixes = new Set(['submit', 'user'])

/** Whether a URL may be made for this access: by the registry, or for another application that somebody acts in here. */
export function isKnownAccess(session: ImapSession, { application, user }: UrlAccess): boolean {
  const isRegistered = identifiers.has(application) || prefixes.has(application)
  if (isRegistered) return (user === undefined ? identifiers : prefixes).has(application)
  return (session.services.urls ?? noUrlServices).agents.has(application)
}

/** Whether the user who is signed in may use URLs with this access (RFC 5092 §6.1.2, RFC 5593 §3.3). */
async function mayUse(session: ImapSession, login: Login, { application, user }: UrlAccess): Promise<boolean> {
  if (application === 'user') return user !== undefined && isSelf(session, login, user)
  // Nobody is anonymous here.
  if (user === undefined && (application === 'anonymous' || application === 'authuser')) return true
  const { agents } = session.services.urls ?? noUrlServices
  return agents.get(application)?.has(login.identity.user) === true
}

/**
 * The message that a URL with URLAUTH names, with the rights that its user has to it at this moment (RFC 4467 §6, §7);
 * `undefined` when the URL proves nothing, for whatever reason. What was not made here is refused before anybody is
 * looked up: a forged URL has no account opened, and takes the same time whether or not there is such a user (§6).
 */
export async function authorisedMessage(
  session: ImapSession,
  login: Login,
  url: ImapUrl,
  text: string,
): Promise<MessageSource | undefined> {
  const { server, mailbox, access, verifier, expires } = url
  if (!/^imap:/i.test(text) || !server || mailbox === undefined || !access || !verifier) return undefined
  if (verifier.mechanism !== internal || !isThisServer(session, server)) return undefined
  if (expires !== undefined && expires < session.services.now()) return undefined
  const { secret } = session.services.urls ?? noUrlServices
  const rump = rumpOf(text)
  if (!wasMadeHere(secret, rump, verifier.token)) return undefined
  if (!(await mayUse(session, login, access))) return undefined
  const owner = await loginOf(session, login, server.user)
  const reference = owner && (await findMailbox(session, owner, normalMailboxName(mailbox)))
  if (!reference || !sameToken(await tokenFor(session, owner, reference, rump), verifier.token)) return undefined
  return messageOfUrl(reference, url, session.services.now(), () => session.io.breathe())
}

/** The token that proves a URL. */
export async function tokenFor(
  session: ImapSession,
  owner: Login,
  reference: MailboxReference,
  rump: string,
): Promise<string> {
  const { secret } = session.services.urls ?? noUrlServices
  return tokenOf(secret, owner, await owner.account.tree(), reference, rump)
}

/** The user of a URL as if signed in: with their account, mailboxes, and rights. */
async function loginOf(session: ImapSession, login: Login, name: string | undefined): Promise<Login | undefined> {
  if (name === undefined) return undefined
  if (await isSelf(session, login, name)) return login
  const urls = session.services.urls ?? noUrlServices
  const identity = await urls.userNamed(name)
  if (!identity) return undefined
  const account = await session.others.open(identity.account)
  return { identity, account, own: ownPlace(account) }
}
