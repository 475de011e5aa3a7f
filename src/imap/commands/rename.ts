import { type Mailbox, type MailboxTree, parentNames, separator } from '../../model/mailbox.ts'
import type { Operation } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import { defineCommand, type Command } from '../command.ts'
import { findMailbox, isOthers, type PlacedName, placeNew, placeOthers } from '../namespaces.ts'
import { noSuchMailbox, permitted, type Place, referenceTo, visibleIn } from '../reference.ts'
import { writeRenamed } from '../responses/list.ts'
import type { ImapSession } from '../session.ts'
import type { Login } from '../state.ts'

interface RenameArgs {
  /** Octets as sent. */
  readonly from: string
  readonly to: string
}

/**
 * RENAME, RFC 9051 §6.3.6 (RFC 3501 §6.3.5): inferior names move along, UIDs stay. Renaming INBOX moves its messages
 * to a new mailbox. It takes the right `x` to the mailbox and `k` to the new superior one (RFC 4314 §4).
 */
export const rename: Command<'authenticated', RenameArgs> = defineCommand({
  name: 'RENAME',
  state: 'authenticated',

  parse(cursor) {
    cursor.space()
    const from = cursor.mailbox()
    cursor.space()
    const to = cursor.mailbox()
    cursor.end()
    return { from, to }
  },

  async run(session, { from, to: wire }) {
    const { login } = session
    const oldName = session.mailboxName(from)
    const { place, name } = await placeOld(session, login, oldName)
    const { account } = place
    const moved = mailboxesToMove(place, await account.tree(), name)
    const target = await placeNew(session, login, session.mailboxName(wire).replace(/\/$/, ''))
    if (target.place.account !== account) throw new Refusal('CANNOT', 'A mailbox cannot be moved to another account')
    await session.commit(account, renames(await account.tree(), moved, name, target.name))
    const named = { place, tree: await account.tree(), name: target.name }
    writeRenamed(session, { name: oldName, supplied: from }, { named, supplied: wire })
    return { text: 'RENAME completed' }
  },
})

/**
 * Whose account the old name is in. Throws `Refusal` (`NONEXISTENT`) for one of which the user is not to know.
 */
async function placeOld(session: ImapSession, login: Login, name: string): Promise<PlacedName> {
  const found = await findMailbox(session, login, name)
  if (found) return { place: found.place, name: found.mailbox.name }
  if (!isOthers(session.services.sharing, name)) return { place: login.own, name }
  const placed = await placeOthers(session, login, name)
  if (!placed) throw noSuchMailbox()
  return placed
}

/**
 * The mailboxes that a RENAME of `name` moves, but for those that come along with them. A level that exists only by its
 * inferiors can be renamed, too (the second example of RFC 9051 §6.3.6). Throws `Refusal` where one may not be moved.
 */
function mailboxesToMove(place: Place, tree: MailboxTree, name: string): readonly Mailbox[] {
  const mailbox = tree.byName.get(name)
  if (mailbox) {
    permitted(referenceTo(place, mailbox), 'x')
    // What RENAME of INBOX does, to take all mail out of it, is its owner's to do.
    if (place.user !== undefined && name === 'INBOX') throw new Refusal('CANNOT', "Another's INBOX cannot be renamed")
    return [mailbox]
  }
  const below = name + separator
  const inferiors = visibleIn(place, tree).filter((inferior) => inferior.mailbox.name.startsWith(below))
  if (inferiors.length === 0) throw noSuchMailbox()
  // What lies below a mailbox that stays, since the user does not see it, does not come along with that one.
  const moving = new Set(inferiors.map((inferior) => inferior.mailbox.name))
  const highest = inferiors.filter(
    (inferior) => !parentNames(inferior.mailbox.name).some((parent) => moving.has(parent)),
  )
  return highest.map((inferior) => permitted(inferior, 'x').mailbox)
}

/** What gives the mailboxes, and all that is below them, names with `to` in the place of `name`. Throws `Refusal`. */
function renames({ byName }: MailboxTree, mailboxes: readonly Mailbox[], name: string, to: string): Operation[] {
  if (byName.has(to)) throw new Refusal('ALREADYEXISTS', 'Mailbox exists')
  if (to.startsWith(name + separator)) throw new Refusal('CANNOT', 'A mailbox cannot be moved below itself')
  return mailboxes.map(({ id, name: old }) => ({ op: 'renameMailbox', mailbox: id, to: to + old.slice(name.length) }))
}
