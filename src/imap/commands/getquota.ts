import { Refusal } from '../../model/refusal.ts'
import { defineCommand, type Command } from '../command.ts'
import { findMailbox, isOthers } from '../namespaces.ts'
import { findRoot, quotaResponse, rootsFor, rootText } from '../quota-roots.ts'
import { noSuchMailbox, permitted } from '../reference.ts'

/** GETQUOTA, RFC 9208 §4.1.1: what a quota root may hold and what it holds. */
export const getQuota: Command<'authenticated', string> = defineCommand({
  name: 'GETQUOTA',
  capability: 'QUOTA',
  state: 'authenticated',

  parse(cursor) {
    cursor.space()
    const root = cursor.astring('the name of a quota root')
    cursor.end()
    return root
  },

  async run(session, wire) {
    const { root } = await findRoot(session, session.login, wire)
    if (!root) throw new Refusal('NONEXISTENT', 'There is no such quota root')
    session.out.line(quotaResponse(session, root))
    return { text: 'GETQUOTA completed' }
  },
})

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
