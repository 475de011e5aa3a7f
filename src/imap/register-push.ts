import { astring, utf8ToWire, wireToUtf8 } from '../wire/strings.ts'
import { BadSyntax } from '../wire/syntax-error.ts'
import { defineCommand, type Command } from './command.ts'
import type { PushRegistration } from './push-service.ts'

/** Pairs of name and value in one registration, and texts of one value. */
const maxPairs = 50
const maxTexts = 1000

/**
 * The command of a push service, where there is one of this name (docs/push.md): pairs of a name and a string, or strings
 * in parentheses; answered by such pairs behind the same name.
 */
export function registerPush(name: string): Command<'authenticated', PushRegistration['values']> {
  return defineCommand({
    name: 'X-PUSH', // for metrics, where a client must not choose names
    capability: name,
    state: 'authenticated',

    parse(cursor) {
      const values = new Map<string, string | readonly string[]>()
      const text = (): string => {
        const octets = cursor.astring('a value')
        return wireToUtf8(octets) ?? octets
      }
      while (cursor.hasMore) {
        if (values.size === maxPairs) throw cursor.bad('too many values')
        cursor.space()
        const key = cursor.atom('a name').toLowerCase()
        cursor.space()
        const value = cursor.peek() === '(' ? cursor.list(text) : text()
        if (value.length > maxTexts && typeof value !== 'string') throw cursor.bad('too many texts')
        values.set(key, value)
      }
      cursor.end()
      return values
    },

    async run({ login, services, out }, values) {
      const { push } = services
      if (push?.name !== name) throw new BadSyntax('There is no such command', 0)
      const answer = await push.register({ user: login.identity.user, account: login.account.id, values })
      const pairs = Array.from(answer, ([key, value]) => ` ${key} ${astring(utf8ToWire(value))}`)
      out.line(`* ${name}${pairs.join('')}`)
      return { text: `${name} completed` }
    },
  })
}
