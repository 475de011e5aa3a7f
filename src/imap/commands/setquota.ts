import type { QuotaLimits, QuotaResource } from '../../model/quota.ts'
import { Refusal } from '../../model/refusal.ts'
import { defineCommand, type Command } from '../command.ts'
import { findLimitable, findRoot, limitNamed, quotaResponse } from '../quota-roots.ts'

interface SetQuotaArgs {
  /** Octets as sent. */
  readonly root: string
  /** Names in capitals, each once, with limits in their units. */
  readonly limits: ReadonlyMap<string, number>
}

/**
 * SETQUOTA, RFC 9208 §4.1.3. Limits of an account are set by the server's administrators; limits of a mailbox and all
 * below it by whoever has the right `a` to it (RFC 9208 §6), which makes it a quota root, and none make it one no longer.
 */
export const setQuota: Command<'authenticated', SetQuotaArgs> = defineCommand({
  name: 'SETQUOTA',
  capability: 'QUOTASET',
  state: 'authenticated',

  parse(cursor) {
    cursor.space()
    const root = cursor.astring('the name of a quota root')
    cursor.space()
    const limits = new Map<string, number>()
    cursor.list(() => {
      const resource = cursor.keyword('a resource')
      if (limits.has(resource)) throw cursor.bad('a resource is named twice')
      cursor.space()
      limits.set(resource, cursor.number64('a limit'))
    })
    cursor.end()
    return { root, limits }
  },

  async run(session, { root: wire, limits: asked }) {
    const { login, out } = session
    const limits = limitsOf(asked)
    const { account, mailbox } = await findLimitable(session, login, wire)
    const isUnmade = mailbox !== undefined && asked.size === 0
    const target = mailbox === undefined ? {} : { mailbox: mailbox.id }
    await account.commit([{ op: 'setQuota', ...target, limits: isUnmade ? undefined : limits }])
    const root = await findRoot(session, login, wire)
    if (root) out.line(quotaResponse(session, root))
    return { text: 'SETQUOTA completed' }
  },
})

/** Limits in the store's units. Throws `Refusal` (`CANNOT`) at a resource that does not exist. */
function limitsOf(asked: ReadonlyMap<string, number>): QuotaLimits {
  const limits: Partial<Record<QuotaResource, number>> = {}
  for (const [name, limit] of asked) {
    const known = limitNamed(name, limit)
    if (!known) throw new Refusal('CANNOT', 'There is no such resource here')
    limits[known[0]] = known[1]
  }
  return limits
}
