import { defineCommand, type Command } from '../command.ts'
import { allows, rightsNow } from '../reference.ts'

/** CLOSE, RFC 9051 §6.4.1: expunges what is `\Deleted`, where that is allowed, without telling, and leaves the mailbox. */
export const close: Command<'selected', void> = defineCommand({
  name: 'CLOSE',
  state: 'selected',
  effects: { tellsNothing: true },

  parse(cursor) {
    cursor.end()
  },

  async run(session) {
    const { account, view } = session.selected
    const { uids } = view.snapshot
    if (!view.readOnly && uids.length > 0 && allows({ rights: await rightsNow(session.selected) }, 'e')) {
      await session.commit(account, [{ op: 'expunge', mailbox: view.mailbox, uids, onlyDeleted: true }])
    }
    session.deselect()
    return { text: 'CLOSE completed' }
  },
})
