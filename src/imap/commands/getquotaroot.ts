import { defineCommand, type Command } from '../command.ts'
import { findMailbox, isOthers } from '../namespaces.ts'
import { quotaResponse, rootsFor, rootText } from '../quota-roots.ts'
import { noSuchMailbox, permitted } from '../reference.ts'

/**
 * GETQUOTAROOT, RFC 9208 §4.1.2: the quota roots of a mailbox, and each of them. An own mailbox need not exist: then
 * those are told that it would have.
 */
export const getQuotaRoot: Command<'authenticated', string> = defineCommand({
  name: 'GETQUOTAROOT',
  capability: 'QUOTA',
  state: 'authenticated',

  parse(cursor) {
    cursor.space()
    const mailbox = cursor.mailbox()
    cursor.end()
    return mailbox
  },

  async run(session, wire) {
    const { login, out, services } = session
    const name = session.mailboxName(wire)
    const found = await findMailbox(session, login, name)
    if (!found && isOthers(services.sharing, name)) throw noSuchMailbox()
    const place = found ? permitted(found, 'r').place : login.own
    const roots = await rootsFor(session, login, place, found?.mailbox.name ?? name)
    const names = roots.map((root) => ' ' + rootText(session, root.name))
    out.line(`* QUOTAROOT ${session.mailboxText(name)}${names.join('')}`)
    for (const root of roots) out.line(quotaResponse(session, root))
    return { text: 'GETQUOTAROOT completed' }
  },
})
