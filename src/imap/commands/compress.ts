import { defineCommand, type Command } from '../command.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { Refusal } from '../../model/refusal.ts'

/** COMPRESS, RFC 4978 §3. */
export const compress: Command<'authenticated', string> = defineCommand({
  name: 'COMPRESS',
  capability: 'COMPRESS=DEFLATE',
  state: 'authenticated',

  parse(cursor) {
    cursor.space()
    const algorithm = cursor.keyword('an algorithm')
    cursor.end()
    if (algorithm !== 'DEFLATE') throw new BadSyntax('DEFLATE is the only algorithm', 0)
    return algorithm
  },

  run(session) {
    if (session.io.compressed) throw new Refusal('COMPRESSIONACTIVE', 'DEFLATE is active already')
    session.io.compressAfterAnswer()
    return { text: 'DEFLATE active' }
  },
})
