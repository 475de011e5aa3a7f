import { defineCommand, type Command } from '../command.ts'
import { normalOthersName } from '../namespaces.ts'

/**
 * SUBSCRIBE, RFC 9051 §6.3.7 (RFC 3501 §6.3.6). The mailbox need not exist: a client may subscribe ahead, and a
 * subscription outlives the mailbox.
 */
export const subscribe: Command<'authenticated', string> = subscribing('SUBSCRIBE', true)

/** UNSUBSCRIBE, RFC 9051 §6.3.8 (RFC 3501 §6.3.7). */
export const unsubscribe: Command<'authenticated', string> = subscribing('UNSUBSCRIBE', false)

function subscribing(name: string, subscribed: boolean): Command<'authenticated', string> {
  return defineCommand({
    name,
    state: 'authenticated',

    parse(cursor) {
      cursor.space()
      const mailbox = cursor.mailbox()
      cursor.end()
      return mailbox
    },

    async run(session, wire) {
      const { account, identity } = session.login
      const mailbox = normalOthersName(session.services.sharing, session.mailboxName(wire).replace(/\/$/, ''))
      await session.commit(account, [{ op: 'subscribe', user: identity.user, name: mailbox, subscribed }])
      return { text: `${name} completed` }
    },
  })
}
