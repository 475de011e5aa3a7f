import { defineCommand, type Command } from '../command.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { writeUpdates } from '../responses/updates.ts'

/**
 * IDLE, RFC 9051 §6.3.13 (RFC 2177): tells changes as they happen until the client sends DONE. An idle session costs
 * nothing while nothing happens: it waits for its line and for the store to call.
 */
export const idle: Command<'authenticated', void> = defineCommand({
  name: 'IDLE',
  state: 'authenticated',

  parse(cursor) {
    cursor.end()
  },

  async run(session) {
    const { account } = session.login
    let wake: () => void = () => {}
    let changed = false
    const stop = account.watch((mailboxes) => {
      if (!session.selected || !mailboxes.includes(session.selected.view.mailbox)) return
      changed = true
      wake()
    })
    try {
      let line: string | undefined
      let over = false
      session.io.prompt('idling')
      const done = session.io.readLine().then(
        (text) => {
          line = text
          over = true
          wake()
        },
        (error: unknown) => {
          over = true
          wake()
          throw error
        },
      )
      // The promise is waited for below; until then its rejection must not count as unhandled.
      done.catch(() => {})
      // What came between the command's beginning and the watch.
      changed = true
      while (!over) {
        if (changed) {
          changed = false
          await writeUpdates(session, true)
          await session.io.settled()
        }
        if (!over && !changed) await new Promise<void>((resolve) => (wake = resolve))
      }
      await done
      if (line !== undefined && line.trim().toUpperCase() !== 'DONE') throw new BadSyntax('DONE ends IDLE', 0)
    } finally {
      stop()
    }
    return { text: 'IDLE completed' }
  },
})
