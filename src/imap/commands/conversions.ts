import { type MediaType, parseMediaType } from '../../wire/convert-grammar.ts'
import { string } from '../../wire/strings.ts'
import { defineCommand, type Command } from '../command.ts'
import { conversionsBetween, textParameters } from '../convert/conversions.ts'

interface ConversionsArgs {
  readonly source: MediaType
  readonly target: MediaType
}

/** CONVERSIONS, RFC 5259 §5.1: what can be converted into what, and with which parameters. */
export const conversionsCommand: Command<'authenticated', ConversionsArgs> = defineCommand({
  name: 'CONVERSIONS',
  capability: 'CONVERT',
  state: 'authenticated',

  parse(cursor) {
    cursor.space()
    const source = parseMediaType(cursor, true)
    cursor.space()
    const target = parseMediaType(cursor, true)
    cursor.end()
    return { source, target }
  },

  run({ out }, { source, target }) {
    const parameters = textParameters.map(string).join(' ')
    for (const [from, to] of conversionsBetween(source, target)) {
      out.line(`* CONVERSION ${string(from)} ${string(to)} (${parameters})`)
    }
    return { text: 'CONVERSIONS completed' }
  },
})
