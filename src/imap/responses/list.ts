import { parentNames, type Mailbox, type MailboxTree } from '../../model/mailbox.ts'
import { astring, wireToUtf8 } from '../../wire/strings.ts'
import type { ImapSession } from '../session.ts'

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
export function writeListResponse(session: ImapSession, tree: MailboxTree, name: string, supplied?: string): void {
  const mailbox = tree.byName.get(name)
  const attributes = mailbox ? [...mailbox.specialUse] : ['\\NonExistent']
  attributes.push(parentsOf(tree.byName.keys()).has(name) ? '\\HasChildren' : '\\HasNoChildren')
  session.out.line(
    listResponse(session, attributes, name, supplied === undefined ? '' : oldName(session, name, supplied)),
  )
}

/** ` ("OLDNAME" ("supplied"))`, or nothing when the client's name was the normalised one, or names are UTF-7. */
export function oldName(session: ImapSession, name: string, supplied: string): string {
  const same = !session.utf8 || wireToUtf8(supplied) === name || supplied.toUpperCase() === 'INBOX'
  return same ? '' : ` ("OLDNAME" (${astring(supplied)}))`
}
