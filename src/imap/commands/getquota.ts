import { Refusal } from '../../model/refusal.ts'
import { defineCommand, type Command } from '../command.ts'
import { findRoot, quotaResponse } from '../quota-roots.ts'

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
    const root = await findRoot(session, session.login, wire)
    if (!root) throw new Refusal('NONEXISTENT', 'There is no such quota root')
    session.out.line(quotaResponse(session, root))
    return { text: 'GETQUOTA completed' }
  },
})
