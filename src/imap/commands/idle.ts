import { defineCommand, type Command, type Done, type Lasting, type SessionIn } from '../command.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { wantsMetadata, writeMetadataUpdates } from '../responses/metadata-updates.ts'
import { writeUpdates } from '../responses/updates.ts'
import { writeUrlMechanisms } from '../responses/url-mech.ts'

/** IDLE, RFC 9051 §6.3.13 (RFC 2177): tells changes as they happen until the client sends DONE. */
export const idle: Command<'authenticated', void> = defineCommand({
  name: 'IDLE',
  capability: 'IDLE',
  state: 'authenticated',

  parse(cursor) {
    cursor.end()
  },

  run(session) {
    const idling = new Idling(session)
    session.io.prompt('idling')
    return idling
  },
})

/** An idle session costs nothing while nothing happens: it waits for the store to call. */
class Idling implements Lasting {
  readonly #session: SessionIn<'authenticated'>
  readonly stop: () => void
  /** At first for what came between the command's beginning and the watch. */
  #isDue = true

  constructor(session: SessionIn<'authenticated'>) {
    this.#session = session
    const { account } = session.selected ?? session.login
    this.stop = account.watch((mailboxes) => {
      const isSelected = session.selected !== undefined && mailboxes.includes(session.selected.view.mailbox)
      // Keys of URLs are kept beside the tree, of which no mailbox is named.
      const mayBeKeys = session.selected !== undefined && mailboxes.length === 0
      if (!isSelected && !mayBeKeys && !wantsMetadata(session)) return
      this.#isDue = true
      session.io.wake()
    })
  }

  get isDue(): boolean {
    return this.#isDue || this.#session.notifications?.isDue === true
  }

  async tell(): Promise<void> {
    this.#isDue = false
    await writeUpdates(this.#session, true)
    await writeMetadataUpdates(this.#session)
    await writeUrlMechanisms(this.#session)
    await this.#session.notifications?.tell() // exactly what is asked for (RFC 5465 §4)
  }

  finish(line: string): Done {
    if (line.trim().toUpperCase() !== 'DONE') throw new BadSyntax('DONE ends IDLE', 0)
    return { text: 'IDLE completed' }
  }
}
