import { quoted } from '../../wire/strings.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { defineCommand, type Command } from '../command.ts'

/** GETJMAPACCESS, RFC 9698 §4: where the same mail is to be had by JMAP. */
export const getJmapAccess: Command<'authenticated', void> = defineCommand({
  name: 'GETJMAPACCESS',
  capability: 'JMAPACCESS',
  state: 'authenticated',

  parse(cursor) {
    cursor.end()
  },

  run({ out, services }) {
    const url = services.site?.jmapUrl
    if (url === undefined) throw new BadSyntax('No JMAP server is known here', 0) // RFC 9698 §4 wants BAD
    out.line('* JMAPACCESS ' + quoted(url))
    return { text: 'GETJMAPACCESS completed' }
  },
})
