import { allRights, formatRights, type Rights } from '../../model/rights.ts'
import { astring, utf8ToWire } from '../../wire/strings.ts'
import type { MailboxReference } from '../reference.ts'
import type { ImapSession } from '../session.ts'

/**
 * The text of an ACL response (RFC 4314 §3.6). The owners come first, with all rights: they have no entry of their own,
 * since nobody can take anything from them.
 */
export function aclResponse(
  session: ImapSession,
  { mailbox, name }: Pick<MailboxReference, 'mailbox' | 'name'>,
  owners: readonly string[],
): string {
  const entries = [...owners.map((owner) => [owner, allRights] as const), ...mailbox.acl]
  const pairs = entries.map(([identifier, rights]) => ` ${identifierText(identifier)} ${rightsText(rights)}`)
  return `* ACL ${session.mailboxText(name)}${pairs.join('')}`
}

/** The text of a MYRIGHTS response (RFC 4314 §3.8). */
export function myRightsResponse(
  session: ImapSession,
  { name, rights }: Pick<MailboxReference, 'name' | 'rights'>,
): string {
  return `* MYRIGHTS ${session.mailboxText(name)} ${rightsText(rights)}`
}

/**
 * The text of a LISTRIGHTS response (RFC 4314 §3.7): owners always have all rights; others can be given each of them
 * alone. `supplied` is the identifier as the client sent it.
 */
export function listRightsResponse(session: ImapSession, name: string, supplied: string, isOwner: boolean): string {
  const all = formatRights(allRights)
  const rights = isOwner ? all : ['""', ...Array.from(all)].join(' ')
  return `* LISTRIGHTS ${session.mailboxText(name)} ${astring(supplied)} ${rights}`
}

/** Any UTF-8 (RFC 4314 §2): as a literal where it is not ASCII, which every client can read. */
function identifierText(identifier: string): string {
  return astring(utf8ToWire(identifier))
}

function rightsText(rights: Rights): string {
  return rights === '' ? '""' : formatRights(rights)
}
