import { normalMailboxName } from '../../model/mailbox.ts'
import { type ImapUrl, parseImapUrl, type UrlServer } from '../../wire/imap-url.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { offers } from '../capabilities.ts'
import { findMailbox } from '../namespaces.ts'
import type { MailboxReference } from '../reference.ts'
import type { ImapSession, SessionIo } from '../session.ts'
import type { Login } from '../state.ts'
import { messageOfUrl, type Octets, octetsOfUrl } from './url-octets.ts'
import { noUrlServices } from './url-services.ts'

/** The URL, if it is one and what it uses is switched on. */
export function readUrl(session: ImapSession, text: string): ImapUrl | undefined {
  try {
    const url = parseImapUrl(text)
    return url.partial && !offers(session, 'URL-PARTIAL') ? undefined : url
  } catch (error) {
    if (error instanceof BadSyntax) return undefined
    throw error
  }
}

/** Whether a URL's server is this one. */
export function isThisServer(session: ImapSession, { host }: UrlServer): boolean {
  const { hosts } = session.services.urls ?? noUrlServices
  return hosts.size === 0 || hosts.has(host.toLowerCase())
}

/** Whether a URL's user is the one who is signed in. */
export async function isSelf(session: ImapSession, { identity }: Login, name: string | undefined): Promise<boolean> {
  if (name === undefined || name === identity.user) return name !== undefined
  const urls = session.services.urls ?? noUrlServices
  return (await urls.userNamed(name))?.account === identity.account
}

/**
 * What a URL names among all that the user who is signed in may read: the base of relative ones is this server, this
 * user, and the selected mailbox (RFC 4469 §3). `undefined` where it names nothing.
 */
export async function octetsOfOwnUrl(
  session: ImapSession & { readonly io: SessionIo },
  login: Login,
  url: ImapUrl,
): Promise<Octets | undefined> {
  const { server } = url
  if (server && !(isThisServer(session, server) && (await isSelf(session, login, server.user)))) return undefined
  const reference = await mailboxOfUrl(session, login, url)
  const source = reference && (await messageOfUrl(reference, url, session.services.now(), () => session.io.breathe()))
  return source && octetsOfUrl(source, url)
}

async function mailboxOfUrl(
  session: ImapSession,
  login: Login,
  { mailbox, server }: ImapUrl,
): Promise<MailboxReference | undefined> {
  if (mailbox !== undefined) return findMailbox(session, login, normalMailboxName(mailbox))
  return server ? undefined : session.selected
}
