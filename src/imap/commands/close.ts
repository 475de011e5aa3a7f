import { defineCommand, type Command } from '../command.ts'

/** CLOSE, RFC 9051 §6.4.1: expunges what is `\Deleted`, without telling, and leaves the mailbox. */
export const close: Command<'selected', void> = defineCommand({
  name: 'CLOSE',
  state: 'selected',
  effects: { tellsNothing: true },

  parse(cursor) {
    cursor.end()
  },

  async run(session) {
    const { view } = session.selected
    const { uids } = view.snapshot
    if (!view.readOnly && uids.length > 0) {
      await session.login.account.commit([{ op: 'expunge', mailbox: view.mailbox, uids, onlyDeleted: true }])
    }
    session.deselect()
    return { text: 'CLOSE completed' }
  },
})
