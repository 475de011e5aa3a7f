import { type Collation, collationsNamed, isCollationOrder, unicodeCasemap } from '../../mime/collations.ts'
import { Refusal } from '../../model/refusal.ts'
import { astring } from '../../wire/strings.ts'
import { defineCommand, type Command } from '../command.ts'

/** Specifications in one command. */
const maxSpecifications = 100

/** COMPARATOR, RFC 5255 §4.7: what SEARCH, SORT and THREAD compare text by from now on. */
export const comparator: Command<'authenticated', readonly string[]> = defineCommand({
  name: 'COMPARATOR',
  capability: 'I18NLEVEL=2',
  state: 'authenticated',

  parse(cursor) {
    const wanted: string[] = []
    while (cursor.hasMore) {
      if (wanted.length === maxSpecifications) throw cursor.bad('too many comparators')
      cursor.space()
      const specification = cursor.astring('a comparator')
      if (!isCollationOrder(specification)) throw cursor.bad('that is no name of a comparator')
      wanted.push(specification)
    }
    cursor.end()
    return wanted
  },

  run(session, wanted) {
    let matching: readonly Collation[] = []
    if (wanted.length > 0) {
      matching = [...new Set(wanted.flatMap(collationsNamed))]
      const [chosen] = matching
      if (!chosen) throw new Refusal('BADCOMPARATOR', 'There is no such comparator')
      session.collation = chosen === unicodeCasemap ? undefined : chosen
    }
    const active = session.collation ?? unicodeCasemap
    const all = matching.length > 1 ? ` (${matching.map(({ id }) => astring(id)).join(' ')})` : ''
    session.out.line(`* COMPARATOR ${astring(active.id)}${all}`)
    return { text: `Texts are compared by ${active.id}` }
  },
})
