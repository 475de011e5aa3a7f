import { defineCommand, type Command } from '../command.ts'
import { offers } from '../capabilities.ts'
import type { Enabled } from '../state.ts'

/** What can be enabled, by its name in capitals. */
const enableable: Readonly<Record<string, Enabled>> = {
  IMAP4REV2: 'IMAP4rev2',
  'UTF8=ACCEPT': 'UTF8=ACCEPT',
  CONDSTORE: 'CONDSTORE',
  QRESYNC: 'QRESYNC',
  UIDONLY: 'UIDONLY',
  METADATA: 'METADATA',
  'METADATA-SERVER': 'METADATA-SERVER',
}

/**
 * ENABLE, RFC 9051 §6.3.1. ENABLED lists what this command turned on and was off; unknown names are passed over.
 */
export const enable: Command<'authenticated', readonly string[]> = defineCommand({
  name: 'ENABLE',
  capability: 'ENABLE',
  state: 'authenticated',

  parse(cursor) {
    const names: string[] = []
    do {
      cursor.space()
      names.push(cursor.keyword('a capability'))
    } while (cursor.hasMore)
    cursor.end()
    return names
  },

  run(session, names) {
    const turnedOn: Enabled[] = []
    for (const name of names) {
      const extension = enableable[name]
      if (!extension || session.enabled.has(extension) || !offers(session, extension)) continue
      if (extension === 'CONDSTORE' || extension === 'QRESYNC') session.enableCondstore()
      session.enable(extension)
      turnedOn.push(extension)
    }
    session.out.line(['* ENABLED', ...turnedOn].join(' '))
    return { text: 'ENABLE completed' }
  },
})
