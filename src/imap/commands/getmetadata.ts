import type { Cursor } from '../../wire/cursor.ts'
import { defineCommand, type Command } from '../command.ts'
import { parseEntryNames } from '../metadata-names.ts'
import { code } from '../responses/codes.ts'
import {
  mailboxEntries,
  metadataResponse,
  requireMailboxMetadata,
  requireMetadata,
  serverEntries,
  type VisibleEntries,
} from '../responses/metadata.ts'

type Depth = '0' | '1' | 'INFINITY'

interface GetMetadataArgs {
  /** Octets as sent; empty: the server. */
  readonly mailbox: string
  /** In lower case, each once. */
  readonly names: readonly string[]
  /** Octets above which a value is not told. */
  readonly maxSize: number
  readonly depth: Depth
}

/** GETMETADATA, RFC 5464 §4.2, with its options MAXSIZE and DEPTH. */
export const getMetadata: Command<'authenticated', GetMetadataArgs> = defineCommand({
  name: 'GETMETADATA',
  capability: ['METADATA', 'METADATA-SERVER'],
  state: 'authenticated',

  parse(cursor) {
    cursor.space()
    let options: Options = { maxSize: undefined, depth: undefined }
    if (cursor.peek() === '(') {
      options = parseOptions(cursor)
      cursor.space()
    }
    const mailbox = cursor.mailbox()
    cursor.space()
    const { maxSize = Infinity, depth = '0' } = options
    const names = parseEntryNames(cursor, depth === '0' ? 'entry' : 'above entries')
    cursor.end()
    return { mailbox, names, maxSize, depth }
  },

  async run(session, { mailbox: wire, names, maxSize, depth }) {
    const { login } = session
    let text = '""'
    let entries: VisibleEntries
    if (wire === '') entries = await serverEntries(session, login)
    else {
      requireMailboxMetadata(session)
      const reference = await session.mailboxNamed(login, wire, 'l')
      requireMetadata(reference)
      entries = await mailboxEntries(login, reference)
      text = session.mailboxText(reference.name)
    }
    const found = select(entries, names, depth)
    const told = [...found].filter(([, value]) => (value?.length ?? 0) <= maxSize)
    if (told.length > 0) session.out.line(metadataResponse(text, told))
    if (told.length === found.size) return { text: 'GETMETADATA completed' }
    const longest = Math.max(...[...found.values()].map((value) => value?.length ?? 0))
    return { code: code.metadataLongEntries(longest), text: 'GETMETADATA completed, but for what is too long' }
  },
})

interface Options {
  maxSize: number | undefined
  depth: Depth | undefined
}

/** RFC 5464 §5 getmetadata-options. */
function parseOptions(cursor: Cursor): Options {
  const options: Options = { maxSize: undefined, depth: undefined }
  cursor.char('(')
  do {
    const name = cursor.keyword('an option')
    cursor.space()
    if (name === 'MAXSIZE' && options.maxSize === undefined) options.maxSize = cursor.number('a number of octets')
    else if (name === 'DEPTH' && options.depth === undefined) options.depth = parseDepth(cursor)
    else throw cursor.bad('MAXSIZE and DEPTH are the options, each once')
  } while (cursor.tryChar(' '))
  cursor.char(')')
  return options
}

function parseDepth(cursor: Cursor): Depth {
  const depth = cursor.keyword('a depth')
  if (depth === '0' || depth === '1' || depth === 'INFINITY') return depth
  throw cursor.bad('DEPTH is 0, 1 or infinity')
}

/**
 * What is asked for, each entry once: the names themselves, and what lies below them as far as `depth` goes (RFC 5464
 * §4.2.2). A name of which nothing is found has no value, so that each is answered.
 */
function select(
  entries: VisibleEntries,
  names: readonly string[],
  depth: Depth,
): ReadonlyMap<string, Uint8Array | undefined> {
  const found = new Map<string, Uint8Array | undefined>()
  for (const name of names) {
    const before = found.size
    const value = entries.get(name)
    if (value) found.set(name, value)
    if (depth !== '0') {
      for (const [entry, below] of entries) if (isBelow(entry, name, depth)) found.set(entry, below)
    }
    if (found.size === before && !found.has(name)) found.set(name, undefined)
  }
  return found
}

function isBelow(entry: string, name: string, depth: Depth): boolean {
  if (!entry.startsWith(name + '/')) return false
  return depth === 'INFINITY' || !entry.includes('/', name.length + 1)
}
