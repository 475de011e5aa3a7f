import type { Operation } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import { allRights, parseRights, type Rights } from '../../model/rights.ts'
import type { Cursor } from '../../wire/cursor.ts'
import { wireToUtf8 } from '../../wire/strings.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { defineCommand, type Command, type SessionIn } from '../command.ts'
import { findMailbox } from '../namespaces.ts'
import { allows, type MailboxReference, noSuchMailbox } from '../reference.ts'
import { aclResponse, listRightsResponse, myRightsResponse } from '../responses/acl.ts'
import type { Sharing } from '../sharing.ts'

type Session = SessionIn<'authenticated'>

interface IdentifierArgs {
  /** Octets as sent. */
  readonly mailbox: string
  readonly identifier: string
}

interface SetAclArgs extends IdentifierArgs {
  readonly mode: 'replace' | 'add' | 'remove'
  readonly rights: Rights
}

/** SETACL, RFC 4314 §3.1. Takes effect at once, also in sessions that have the mailbox selected. */
export const setAcl: Command<'authenticated', SetAclArgs> = defineCommand({
  name: 'SETACL',
  state: 'authenticated',
  capability: 'ACL',

  parse(cursor) {
    const named = parseIdentifier(cursor)
    cursor.space()
    const text = cursor.astring('rights')
    cursor.end()
    const mode = text.startsWith('+') ? 'add' : text.startsWith('-') ? 'remove' : 'replace'
    return { ...named, mode, rights: rightsIn(mode === 'replace' ? text : text.slice(1)) }
  },

  async run(session, { mailbox, identifier: wire, mode, rights }) {
    const reference = await session.mailboxNamed(session.login, mailbox, 'a')
    const identifier = await identifierNamed(session, wire)
    if (await isOwners(session, reference, identifier)) {
      // Clients that write the whole list back mean no change by this.
      const keeps = identifier === plain(identifier) && (mode === 'add' || (mode === 'replace' && rights === allRights))
      if (!keeps) throw new Refusal('CANNOT', 'The owner of a mailbox has all rights to it')
    } else await change(session, reference, { identifier, mode, rights })
    return { text: 'SETACL completed' }
  },
})

/** DELETEACL, RFC 4314 §3.2. */
export const deleteAcl: Command<'authenticated', IdentifierArgs> = defineCommand({
  name: 'DELETEACL',
  state: 'authenticated',
  capability: 'ACL',
  parse: parseIdentifierAlone,

  async run(session, { mailbox, identifier: wire }) {
    const reference = await session.mailboxNamed(session.login, mailbox, 'a')
    const identifier = await identifierNamed(session, wire)
    if (await isOwners(session, reference, identifier)) {
      throw new Refusal('CANNOT', 'The owner of a mailbox has all rights to it')
    }
    await change(session, reference, { identifier, mode: 'replace', rights: '' })
    return { text: 'DELETEACL completed' }
  },
})

/** GETACL, RFC 4314 §3.3. */
export const getAcl: Command<'authenticated', string> = defineCommand({
  name: 'GETACL',
  state: 'authenticated',
  capability: 'ACL',
  parse: parseMailbox,

  async run(session, mailbox) {
    const reference = await session.mailboxNamed(session.login, mailbox, 'a')
    session.out.line(aclResponse(session, reference, await ownersOf(session, reference)))
    return { text: 'GETACL completed' }
  },
})

/** LISTRIGHTS, RFC 4314 §3.4. */
export const listRights: Command<'authenticated', IdentifierArgs> = defineCommand({
  name: 'LISTRIGHTS',
  state: 'authenticated',
  capability: 'ACL',
  parse: parseIdentifierAlone,

  async run(session, { mailbox, identifier: wire }) {
    const reference = await session.mailboxNamed(session.login, mailbox, 'a')
    const identifier = await identifierNamed(session, wire)
    const isOwner = await isOwners(session, reference, identifier)
    session.out.line(listRightsResponse(session, reference.name, wire, isOwner))
    return { text: 'LISTRIGHTS completed' }
  },
})

