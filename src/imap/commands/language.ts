import { Refusal } from '../../model/refusal.ts'
import { defineCommand, type Command } from '../command.ts'
import { languageNamed, languages } from '../languages.ts'
import { writeNamespaces } from './namespace.ts'

/** Ranges in one command. */
const maxRanges = 100

/** LANGUAGE, RFC 5255 §3.2: in which language the server speaks to people from now on; without arguments, which it can. */
export const language: Command<'any', readonly string[]> = defineCommand({
  name: 'LANGUAGE',
  capability: 'LANGUAGE',
  state: 'any',

  parse(cursor) {
    const ranges: string[] = []
    while (cursor.hasMore) {
      if (ranges.length === maxRanges) throw cursor.bad('too many languages')
      cursor.space()
      const range = cursor.astring('a language')
      if (!/^(?:[a-z]{1,8}(?:-[a-z0-9]{1,8})*|\*)$/i.test(range)) throw cursor.bad('that is no language range')
      ranges.push(range)
    }
    cursor.end()
    return ranges
  },

  run(session, ranges) {
    if (ranges.length === 0) {
      session.out.line(`* LANGUAGE (${languages.join(' ')})`)
      return { text: 'Languages are listed' }
    }
    const chosen = languageNamed(ranges)
    if (!chosen) throw new Refusal(undefined, 'None of these languages is spoken here')
    session.language = chosen
    session.out.line(`* LANGUAGE (${chosen})`)
    if (session.login) writeNamespaces(session)
    return { text: 'Now speaking English' }
  },
})
