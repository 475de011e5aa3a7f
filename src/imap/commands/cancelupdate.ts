import { defineCommand, type Command } from '../command.ts'

/** CANCELUPDATE, RFC 5267 §4.3.5. A search that is kept up to date no more, for whatever reason, may be named. */
export const cancelUpdate: Command<'selected', readonly string[]> = defineCommand({
  name: 'CANCELUPDATE',
  capability: ['CONTEXT=SEARCH', 'CONTEXT=SORT'],
  state: 'selected',

  parse(cursor) {
    const tags: string[] = []
    do {
      cursor.space()
      if (cursor.peek() !== '"') throw cursor.expected('a tag in quotes')
      tags.push(cursor.string('a tag'))
    } while (cursor.hasMore)
    cursor.end()
    return tags
  },

  run({ selected }, tags) {
    for (const tag of tags) selected.contexts?.cancel(tag)
    return { text: 'CANCELUPDATE completed' }
  },
})
