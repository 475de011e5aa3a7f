import { type FlagSet, noFlags } from '../model/flags.ts'
import type { AppendedMessage } from '../model/operation.ts'
import { Refusal } from '../model/refusal.ts'
import type { Cursor } from '../wire/cursor.ts'
import type { AccountStore } from '../store/store.ts'
import { BadSyntax } from '../wire/syntax-error.ts'
import type { SessionIn } from './command.ts'
import { parseFlags } from './flags.ts'

/** A piece of a message that is put together: octets that came as a literal, or what a URL names (RFC 4469 §5). */
export type MessagePart =
  { readonly kind: 'text'; readonly size: number } | { readonly kind: 'url'; readonly url: string }

/** One message of APPEND or REPLACE as the command describes it; its octets went to the store while they came. */
export interface MessageArgs {
  readonly flags: FlagSet
  /** Seconds since 1970. */
  readonly internalDate: number | undefined
  /** What it is put together of; one that came whole is a single text. */
  readonly parts: readonly MessagePart[]
  readonly isCatenated: boolean
  /** Whether the command so far ends with the literal that is the last of its parts. */
  readonly isOpen: boolean
}

/**
 * Reads ` (flags) "date"` and the message: `{n}`, `UTF8 (~{n})` (RFC 6855 §4), or `CATENATE (TEXT {n} URL "...")` (RFC
 * 4469 §5). Where it is not the `whole` command, it ends early if the text does so behind a literal that is a message or a
 * part of one.
 */
export function parseMessage(cursor: Cursor, whole: boolean): MessageArgs {
  cursor.space()
  let flags = noFlags
  if (cursor.peek() === '(') {
    flags = parseFlags(cursor)
    cursor.space()
  }
  let internalDate: number | undefined
  if (cursor.peek() === '"') {
    internalDate = cursor.dateTime()
    cursor.space()
  }
  if (cursor.tryWord('CATENATE')) {
    cursor.space()
    return { flags, internalDate, isCatenated: true, ...parseParts(cursor, whole) }
  }
  const { text, isOpen } = readText(cursor, cursor.tryWord('UTF8'), whole)
  return { flags, internalDate, isCatenated: false, parts: [text], isOpen }
}

/** Parts of one message: each may open a mailbox of its own. */
const maxMessageParts = 1_000

function parseParts(cursor: Cursor, whole: boolean): Pick<MessageArgs, 'parts' | 'isOpen'> {
  const parts: MessagePart[] = []
  cursor.char('(')
  do {
    if (parts.length === maxMessageParts) throw cursor.bad('too many parts of a message')
    const word = cursor.keyword('TEXT or URL')
    if (word !== 'TEXT' && word !== 'URL' && word !== 'UTF8') throw cursor.bad('parts of a message are TEXT or URL')
    if (word !== 'UTF8') cursor.space()
    if (word === 'URL') parts.push({ kind: 'url', url: cursor.astring('a URL') })
    else {
      const { text, isOpen } = readText(cursor, word === 'UTF8', whole)
      parts.push(text)
      if (isOpen) return { parts, isOpen }
    }
  } while (cursor.tryChar(' '))
  cursor.char(')', '")" or a space')
  return { parts, isOpen: false }
}

/** `{n}`, or ` (~{n})`; it is open where the command so far ends behind it. */
function readText(
  cursor: Cursor,
  isUtf8: boolean,
  whole: boolean,
): { readonly text: MessagePart; readonly isOpen: boolean } {
  if (isUtf8) {
    cursor.space()
    cursor.char('(')
  }
  const text: MessagePart = { kind: 'text', size: cursor.streamedLiteral().size }
  const isOpen = !whole && cursor.atEnd
  if (isUtf8 && !isOpen) cursor.char(')')
  return { text, isOpen }
}

/** The messages of a command that is complete, up to its end. */
export function parseMessages(cursor: Cursor): readonly MessageArgs[] {
  const messages: MessageArgs[] = []
  do messages.push(parseMessage(cursor, true))
  while (cursor.hasMore)
  cursor.end()
  return messages
}

/**
 * The messages of a command so far, the last of which is open; `undefined` when what comes next is no message, nor a
 * part of one: a literal that is gathered, or a mistake that the parse of the whole will explain.
 */
export function openMessages(cursor: Cursor, readBefore?: () => void): readonly MessageArgs[] | undefined {
  try {
    readBefore?.()
    const messages: MessageArgs[] = []
    do messages.push(parseMessage(cursor, false))
    while (!cursor.atEnd)
    return messages.at(-1)?.isOpen === true ? messages : undefined
  } catch (error) {
    if (error instanceof BadSyntax) return undefined
    throw error
  }
}

/**
 * Joins what the command says of its messages with what the store took in. Throws `Refusal` at an empty message, and where
 * any went to another account than the name of the mailbox means by now.
 */
export function appendedMessages(
  session: SessionIn<'authenticated'>,
  account: AccountStore,
  messages: readonly MessageArgs[],
): AppendedMessage[] {
  const found = messages.map(({ flags, internalDate }, n) => {
    const staged = session.staged[n]
    // An empty literal is how a client cancels (RFC 3502 §6.3.11).
    if (!staged || staged.size === 0) throw new Refusal(undefined, 'A message of no octets is not stored')
    return { staged, flags, ...(internalDate !== undefined && { internalDate }) }
  })
  session.staging.requireFor(account)
  return found
}
