import { defineCommand, type Command } from '../command.ts'
import { canonicalPattern, matchingNames } from '../list-pattern.ts'
import { parentsOf } from '../responses/list.ts'

interface LsubArgs {
  /** Octets as sent. */
  readonly reference: string
  readonly pattern: string
}

/**
 * LSUB, RFC 3501 §6.3.9: subscribed names. With `%`, a level that is not subscribed but has subscribed inferiors is
 * shown as `\Noselect`.
 */
export const lsub: Command<'authenticated', LsubArgs> = defineCommand({
  name: 'LSUB',
  state: 'authenticated',

  parse(cursor) {
    cursor.space()
    const reference = cursor.mailbox()
    cursor.space()
    const pattern = cursor.listMailbox()
    cursor.end()
    return { reference, pattern }
  },

  async run(session, { reference, pattern }) {
    const tree = await session.login.account.tree()
    const subscribed = tree.subscriptions(session.login.identity.user)
    const canonical = canonicalPattern(session.patternText(reference), session.patternText(pattern))
    const levels = canonical.endsWith('%') ? parentsOf(subscribed) : new Set<string>()
    const all = new Set([...subscribed, ...levels])
    const names = await matchingNames([canonical], all, () => session.io.breathe())
    for (const name of names.sort()) {
      const attributes = subscribed.has(name) ? (tree.byName.get(name)?.specialUse ?? []).join(' ') : '\\Noselect'
      session.out.line(`* LSUB (${attributes}) "/" ${session.mailboxText(name)}`)
    }
    return { text: 'LSUB completed' }
  },
})
