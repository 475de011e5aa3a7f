import { defineCommand, type Command } from '../command.ts'
import { nstring } from '../../wire/strings.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'

/** Fields and octets a client's ID may have (RFC 2971 §3.3). */
const maxFields = 30

/** ID, RFC 2971 §3. What the client says of itself is logged and never changes how it is served. */
export const id: Command<'any', ReadonlyMap<string, string | undefined>> = defineCommand({
  name: 'ID',
  capability: 'ID',
  state: 'any',

  parse(cursor) {
    cursor.space()
    const fields = new Map<string, string | undefined>()
    if (!cursor.tryWord('NIL')) {
      cursor.char('(', 'a list of fields or NIL')
      while (!cursor.tryChar(')')) {
        if (fields.size > 0) cursor.space()
        const name = cursor.string('a field name')
        cursor.space()
        fields.set(name.toLowerCase(), cursor.nstring('a field value'))
        if (fields.size > maxFields) throw new BadSyntax(`ID takes ${maxFields} fields at most`, 0)
      }
    }
    cursor.end()
    return fields
  },

  run(session, fields) {
    if (fields.size > 0) {
      const client = Object.fromEntries([...fields].map(([name, value]) => [name, value?.slice(0, 100)]))
      session.services.log.info({ user: session.login?.identity.user, client }, 'client identified itself')
    }
    const own = [...session.services.serverId].map(([name, value]) => `"${name}" ${nstring(value)}`)
    session.out.line(`* ID ${own.length === 0 ? 'NIL' : `(${own.join(' ')})`}`)
    return { text: 'ID completed' }
  },
})