/** MYRIGHTS, RFC 4314 §3.5: one of the rights `l`, `r`, `i`, `k`, `x` and `a` is enough to ask (§4). */
export const myRights: Command<'authenticated', string> = defineCommand({
  name: 'MYRIGHTS',
  state: 'authenticated',
  capability: 'ACL',
  parse: parseMailbox,

  async run(session, mailbox) {
    sharingOf(session)
    const reference = await findMailbox(session, session.login, session.mailboxName(mailbox))
    if (!reference || !(['l', 'r', 'i', 'k', 'x', 'a'] as const).some((right) => allows(reference, right))) {
      throw noSuchMailbox()
    }
    session.out.line(myRightsResponse(session, reference))
    return { text: 'MYRIGHTS completed' }
  },
})

function parseMailbox(cursor: Cursor): string {
  cursor.space()
  const mailbox = cursor.mailbox()
  cursor.end()
  return mailbox
}

function parseIdentifier(cursor: Cursor): IdentifierArgs {
  cursor.space()
  const mailbox = cursor.mailbox()
  cursor.space()
  return { mailbox, identifier: cursor.astring('an identifier') }
}

function parseIdentifierAlone(cursor: Cursor): IdentifierArgs {
  const named = parseIdentifier(cursor)
  cursor.end()
  return named
}

/** Throws `BadSyntax` at a letter that is no right, as RFC 4314 §3.1 wants. */
function rightsIn(text: string): Rights {
  if (/[A-Z]/.test(text)) throw new BadSyntax('Rights are lower-case letters', 0)
  const rights = parseRights(text)
  if (rights === undefined) throw new BadSyntax('There is no such right', 0)
  return rights
}

/** Commits a change; what is shared for the first time keeps `\Seen` as the operator wants it by default. */
async function change(
  session: Session,
  { account, mailbox, place }: MailboxReference,
  { identifier, mode, rights }: Pick<Extract<Operation, { op: 'setAcl' }>, 'identifier' | 'mode' | 'rights'>,
): Promise<void> {
  // Others may take away the right `a` until the very moment of the commit.
  const by = place.identifiers && { by: place.identifiers }
  const operations: Operation[] = [{ op: 'setAcl', mailbox: mailbox.id, identifier, mode, rights, ...by }]
  const isFirst = mailbox.acl.size === 0 && mode !== 'remove' && rights !== ''
  if (isFirst && sharingOf(session).seenPerUser) {
    operations.unshift({ op: 'setSeenPerUser', mailbox: mailbox.id, perUser: true })
  }
  await session.commit(account, operations)
}

/** The identifier in its one spelling. Throws `BadSyntax` where it is none (RFC 4314 §3). */
async function identifierNamed(session: Session, wire: string): Promise<string> {
  const text = wireToUtf8(wire)
  const isNegative = text?.startsWith('-') === true
  const identifier = text === undefined ? undefined : await sharingOf(session).identifierNamed(plain(text))
  if (identifier === undefined) throw new BadSyntax('That cannot be an identifier', 0)
  return isNegative ? '-' + identifier : identifier
}

/** The identifier whose rights an entry is about: without `-`. */
function plain(identifier: string): string {
  return identifier.startsWith('-') ? identifier.slice(1) : identifier
}

/** Identifiers of those to whom nobody can grant or deny anything. */
async function ownersOf(session: Session, { account }: MailboxReference): Promise<readonly string[]> {
  const holder = await sharingOf(session).holderOf(account.id)
  if (!holder) return []
  return holder.isShared ? holder.owners : [holder.name]
}

async function isOwners(session: Session, reference: MailboxReference, identifier: string): Promise<boolean> {
  return (await ownersOf(session, reference)).includes(plain(identifier))
}

/** Throws `BadSyntax` where nobody shares anything: there is no such command then. */
function sharingOf({ services }: Session): Sharing {
  if (!services.sharing) throw new BadSyntax('There is no such command', 0)
  return services.sharing
}
