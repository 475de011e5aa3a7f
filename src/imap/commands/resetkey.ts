import type { MetadataChange } from '../../model/metadata.ts'
import { Refusal } from '../../model/refusal.ts'
import { defineCommand, type Command } from '../command.ts'
import { code } from '../responses/codes.ts'
import { noteUrlMechanisms, tellsMechanisms } from '../responses/url-mech.ts'
import { maxUrls, parseMechanism } from '../url/arguments.ts'
import { newKey, newKeys } from '../url/access-keys.ts'
import { internal } from '../url/authorised-urls.ts'

interface ResetKeyArgs {
  /** Octets as sent; absent for all keys. */
  readonly mailbox: string | undefined
  /** In capitals; none at all for the default. */
  readonly mechanisms: readonly string[]
}

/**
 * RESETKEY, RFC 4467 §7: another key to one mailbox or to all, for the user who asks; URLs that were made with the old
 * ones are void from then on.
 */
export const resetKey: Command<'authenticated', ResetKeyArgs> = defineCommand({
  name: 'RESETKEY',
  capability: 'URLAUTH',
  state: 'authenticated',

  parse(cursor) {
    if (!cursor.hasMore) {
      cursor.end()
      return { mailbox: undefined, mechanisms: [] }
    }
    cursor.space()
    const mailbox = cursor.mailbox()
    const mechanisms: string[] = []
    while (cursor.hasMore) {
      if (mechanisms.length === maxUrls) throw cursor.bad('too many mechanisms')
      cursor.space()
      mechanisms.push(parseMechanism(cursor))
    }
    cursor.end()
    return { mailbox, mechanisms }
  },

  async run(session, { mailbox, mechanisms }) {
    const { account, identity } = session.login
    const unknown = mechanisms.find((mechanism) => mechanism !== internal)
    if (unknown !== undefined) throw new Refusal(undefined, `INTERNAL is the only mechanism, not ${unknown}`)
    const commit = (entries: readonly MetadataChange[]): Promise<unknown> =>
      account.commit([{ op: 'setMetadata', user: identity.user, entries }])
    if (mailbox === undefined) {
      await commit(newKeys(await account.tree(), identity.user))
      return { text: 'All keys are new' }
    }
    const reference = await session.mailboxNamed(session.login, mailbox, 'r')
    await commit(newKey(reference))
    const isSelected =
      session.selected?.account === reference.account && session.selected.mailbox.id === reference.mailbox.id
    if (isSelected) await noteUrlMechanisms(session) // the answer says it
    return { ...(tellsMechanisms(session) && { code: code.urlMech }), text: 'RESETKEY completed' }
  },
})
