import { parentNames, type Mailbox, type MailboxTree } from '../../model/mailbox.ts'
import { astring, wireToUtf8 } from '../../wire/strings.ts'
import { allows, type Place, referenceTo, visibleIn } from '../reference.ts'
import type { ImapSession } from '../session.ts'

/** A name, of a mailbox or not, in an account as it is now. */
export interface Named {
  readonly place: Place
  readonly tree: MailboxTree
  /** What the account calls it. */
  readonly name: string
}

/** The MAILBOXID of a mailbox (RFC 8474 §4). */
export function mailboxObjectId(mailbox: Mailbox): string {
  return `F${mailbox.id.toString(36)}-${mailbox.uidValidity.toString(36)}`
}

/** Names that have inferiors, existing or not themselves. */
export function parentsOf(names: Iterable<string>): Set<string> {
  const parents = new Set<string>()
  for (const name of names) for (const parent of parentNames(name)) parents.add(parent)
  return parents
}

/** The text of a LIST response (RFC 9051 §7.3.1). `extended` is what stands behind the name, space included. */
export function listResponse(session: ImapSession, attributes: readonly string[], name: string, extended = ''): string {
  return `* LIST (${attributes.join(' ')}) "/" ${session.mailboxText(name)}${extended}`
}

/**
 * Tells a client of one mailbox, as SELECT must in IMAP4rev2 (RFC 9051 §6.3.2). `supplied`: the name as the client sent
 * it, reported back where it is not the normalised one (RFC 9051 §6.3.9.7).
 */
export function writeListResponse(session: ImapSession, named: Named, supplied: string): void {
  writeListed(session, named, isOtherName(session, fullName(named), supplied) ? oldName(supplied) : '')
}

/** What IMAP4rev2 says of a name that the client did not send in its normalised form (RFC 9051 §6.3.9.7). */
export function writeNormalisedName(session: ImapSession, named: Named, supplied: string): void {
  if (session.rev2 && isOtherName(session, fullName(named), supplied)) writeListed(session, named, oldName(supplied))
}

/** The same of RENAME, where either name may be the one, and the old one is reported (RFC 9051 §6.3.6). */
export function writeRenamed(
  session: ImapSession,
  from: { readonly name: string; readonly supplied: string },
  to: { readonly named: Named; readonly supplied: string },
): void {
  const isOther =
    isOtherName(session, from.name, from.supplied) || isOtherName(session, fullName(to.named), to.supplied)
  if (session.rev2 && isOther) writeListed(session, to.named, oldName(from.supplied))
}

function writeListed(session: ImapSession, named: Named, extended: string): void {
  const { place, tree, name } = named
  const mailbox = tree.byName.get(name)
  const isShown = mailbox !== undefined && allows(referenceTo(place, mailbox), 'l')
  const attributes = isShown ? [...mailbox.specialUse] : ['\\NonExistent']
  const parents = parentsOf(visibleIn(place, tree).map((visible) => visible.mailbox.name))
  attributes.push(parents.has(name) ? '\\HasChildren' : '\\HasNoChildren')
  session.out.line(listResponse(session, attributes, fullName(named), extended))
}

function fullName({ place, name }: Named): string {
  return place.prefix + name
}

function oldName(supplied: string): string {
  return ` ("OLDNAME" (${astring(supplied)}))`
}

/** Whether the client's octets are not the mailbox's name. In UTF-7 they always are, and INBOX is in any case. */
function isOtherName(session: ImapSession, name: string, supplied: string): boolean {
  const text = wireToUtf8(supplied.replace(/\/$/, ''))
  return session.utf8 && text !== name && text?.toUpperCase() !== 'INBOX'
}
