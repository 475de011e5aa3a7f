import { Cursor } from '../wire/cursor.ts'
import { BadSyntax } from '../wire/syntax-error.ts'
import type { AnyCommand, CommandForm } from './command.ts'
import { commandNamed } from './commands/index.ts'
import { registerPush } from './register-push.ts'

/** A command of which only the beginning has been read. */
export interface BegunCommand {
  /** `undefined` if there is none. */
  readonly tag: string | undefined
  readonly command: AnyCommand | undefined
  readonly form: CommandForm
  /** Behind the name. */
  readonly cursor: Cursor
}

/** Reads tag and name; whatever is wrong shows as something missing. */
export function beginCommand(text: string): BegunCommand {
  const cursor = new Cursor(text)
  const none = { command: undefined, form: { byUid: false, tag: '' }, cursor }
  let tag: string | undefined
  try {
    const word = cursor.tag()
    if (!cursor.atEnd) cursor.space() // what goes on with another char is no tag
    tag = word
    let name = cursor.keyword('a command')
    const byUid = name === 'UID'
    if (byUid) {
      cursor.space()
      name = cursor.keyword('a command')
    }
    // Only a push service has such names, and says so when the command is run.
    const command = commandNamed(name, byUid) ?? (name.startsWith('X') && !byUid ? registerPush(name) : undefined)
    return { tag, command, form: { byUid, tag }, cursor }
  } catch (error) {
    if (!(error instanceof BadSyntax)) throw error
    return { ...none, tag } // answered with BAD by whoever asked
  }
}
