import { type SpecialUse, specialUses } from '../../model/mailbox.ts'
import { resultOf } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import { defineCommand, type Command } from '../command.ts'
import { offers } from '../capabilities.ts'
import { placeNew } from '../namespaces.ts'
import { code } from '../responses/codes.ts'
import { mailboxObjectId, writeNormalisedName } from '../responses/list.ts'

interface CreateArgs {
  /** Octets as sent. */
  readonly mailbox: string
  /** Attributes as sent (RFC 6154 §3). */
  readonly use: readonly string[]
}

/**
 * CREATE, RFC 9051 §6.3.4 (RFC 3501 §6.3.3), with USE (RFC 6154 §3) and MAILBOXID (RFC 8474 §4.1). Superior names that
 * are missing are made too. In another's account it takes the right `k` to the superior mailbox (RFC 4314 §4).
 */
export const create: Command<'authenticated', CreateArgs> = defineCommand({
  name: 'CREATE',
  state: 'authenticated',

  parse(cursor) {
    cursor.space()
    const mailbox = cursor.mailbox()
    let use: string[] = []
    if (cursor.hasMore) {
      cursor.space()
      cursor.char('(', 'parameters')
      if (!cursor.tryWord('USE')) throw cursor.bad('USE is the only parameter')
      cursor.space()
      use = cursor.list(() => cursor.flag())
      cursor.char(')')
    }
    cursor.end()
    return { mailbox, use }
  },

  async run(session, { mailbox: wire, use }) {
    // A separator at the end only says that there will be inferior names (RFC 9051 §6.3.4).
    const { place, name } = await placeNew(session, session.login, session.mailboxName(wire).replace(/\/$/, ''))
    const { account } = place
    // They would be taken from the owner's own mailboxes.
    if (place.user !== undefined && use.length > 0) throw new Refusal('USEATTR', "Special uses are the owner's")
    const specialUse = [...new Set(use.map(specialUseNamed))]
    const committed = await session.commit(account, [
      { op: 'createMailbox', name, ...(specialUse.length > 0 && { specialUse }) },
    ])
    const tree = await account.tree()
    const created = tree.byId.get(resultOf(committed, 0, 'createMailbox').mailbox)
    writeNormalisedName(session, { place, tree, name }, wire)
    if (!created || !offers(session, 'OBJECTID')) return { text: 'CREATE completed' }
    return { code: code.mailboxId(mailboxObjectId(created)), text: 'CREATE completed' }
  },
})

function specialUseNamed(attribute: string): SpecialUse {
  const known = specialUses.find((name) => name.toLowerCase() === attribute.toLowerCase())
  if (!known) throw new Refusal('USEATTR', `There is no special use ${attribute}`)
  return known
}
